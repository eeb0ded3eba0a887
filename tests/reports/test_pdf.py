"""The PDF: pages, links, tags, every cut said, commands that run when copied, nothing fetched, same bytes again."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from pypdfium2 import PdfDocument

from audit.evidence import CallCounts
from audit.model import Run, RunSummary
from reports.formats import pdf, render
from reports.formats.pdf_annex import render_annexes
from reports.view import build_view
from tests.reports import runs, worst


def _pdf(run: Run, history: tuple[RunSummary, ...] = ()) -> bytes:
    return render("pdf", run, build_view(run, history))["report.pdf"]


def _pages(data: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]


def _flat(pages: list[str]) -> str:
    return " ".join(" ".join(pages).split())


@pytest.fixture(scope="module")
def mixed() -> bytes:
    return _pdf(runs.mixed_run())


@pytest.fixture(scope="module")
def mixed_pages(mixed: bytes) -> list[str]:
    return _pages(mixed)


def test_every_page_tells_its_number(mixed_pages: list[str]) -> None:
    pages = mixed_pages
    assert len(pages) > 5
    for number, text in enumerate(pages, start=1):
        assert f"page {number} of {len(pages)}" in text


def test_the_cover_and_the_summary_tell_the_verdict(mixed_pages: list[str]) -> None:
    pages, run = mixed_pages, runs.mixed_run()
    sentence = build_view(run).conclusion.sentences[0]
    for page in pages[:2]:
        assert "Action required" in page
        assert sentence in _flat([page])
    cover = _flat(pages[:1])
    assert "23 November 2026, 02:00 UTC" in cover
    assert "Example Industries (o-exampleorg1)" in cover
    assert run.baseline_hash in cover
    assert "43 of 48 registries read completely, 3 partially, 2 not at all" in cover


@pytest.fixture(scope="module")
def worst_pages() -> list[str]:
    run = worst.worst_run()
    return _pages(render("pdf", run, worst.worst_view(run))["report.pdf"])


def test_the_first_two_pages_stay_two_whatever_they_hold(worst_pages: list[str]) -> None:
    cover, summary = _flat(worst_pages[:1]), _flat(worst_pages[1:2])
    assert "The oldest open failure was first seen on 12 November 2026" in cover
    assert "Contents" in cover
    assert "Executive summary" in summary
    assert "not evaluated again" in summary
    assert "Open failures of the last 4 runs" in summary
    assert summary.count("Accounts: ") == 5
    assert "since 12 November 2026" in summary
    assert "Accounts with open failures" in summary
    assert "Coverage." in summary
    assert "Replication overview" in worst_pages[2].splitlines()[0]


def test_no_run_has_more_than_eighty_pages_and_every_cut_is_said(worst_pages: list[str]) -> None:
    assert len(worst_pages) <= 80
    text = _flat(worst_pages)
    for word, file in (
        ("checks", "findings.csv"), ("checks", "checks.csv"), ("scripts", "the folder"),
        ("waived findings", "findings.csv"), ("notes", "findings.json"), ("sources", "findings.json"),
        ("kinds of read", "gaps.csv"), ("operations", "calls.csv"), ("accounts", "findings.csv"),
    ):  # fmt: skip
        assert re.search(rf"[\d,]+ further {word} are not shown here; {file}", text), (word, file)


def test_gaps_come_before_findings_and_name_the_permission(mixed_pages: list[str]) -> None:
    text = _flat(mixed_pages[2:])
    assert text.index("Evidence gaps") < text.index("Findings in detail")
    assert "in a policy of the audit role: ecr:DescribeRepositoryCreationTemplates and ecr:GetRegistryPolicy." in text


def test_nothing_of_the_run_is_missing(mixed_pages: list[str]) -> None:
    text = re.sub(r"\s+", "", "".join(mixed_pages))
    run = runs.mixed_run()
    for finding in run.findings:
        if finding.status == "fail":
            assert finding.fingerprint in text
    for result in run.results:
        assert result.check in text
    for gap in run.gaps:
        assert gap.operation in text
    for script in run.scripts:
        assert script.name in text
    assert "PLAT-4711" in text
    assert "KeyError:'destination_present'" in text


def test_bookmarks_links_tags_and_dates(mixed: bytes) -> None:
    reader = PdfReader(io.BytesIO(mixed))
    titles = [one.title for one in reader.outline if not isinstance(one, list)]
    assert titles[:3] == ["Executive summary", "Evidence gaps", "Unknown results by cause"]
    assert any(isinstance(one, list) for one in reader.outline)
    contents: Any = reader.pages[0]
    links = [one.get_object() for one in contents["/Annots"]]
    assert len(links) >= 8
    assert {link["/Dest"] for link in links} <= set(reader.named_destinations)
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    assert reader.metadata is not None
    assert str(reader.metadata["/CreationDate"]) == "D:20261123020412Z"


def _copied(pages: list[str], title: str) -> str:
    """The beginning and the block below a heading, as pypdf copies them over pages, running lines included."""
    text = "\n".join(pages)
    start = text.index("#!/usr/bin/env bash")
    heading = re.compile(r"\nC\d+ · ")
    beginning = text[start : heading.search(text, start).start()]  # type: ignore[union-attr]  # the title is below it
    block = text.index("# ", text.index("\n", text.rindex(f"· {title}")) + 1)
    following = heading.search(text, block)
    return f"{beginning}\n{text[block : following.start() if following else len(text)]}"


def test_copied_commands_run(mixed_pages: list[str], tmp_path: Path) -> None:
    """The script is copied from the PDF and run against a stand-in for the AWS CLI that keeps one registry policy."""
    check = next(one for one in build_view(runs.mixed_run()).checks if one.text.id == "grants.replication-allowed")
    script = _copied(mixed_pages, f"{check.text.title}: no. 1")
    assert "# page" in script  # it runs over the end of a page, or this test would prove less
    state = tmp_path / "policy.json"
    state.write_text(runs.DOCUMENTS[runs.BACKUP, "eu-west-1"]["registry_policy"])
    cli = tmp_path / "aws"
    cli.write_text(
        "#!/usr/bin/env bash\n"
        'case "$1 $2" in\n'
        f'"sts get-caller-identity") echo {runs.BACKUP} ;;\n'
        f'"ecr get-registry-policy") cat {state} ;;\n'
        f'"ecr put-registry-policy") for last; do :; done; cat "${{last#file://}}" > {state} ;;\n'
        '*) echo "unexpected: $*" >&2; exit 9 ;;\n'
        "esac\n"
    )
    cli.chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run(["bash", "-c", script], env=path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    statements = json.loads(state.read_text())["Statement"]
    assert len(statements) == 2
    assert "arn:aws:iam::010000000010:root" in json.dumps(statements[1])


def test_every_cut_is_said() -> None:
    run = runs.large_run(120, 2)
    text = _flat(_pages(_pdf(run)))
    each = sum(1 for _ in re.finditer(r"further failing \w+ are not shown here; findings.csv holds all 60\.", text))
    assert each == 2
    hidden = re.findall(r"(\d+) further failing", text)
    listed = {one.fingerprint for one in run.findings if one.fingerprint in text}
    assert sum(map(int, hidden)) + len(listed) == 120
    assert "20 further accounts are not shown here; findings.csv holds all 60." in text


@pytest.mark.parametrize("subsetter", ["HarfBuzz", "fontTools"])
def test_hostile_text_is_text(subsetter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no font has a letter (`漢`), whichever of WeasyPrint's two ways cuts the fonts down.

    Read as Chrome does. A font that lacks a letter brings its own CMap, which pypdf cannot read.
    """
    if subsetter == "fontTools":
        monkeypatch.setattr("weasyprint.pdf.fonts.harfbuzz_subset", None)
    data = _pdf(runs.hostile_run())
    with PdfDocument(data) as document:
        text = re.sub(r"\s+", "", "".join(page.get_textpage().get_text_range() for page in document))
    assert "<script>alert(1)</script>" in text
    assert "{{7*7}}{%raw%}" in text
    assert "evil<U+202E>gpj.exe<U+202C>" in text
    assert "zero<U+200B>width<U+FEFF><U+2060>" in text
    assert "lone<U+D83D>surrogate" in text
    assert "漢字" in text
    assert "x" * 280 in text
    assert "[fulltextingaps.csv]" in text
    assert b"/URI" not in data


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/x.css", "https://example.com/", "file:///etc/hosts", "data:text/css,x"]
)
def test_the_fetcher_refuses_everything(url: str) -> None:
    with pytest.raises(pdf.ReportError, match="reports fetch nothing"):
        pdf.to_pdf(f"<title>t</title><link rel=stylesheet href='{url}'>x", identifier="x", at=runs.STARTED)


