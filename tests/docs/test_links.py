"""What documents point to is there: files, headings, and settings that the service takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schedules.configuration.loading import load_configuration

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)  # fmt: skip
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """Headings of a document as links name them."""
    text = _CODE.sub(lambda code: code[0].strip("`") if "\n" not in code[0] else "", path.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    here = ROOT / document
    for name, heading in _LINK.findall(_CODE.sub("", here.read_text(encoding="utf-8"))):
        if "://" in name or name.startswith("mailto:"):
            continue
        target = (here.parent / name).resolve() if name else here
        assert target.exists(), f"{document} points to {name}"
        if heading and target.suffix == ".md":
            assert heading in anchors(target), f"{document} points to {name}#{heading}"


def test_the_settings_that_the_first_night_offers_are_taken(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
    (whole,), (more,) = (
        re.findall(r"<<'YAML'\n(.*?)YAML\n", text, re.DOTALL),
        re.findall(r"```yaml\n(.*?)```", text, re.DOTALL),
    )
    both = whole.replace("web:\n", f"{more}web:\n").replace("[archive]", "[archive, on-call, team]")
    (tmp_path / "baseline.yaml").write_text("version: 1\n")
    configuration = load_configuration(both, "service.yaml", tmp_path)
    assert list(configuration.deliveries) == ["archive", "on-call", "team"]
