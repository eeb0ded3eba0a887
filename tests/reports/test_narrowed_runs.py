"""A run that was narrowed to some of the checks is marked as such in every format, and never reads as compliant."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import pypdf
import pytest
from pyarrow import parquet

from audit.model import Run
from checks.catalog import CHECKS
from checks.model import Severity
from checks.selection import Selection
from checks.texts import text_of
from reports.formats import FORMATS, render
from reports.verdict import VerdictLevel
from reports.view import build_view
from schedules.notifications.document import _run as run_document
from tests.reports import runs
from tests.reports.making import run_of

LEFT_OUT = ("exposure.not-public", "topology.no-cycle")


def narrowed(run: Run, *, severity: Severity | None = Severity.HIGH) -> Run:
    texts = tuple(text_of(check) for check in CHECKS if check.id in LEFT_OUT)
    selection = Selection(("rules", "GRT-01"), severity)
    return replace(run, selection=selection, not_selected=LEFT_OUT, checks=(*run.checks, *texts))


def texts_of(name: str) -> list[str]:
    run = narrowed(runs.small_run())
    files = render(name, run, build_view(run))
    if name == "pdf":
        return ["\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(files["report.pdf"])).pages)]
    if name == "parquet":
        table = parquet.read_table(io.BytesIO(files["findings.parquet"]))
        return ["narrowed to " + one for one in table["run_narrowed_to"].to_pylist()]
    if name == "csv":
        rows = csv.DictReader(io.StringIO(files["findings.csv"].decode()))
        return [f"narrowed to {row['RUN_NARROWED_TO']}" for row in rows]
    return [data.decode() for data in files.values()]


@pytest.mark.parametrize("name", [one for one in FORMATS if one != "xlsx"])
def test_every_format_says_what_the_run_was_narrowed_to(name: str):
    found = texts_of(name)
    assert found
    for text in found:
        assert "rules, GRT-01 of severity high or worse" in " ".join(text.split()), name


def test_a_narrowed_run_without_failures_is_not_compliant():
    whole = build_view(runs.green_run())
    assert whole.conclusion.level is VerdictLevel.COMPLIANT
    view = build_view(narrowed(runs.green_run()))
    assert view.conclusion.level is VerdictLevel.INCOMPLETE
    assert view.conclusion.word == "Evaluated in part"
    assert view.verdict.startswith(
        "This run was narrowed to checks rules, GRT-01 of severity high or worse: 2 of 8 checks were not evaluated."
    )
    assert "meets the baseline" not in view.verdict
    assert [one.id for one in view.not_selected] == list(LEFT_OUT)
    assert not set(LEFT_OUT) & {check.text.id for check in view.checks}


def test_failures_of_a_narrowed_run_keep_their_verdict():
    view = build_view(narrowed(runs.mixed_run(), severity=None))
    assert view.conclusion.level is VerdictLevel.ACTION
    assert "narrowed to checks rules, GRT-01: " in view.verdict


def test_what_was_left_out_neither_passed_nor_failed():
    run = narrowed(runs.small_run())
    view = build_view(run)
    document = json.loads(render("json", run, view)["findings.json"])
    assert document["selection"]["not_evaluated"] == list(LEFT_OUT)
    assert not set(LEFT_OUT) & {check["id"] for check in document["checks"]}
    rows = list(csv.DictReader(io.StringIO(render("csv", run, view)["checks.csv"].decode())))
    left = [row for row in rows if row["EVALUATED"] == "False"]
    assert [row["CHECK_ID"] for row in left] == list(LEFT_OUT)
    assert {row[name] for row in left for name in ("PASSED", "FAILED", "UNKNOWN", "NOT_APPLICABLE")} == {""}
    suites = ElementTree.fromstring(render("junit", run, view)["junit.xml"])
    for suite in suites:
        if suite.get("name") in LEFT_OUT:
            assert (suite.get("tests"), suite.get("skipped")) == ("1", "1")
    assert render("xlsx", run, view)


def test_a_narrowed_run_does_not_close_alerts_of_whole_runs():
    """Code scanning closes the alerts of a category that a later upload of it lacks."""
    run = runs.small_run()
    category = _category(run)
    assert _category(narrowed(run)) != category


def _category(run: Run) -> str:
    document = json.loads(render("sarif", run, build_view(run))["findings.sarif"])
    identifier: str = document["runs"][0]["automationDetails"]["id"]
    return identifier.rpartition("/")[0]


def test_messages_name_what_the_run_was_narrowed_to():
    assert run_document(narrowed(runs.green_run()))["narrowed_to"] == "checks rules, GRT-01 of severity high or worse"
    assert run_document(run_of([]))["narrowed_to"] is None