def test_same_run_same_bytes_in_another_process() -> None:
    code = (
        "import sys, hashlib\n"
        "from tests.reports import runs\n"
        "from reports.view import build_view\n"
        "from reports.formats import render\n"
        "run = runs.unread_run()\n"
        "print(hashlib.sha256(render('pdf', run, build_view(run))['report.pdf']).hexdigest())\n"
    )
    data = _pdf(runs.unread_run())
    assert "none of the 24 registries could be read" in _flat(_pages(data)[:1])
    here = hashlib.sha256(data).hexdigest()
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={"PYTHONHASHSEED": "77", "PATH": "/usr/bin:/bin"},
    )
    assert done.stdout.strip() == here


@pytest.mark.parametrize(
    ("run", "part"),
    [
        (runs.run_of([]), "Nothing was evaluated: no check applies to the resources in scope."),
        (
            replace(runs.green_run(), organization_id="", calls=CallCounts(), limits_sources=()),
            "All planned reads succeeded.",
        ),
    ],
    ids=["empty", "single account"],
)
def test_other_runs_have_a_report_too(run: Run, part: str) -> None:
    assert part in _flat(_pages(_pdf(run)))


def test_an_archive_copy_says_what_it_is_and_holds_all_that_it_needs() -> None:
    """What PDF/A-2a asks for and can be seen without its validator, veraPDF."""
    run = runs.green_run()
    reader = PdfReader(io.BytesIO(render("pdf", run, build_view(run), archive=True)["report.pdf"]))
    root: Any = reader.trailer["/Root"]
    said = root["/Metadata"].get_object().get_data().decode()
    assert re.search(r"pdfaid:part[=>]\W*2", said)
    assert re.search(r"pdfaid:conformance[=>]\W*A", said)
    intent = root["/OutputIntents"][0].get_object()
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"].get_object().get_data()
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]
    assert root["/Lang"] == "en"
    assert reader.trailer["/ID"]
    assert not reader.is_encrypted
    assert "/JavaScript" not in root.get("/Names", {})
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]  # pypdf types no resource
            [below] = font.get_object()["/DescendantFonts"]
            descriptor = below.get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_an_annex_holds_what_concerns_its_account_and_nothing_else() -> None:
    run = runs.mixed_run()
    view = build_view(run)
    annexes = dict(render_annexes(run, view, processes=1))
    assert list(annexes) == [f"accounts/{one}.pdf" for one in sorted(one.account for one in view.accounts)]
    mine = max(view.accounts, key=lambda one: one.failures).account
    text = _flat(_pages(annexes[f"accounts/{mine}.pdf"]))
    assert f"Account {mine}" in text
    shown = {one.fingerprint for one in run.findings if one.fingerprint in text}
    assert shown == {one.fingerprint for one in run.findings if one.account == mine and one.status == "fail"}
    assert "page 1 of" in text


def test_remarks_about_the_baseline_are_told_and_bounded() -> None:
    run = replace(runs.green_run(), notes=tuple(f"The waiver number {at} ended." for at in range(60)))
    text = _flat(_pages(_pdf(run)))
    assert "The waiver number 29 ended." in text
    assert "The waiver number 30 ended." not in text
    assert "30 further notes are not shown here; findings.json holds all 60." in text
    assert "The waiver number 59 ended." in render("json", run, build_view(run))["findings.json"].decode()
