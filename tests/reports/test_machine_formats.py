"""Each machine format is read back by its own standard's tool, holds every finding, and is repeatable."""

from __future__ import annotations

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
from checks.model import Status
from reports.formats import FORMATS, render
from reports.formats.asff import BATCH, batches, findings
from reports.formats.json import schema
from reports.formats.sarif import LEVELS
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
    assert book.sheetnames == ["Summary", "Findings", "Gaps", "Waivers", "Checks"]
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
