"""Run in a tree with the check `limits.sample-rules`: from a simulated registry to every place that shows a finding."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from audit.store import open_store
from checks.catalog import CHECKS
from ecr_audit.cli import commands
from ecr_audit.simulator import World, serve
from reports.run_view import kept_view
from tests.closed_loop.estate import HEALTHY, REGION, SOURCE
from tests.ecr_audit.web.doors import serving

ID = "limits.sample-rules"
TITLE = "A registry has no replication rule of the sample"
MESSAGE = f"{SOURCE}/{REGION} has 1 rules; the sample allows none"


class Audited(NamedTuple):
    folder: Path
    said: str


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    folder = tmp_path_factory.mktemp("sample")
    arguments = ["run", "--output", str(folder), "--store", str(folder / "store"), "--format", "csv,pdf"]
    with pytest.MonkeyPatch.context() as patch, serve(World.from_document(dict(HEALTHY))) as simulation:
        for name, value in simulation.environment().items():
            patch.setenv(name, value)
        done = CliRunner().invoke(commands, [*arguments, "--processes", "1", "--fail-on", "low"])
    assert done.exit_code == 4, done.output
    return Audited(folder, done.output)


def test_it_is_a_row_of_the_csv(audited: Audited):
    rows = list(csv.DictReader(io.StringIO((audited.folder / "findings.csv").read_text())))
    (row,) = [row for row in rows if row["CHECK_ID"] == ID]
    assert (row["STATUS"], row["SEVERITY"], row["ACCOUNT_UID"]) == ("FAIL", "low", SOURCE)
    assert MESSAGE in row.values()
    checks = csv.DictReader(io.StringIO((audited.folder / "checks.csv").read_text()))
    assert [row["CHECK_ID"] for row in checks].count(ID) == 1


def test_it_is_in_the_pdf_with_the_words_of_its_page(audited: Audited):
    pages = PdfReader(audited.folder / "report.pdf").pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert TITLE in text
    assert MESSAGE in text
    assert "Because the sample says so, which is reason enough" in text, "why it matters, from the docstring"
    assert "Delete the rules of the sample" in text, "the remediation"


def test_pages_and_command_line_show_it(audited: Audited, tmp_path: Path):
    store = open_store(str(audited.folder / "store"))
    run = store.load(store.resolve("latest"))
    assert [one.text.title for one in kept_view(store, run).checks if one.text.id == ID] == [TITLE]
    with serving(tmp_path, runs=[(run, {})]) as served:
        pages = served.browser().client
        assert MESSAGE in pages.get(f"/runs/{run.id}").text
        assert "Because the sample says so, which is reason enough" in pages.get(f"/checks/{ID}").text
        assert ID in pages.get("/checks").text
    shown = CliRunner().invoke(commands, ["checks", "show", "LIM-98"]).output
    assert "Because the sample says so, which is reason enough" in shown


def test_it_is_documented():
    assert f"[{ID}]({ID}.md) (LIM-98)" in (Path.cwd() / "docs" / "checks" / "README.md").read_text()
    assert TITLE in (Path.cwd() / "docs" / "checks" / f"{ID}.md").read_text()
    assert [check.id for check in CHECKS if check.group == "limits"][-1] == ID
