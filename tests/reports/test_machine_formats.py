"""Each machine format is read back by its own standard's tool, holds every finding, and is repeatable."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from fnmatch import fnmatchcase
from typing import Any

import boto3
import jsonschema
import openpyxl
import pandas as pd
import pytest
from botocore.validate import ParamValidator
from junitparser import JUnitXml
from markdown_it import MarkdownIt
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from sarif_pydantic import Sarif

from audit.model import Run
from audit.run_changes import is_open
from checks.model import Severity, Status
from reports.formats import FORMATS, render, sarif
from reports.formats.asff import BATCH, batches, findings
from reports.formats.json import schema
from reports.formats.sarif import LEVELS
from reports.text import SEVERITY_MARKS, SEVERITY_WORDS
from reports.view import build_view
from tests.reports import runs

RUNS = {
    "small": runs.small_run(),
    "mixed": runs.mixed_run(),
    "hostile": runs.hostile_run(),
    "green": runs.green_run(),
    "unread": runs.unread_run(),
    "empty": runs.run_of([]),
}
every_run = pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)


def rendered(format: str, run: Run) -> bytes:
    (data,) = render(format, run, build_view(run)).values()
    return data


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "pdf"])
@every_run
def test_same_run_same_bytes(format: str, run: Run):
    files = render(format, run, build_view(run))
    assert files == render(format, run, build_view(run))
    assert all(fnmatchcase(name, FORMATS[format].files) for name in files), "as the registry says"


@every_run
def test_sarif(run: Run):
    document = json.loads(rendered("sarif", run))
    Sarif.model_validate(document)
    (only,) = document["runs"]
    results, rules = only["results"], only["tool"]["driver"]["rules"]
    assert len(results) == len(run.findings)
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in results)
    assert all((one["kind"] == "fail") or one["level"] == "none" for one in results)
    assert sum(1 for one in results if "suppressions" in one) == sum(1 for one in run.findings if one.waiver)
    assert all("\\" not in one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results)
    failing = Counter(LEVELS[one.severity] for one in run.findings if one.status is Status.FAIL)
    assert Counter(one["level"] for one in results if one["kind"] == "fail") == failing


@every_run
def test_junit(run: Run):
    document = JUnitXml.fromstring(rendered("junit", run))
    open_ = sum(1 for one in run.findings if one.status is Status.FAIL and not one.waiver)
    assert document.failures == open_ == sum(suite.failures for suite in document)
    assert sum(1 for suite in document for case in suite if case.is_failure) == open_
    assert document.tests == sum(1 for suite in document for _ in suite)
    assert document.errors == sum(1 for one in run.results if one.error)


@every_run
def test_asff_fits_the_import_model(run: Run):
    found = list(findings(run, build_view(run), region="eu-west-1"))
    assert json.loads(rendered("asff", run)) is not None
    assert len(found) == len(run.findings)
    client = boto3.client("securityhub", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    shape = client.meta.service_model.operation_model("BatchImportFindings").input_shape
    for batch in batches(iter(found)):
        assert len(batch) <= BATCH
        report = ParamValidator().validate({"Findings": batch}, shape)
        assert not report.has_errors(), report.generate_report()
    assert all(one["AwsAccountId"] == run.caller_account for one in found)
    assert all(len(one["Title"]) <= 256 and len(one["Description"]) <= 1024 for one in found)
    assert len({one["Id"] for one in found}) == len(found)


def test_asff_batches_hold_a_hundred():
    run = runs.large_run(250, 5)
    sizes = [len(batch) for batch in batches(findings(run, build_view(run)))]
    assert sizes == [100, 100, len(run.findings) - 200]


@every_run
def test_ocsf(run: Run):
    events = json.loads(rendered("ocsf", run))
    assert len(events) == len(run.findings)
    for event in events:
        ComplianceFinding.model_validate(event)
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    assert [event["finding_info"]["uid"] for event in events] == [one.fingerprint for one in build_view(run).findings]


@every_run
def test_json_lines(run: Run):
    lines = [json.loads(line) for line in rendered("jsonl", run).decode().split("\n")[:-1]]
    document = json.loads(rendered("json", run))
    kinds = Counter(line["type"] for line in lines)
    assert kinds["run"] == 1
    assert kinds["finding"] == len(document["findings"])
    definitions = schema()["$defs"]
    for line in lines[1:]:
        kind = line.pop("type")
        jsonschema.Draft202012Validator({**definitions[kind], "$defs": definitions}).validate(line)
    assert [line for line in lines[1:] if "fingerprint" in line] == document["findings"]


@every_run
def test_parquet(run: Run):
    frame = pd.read_parquet(io.BytesIO(rendered("parquet", run)))
    assert len(frame) == len(run.findings)
    assert list(frame["fingerprint"]) == [one.fingerprint for one in build_view(run).findings]
    assert str(frame["started_at"].dtype) == "datetime64[us, UTC]"
    assert {type(value) for value in frame["account"]} <= {str}
    assert frame["waived"].sum() == sum(1 for one in run.findings if one.waiver)


@every_run
def test_markdown_says_nothing_that_a_name_could_have_put_there(run: Run):
    text = rendered("markdown", run).decode()
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(text)
    inner: list[Any] = [child for token in tokens for child in token.children or ()]
    assert not {"link_open", "image", "html_inline", "html_block"} & {token.type for token in (*tokens, *inner)}
    widths = Counter(line.count("|") for line in text.splitlines() if line.startswith("|"))
    assert len(widths) <= 2, widths
    assert len(text) < 60_000
    assert build_view(run).conclusion.word in text


@every_run
def test_workbook(run: Run):
    book = openpyxl.load_workbook(io.BytesIO(rendered("xlsx", run)))
    assert book.sheetnames == ["Summary", "Findings", "By account", "By check", "Gaps", "Waivers", "Checks"]
    sheet = book["Findings"]
    heads = [cell.value for cell in sheet[1]]
    rows = list(sheet.iter_rows(min_row=2))
    assert len(rows) == len(run.findings)
    assert all(cell.data_type != "f" for row in rows for cell in row)
    assert [row[heads.index("Account")].value or "" for row in rows] == [
        one.account for one in build_view(run).findings
    ]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref


def sheet_of(book: openpyxl.Workbook, name: str) -> list[dict[str, object]]:
    heads, *rows = book[name].iter_rows(values_only=True)
    return [dict(zip(map(str, heads), row, strict=True)) for row in rows]


@every_run
def test_pivots_of_the_workbook_give_the_figures_of_the_pdf(run: Run):
    """Of the sheet Findings by account and status, and of the sheets by account and by check."""
    view = build_view(run)
    book = openpyxl.load_workbook(io.BytesIO(rendered("xlsx", run)))
    pivot = Counter((row["Account"] or "", row["Status"], row["Severity"]) for row in sheet_of(book, "Findings"))
    marks = {severity: f"{SEVERITY_MARKS[severity]} {SEVERITY_WORDS[severity]}" for severity in Severity}
    by_account = {str(row["Account"]): row for row in sheet_of(book, "By account")}
    assert len(by_account) == len(view.accounts)
    for one in view.accounts:
        row = by_account[one.account or "no single account"]
        for severity in Severity:
            assert pivot[one.account, "Failed", marks[severity]] == row[SEVERITY_WORDS[severity]] == one.open[severity]
        waived = sum(pivot[one.account, "Waived", mark] for mark in marks.values())
        assert (waived, one.unknown) == (row["Waived"], row["Unknown results"])
    by_check = sheet_of(book, "By check")
    assert sum(row["Open failures"] for row in by_check) == view.failures
    assert sum(row["Unknown results"] for row in by_check) == view.unknown
    assert sum(row["Waived"] for row in by_check) == sum(view.waived.values())


def test_sarif_keeps_to_the_limits_of_its_receivers_and_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch):
    """GitHub, SARIF support: 25,000 results a run, 5,000 of them shown, 10 MB gzipped."""
    run = runs.mixed_run()
    view = build_view(run)
    monkeypatch.setattr(sarif, "MOST_RESULTS", 20)
    monkeypatch.setattr(sarif, "SHOWN_RESULTS", 5)
    monkeypatch.setattr(sarif, "MOST_NOTIFICATIONS", 1)
    (document,) = json.loads(rendered("sarif", run))["runs"]
    kinds = [(one["kind"], "suppressions" in one, one["properties"]["severity"]) for one in document["results"]]
    open_ = [one for one in view.findings if is_open(one)][:20]
    assert len(kinds) == 20
    assert kinds[: len(open_)] == [("fail", False, one.severity.value) for one in open_]
    notes = [
        one["message"]["text"]
        for one in document["invocations"][0]["toolExecutionNotifications"]
        if one["descriptor"]["id"] == "limits"
    ]
    assert f"{len(view.findings) - 20} of {len(view.findings)} findings are not in this file" in notes[0]
    assert "show the first 5" in notes[1]
    assert len(run.gaps) < 2 or f"1 of {len(run.gaps)} failed reads" in notes[2]
    monkeypatch.setattr(sarif, "MOST_BYTES", 7_000)
    data = rendered("sarif", run)
    assert len(gzip.compress(data)) <= 7_000 < len(gzip.compress(json.dumps(document).encode()))


def test_a_workbook_shows_evidence_tables_with_their_types():
    tables = {
        "registries": pd.DataFrame(
            {"account": ["000000000001"], "region": ["eu-west-1"], "rule_count": pd.array([3], dtype="Int64"),
             "evidence_complete": pd.array([None], dtype="boolean")}
        ),
        "replicas": pd.DataFrame({"repository": ["=cmd()"], "matched": pd.array([True], dtype="boolean")}),
    }  # fmt: skip
    run = runs.small_run()
    (data,) = render("xlsx", run, build_view(run), tables=tables.__getitem__).values()
    book = openpyxl.load_workbook(io.BytesIO(data))
    registry = {head.value: cell for head, cell in zip(*book["Registries"].iter_rows(max_row=2), strict=True)}
    assert registry["Account"].value == "000000000001"
    assert registry["Rule count"].value == 3
    assert registry["Evidence complete"].value is None
    replica = {head.value: cell for head, cell in zip(*book["Replicas"].iter_rows(max_row=2), strict=True)}
    assert (replica["Repository"].value, replica["Repository"].data_type) == ("=cmd()", "s")
    assert replica["Matched"].value is True
