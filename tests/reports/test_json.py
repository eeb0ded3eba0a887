"""findings.json keeps to its schema, holds only what strict readers accept, and is the same for the same run."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.model import Run
from checks.model import Severity
from reports.formats import render
from reports.formats.json import schema
from reports.formats.json_values import json_line, json_value
from reports.view import build_view
from tests.reports import runs

GOLDEN = Path(__file__).parent / "golden" / "findings.json"


def _refuse(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")


def _document(run: Run) -> dict[str, Any]:
    data = render("json", run, build_view(run))["findings.json"]
    document: dict[str, Any] = json.loads(data, parse_constant=_refuse)
    return document


def test_golden() -> None:
    run = runs.small_run()
    assert render("json", run, build_view(run))["findings.json"] == GOLDEN.read_bytes()


def test_the_schema_is_a_schema_and_names_every_field() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    "run",
    [
        runs.small_run(),
        runs.mixed_run(),
        runs.hostile_run(),
        runs.green_run(),
        runs.unread_run(),
        runs.large_run(5_020, 10),
        runs.run_of([]),
        runs.own_run(),
    ],
    ids=["small", "mixed", "hostile", "green", "unread", "large", "empty", "own suites"],
)
def test_documents_keep_to_the_schema(run: Run) -> None:
    document = _document(run)
    validator = jsonschema.Draft202012Validator(schema())
    short = {**document, "findings": document["findings"][:60]}
    assert list(validator.iter_errors(short)) == []
    assert len(document["findings"]) == len(run.findings)


def test_a_field_that_the_schema_does_not_name_is_an_error() -> None:
    document = _document(runs.small_run())
    document["findings"][0]["extra"] = 1
    assert not jsonschema.Draft202012Validator(schema()).is_valid(document)


def test_counts_agree_with_the_findings() -> None:
    document = _document(runs.mixed_run())
    failing = [one for one in document["findings"] if one["status"] == "fail" and one["waiver"] is None]
    assert sum(document["totals"]["open"].values()) == len(failing)
    assert sum(one["open"] for one in document["checks"]) == len(failing)
    assert document["verdict"]["level"] == "action"
    assert document["coverage"]["evidence_complete"] is False


def test_commands_are_whole_and_a_large_run_says_where_they_are() -> None:
    grant = next(one for one in _document(runs.mixed_run())["findings"] if one["check"] == "grants.replication-allowed")
    assert grant["remediation"]["commands"].startswith("#!")
    assert grant["remediation"]["scripts"] == ["100000000009-eu-west-1.sh"]
    large = _document(runs.large_run(5_020, 10))
    assert large["findings"][0]["remediation"]["commands"] is None
    assert "more than 5,000 findings" in large["notes"][0]


def test_same_run_same_bytes() -> None:
    first, second = (render("json", run, build_view(run)) for run in (runs.hostile_run(), runs.hostile_run()))
    assert first == second


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (float("nan"), None),
        (float("inf"), "Infinity"),
        (-0.0, 0.0),
        (np.int64(3), 3),
        (np.float64("nan"), None),
        (np.bool_(True), True),
        (pd.NA, None),
        (pd.NaT, None),
        (pd.Timestamp("2026-11-23T02:00:00Z"), "2026-11-23T02:00:00Z"),
        (dt.datetime(2026, 11, 23, 3, tzinfo=dt.timezone(dt.timedelta(hours=1))), "2026-11-23T02:00:00Z"),
        (dt.date(2026, 11, 23), "2026-11-23"),
        (Severity.HIGH, "high"),
        ({"b", "a"}, ["a", "b"]),
        ((1, {"b": -0.0, "a": None}), [1, {"a": None, "b": 0.0}]),
        ("lone \ud83d", "lone <U+D83D>"),
        ({1: b"x"}, {"1": "b'x'"}),
    ],
)
def test_values(value: object, found: object) -> None:
    assert json_value(value) == found
    assert "-0" not in json_line(value)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(_ANY)
def test_any_value_becomes_strict_json_on_one_line(value: object) -> None:
    line = json_line(value)
    json.loads(line.encode(), parse_constant=_refuse)
    assert "\n" not in line


def test_own_expectations_have_their_words_and_given_files_their_hash() -> None:
    document = _document(runs.own_run())
    assert document["checks"][0]["title"] == "Names begin with a team"
    assert document["run"]["given"] == [
        {"name": "ours.json", "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}
    ]
