"""An organization's own suites: judged beside the checks, told as the suite's own, and never able to disturb."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.timeouts import TimeBudget
from checks.baseline.schema import Baseline, Waiver
from checks.baseline.waivers import Exceptions, apply_waivers
from checks.custom.evaluation import MAX_FINDINGS, evaluate_suites
from checks.custom.files import CustomCheck, custom_checks, read_custom_checks
from checks.engine import expectation_types
from checks.engine.evaluation import Evaluation
from checks.engine.great_expectations import load_engine
from checks.model import CheckResult, RemediationContext, Severity, Status
from checks.tables import GAPS, REGISTRIES, REPLICAS
from tests.checks.frames import frame

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "custom-checks" / "platform.json"


def suite(*expectations: Any, name: str = "ours", table: str = "replicas", **changes: Any) -> str:
    return json.dumps({"name": name, "meta": {"table": table}, "expectations": list(expectations), **changes})


def expectation(kind: str, meta: dict[str, Any] | None = None, severity: str = "warning", **kwargs: Any) -> dict:
    return {"type": f"expect_{kind}", "kwargs": kwargs, "severity": severity, "meta": {"id": "it", **(meta or {})}}


def read(*texts: str) -> tuple[CustomCheck, ...]:
    return custom_checks(read_custom_checks((f"{number}.json", text) for number, text in enumerate(texts)))


REPLICA_ROWS = [
    {"repository": "team/app", "source_images": 3, "matched": True, "expected": True},
    {"repository": "team/web", "source_images": 700, "matched": True, "expected": False},
    {"repository": "App", "source_images": None, "matched": False, "expected": None},
    {"repository": "zoo", "source_images": 900, "matched": None, "expected": True},
]


def run(*texts: str, rows: list[dict] | None = None, guard: Any = None, **baseline: Any) -> Evaluation:
    tables = {
        "replicas": frame(REPLICAS, REPLICA_ROWS if rows is None else rows),
        "registries": frame(REGISTRIES, [{"rule_count": 1}]),
    }
    custom_checks_files = read_custom_checks((f"{number}.json", text) for number, text in enumerate(texts))
    context = RemediationContext(baseline=Baseline.model_validate(baseline))
    return evaluate_suites(custom_checks_files, tables, context, **({"guard": guard} if guard else {}))


def only(evaluation: Evaluation) -> CheckResult:
    (result,) = evaluation.results
    return result


def counts(result: CheckResult) -> dict[str, int]:
    return {status.value: count for status, count in result.counts.items() if count}


def named(result: CheckResult, status: Status = Status.FAIL) -> list[str]:
    return [str(one.key["repository"]) for one in result.findings if one.status is status]


def test_the_worked_example_of_the_documentation_does_what_is_said_there() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    prefix, images, something = run(text).results
    assert named(prefix) == ["team/app", "team/web", "App", "zoo"]
    first = prefix.findings[0]
    assert (prefix.check, first.severity) == ("user.platform.team-prefix", Severity.MEDIUM)
    assert first.message == "team/app of 111111111111/eu-west-1 begins with no team's name"
    assert (first.account, first.region) == ("111111111111", "eu-west-1")
    assert first.remediation is not None
    assert first.remediation.summary == "Move team/app below its team's name."
    assert len(first.remediation.manual) == 2
    assert counts(images) == {"pass": 1, "fail": 1, "unknown": 1, "not_applicable": 1}
    assert images.findings[0].message == "team/web holds 700 images, and each is stored and paid for twice"
    assert (named(images), named(images, Status.UNKNOWN)) == (["team/web"], ["zoo"])
    assert counts(something) == {"pass": 1}
    empty = run(text, rows=[]).results
    assert [result.status for result in empty] == [Status.NOT_APPLICABLE, Status.NOT_APPLICABLE, Status.FAIL]
    assert empty[2].findings[0].message == "the audit saw 0 replicas"
    assert empty[2].findings[0].severity is Severity.CRITICAL


WITHOUT_ROWS = {
    "column_values_to_not_be_null": ({}, Status.NOT_APPLICABLE),
    "column_values_to_match_regex": ({"regex": "^app/", "mostly": 0.9}, Status.NOT_APPLICABLE),
    "table_row_count_to_be_between": ({"min_value": 1}, Status.FAIL),
    "table_row_count_to_equal": ({"value": 0}, Status.PASS),
    "column_unique_value_count_to_be_between": ({"min_value": 1}, Status.FAIL),
    "column_distinct_values_to_contain_set": ({"value_set": ["a"]}, Status.FAIL),
    "column_distinct_values_to_equal_set": ({"value_set": ["a"]}, Status.FAIL),
    "column_distinct_values_to_be_in_set": ({"value_set": ["a"]}, Status.NOT_APPLICABLE),
    "column_max_to_be_between": ({"min_value": 1}, Status.UNKNOWN),
    "column_mean_to_be_between": ({"min_value": 1}, Status.UNKNOWN),
    "column_sum_to_be_between": ({"min_value": 1}, Status.UNKNOWN),
    "column_most_common_value_to_be_in_set": ({"value_set": ["a"]}, Status.UNKNOWN),
    "column_proportion_of_non_null_values_to_be_between": ({"min_value": 0.5}, Status.UNKNOWN),
    "column_proportion_of_unique_values_to_be_between": ({"min_value": 0.5}, Status.UNKNOWN),
}
"""Expectation, without `expect_` → its arguments, and its status over an empty table."""


def test_what_can_be_said_without_rows_is_said() -> None:
    column = {True: "source_images", False: "repository"}
    entries = [
        {
            "type": f"expect_{kind}",
            "kwargs": {**given, **({} if "row_count" in kind else {"column": column["min_value" in given]})},
            "meta": {"id": f"n{number}", "title": kind, "message": "observed {observed}"},
        }
        for number, (kind, (given, _)) in enumerate(WITHOUT_ROWS.items())
    ]
    for one in entries:
        if one["type"].startswith("expect_column_values"):
            one["meta"]["message"] = "x"
    text = json.dumps({"name": "s", "meta": {"table": "replicas"}, "expectations": entries})
    results = run(text, rows=[]).results
    assert dict(zip(WITHOUT_ROWS, (one.status for one in results), strict=True)) == {
        kind: status for kind, (_, status) in WITHOUT_ROWS.items()
    }
    messages = {one.message for result in results for one in result.findings if one.status is Status.UNKNOWN}
    assert all("there is no row to evaluate" in message for message in messages)
    assert {one.message for result in results for one in result.findings if one.status is Status.FAIL} <= {
        "observed 0", "observed []", "observed null",
    }  # fmt: skip


def test_a_missing_row_is_unknown_where_evidence_is_missing() -> None:
    expectation = {
        "type": "expect_table_row_count_to_be_between",
        "kwargs": {"min_value": 1},
        "meta": {"id": "some", "title": "there are replicas"},
    }
    text = json.dumps({"name": "s", "meta": {"table": "replicas"}, "expectations": [expectation]})
    files = read_custom_checks([("s.json", text)])
    context = RemediationContext(baseline=Baseline.model_validate({}))
    for affected, status in (("repositories,replicas", Status.UNKNOWN), ("registries", Status.FAIL)):
        tables = {"replicas": frame(REPLICAS, []), "gaps": frame(GAPS, [{"tables": affected}])}
        assert only(evaluate_suites(files, tables, context)).status is status


def test_the_page_about_suites_shows_the_example_and_names_what_may_be_asked() -> None:
    page = (EXAMPLE.parents[2] / "custom-checks.md").read_text(encoding="utf-8")
    shown = json.loads(page.partition("```json")[2].partition("```")[0])
    assert shown == json.loads(EXAMPLE.read_text(encoding="utf-8"))["expectations"][0]
    words = page.replace("(_list)", "`, `_list")
    for kind in expectation_types.SUPPORTED - expectation_types.AGGREGATES:
        _, _, rest = kind.partition("_to_")
        last = rest.removesuffix("_list") if rest else kind
        assert kind in words or f"`{last}`" in words or f"`{kind.rpartition('values_')[2]}`" in words, kind


BETWEEN = partial(expectation, "column_values_to_be_between", column="source_images")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (BETWEEN(max_value=500), {"pass": 1, "fail": 2, "not_applicable": 1}),
        (BETWEEN({"unknown": True}, max_value=500), {"pass": 1, "fail": 2, "unknown": 1}),
        (BETWEEN({"when": "matched"}, max_value=500), {"pass": 1, "fail": 1, "not_applicable": 2}),
        (BETWEEN({"when": ["matched", "expected"], "unknown": True}, max_value=1),
         {"fail": 1, "unknown": 1, "not_applicable": 2}),
        # Two of three hold: enough for the expectation, and then no row is at fault.
        (BETWEEN(max_value=800, mostly=0.6), {"pass": 3, "not_applicable": 1}),
        (expectation("column_values_to_not_be_null", column="source_images"), {"pass": 3, "fail": 1}),
        (expectation("column_values_to_be_null", column="source_images"), {"pass": 1, "fail": 3}),
        (expectation("column_pair_values_to_be_equal", column_A="matched", column_B="expected"),
         {"pass": 1, "fail": 1, "not_applicable": 2}),
        (expectation("column_max_to_be_between", column="source_images", max_value=900), {"pass": 1}),
        (expectation("column_max_to_be_between", column="source_images", max_value=899), {"fail": 1}),
        (expectation("column_max_to_be_between", {"unknown": True}, column="source_images", max_value=1),
         {"unknown": 1}),
        (expectation("column_max_to_be_between", column="oldest_missing_pushed_at", max_value="2026-01-01T00:00:00Z"),
         {"not_applicable": 1}),
        (expectation("table_row_count_to_equal", value=4), {"pass": 1}),
        (expectation("table_row_count_to_equal", {"when": "matched"}, value=4), {"fail": 1}),
    ],
)  # fmt: skip
def test_what_is_judged_and_what_a_null_means(entry: dict, expected: dict[str, int]) -> None:
    result = only(run(suite(entry)))
    assert result.error == ""
    assert counts(result) == expected
    assert len(result.findings) == sum(expected.get(name, 0) for name in ("fail", "unknown"))


ARGUMENTS: dict[str, Any] = {
    "value_set": ["a"], "regex": "a", "regex_list": ["a"], "value_pairs_set": [["a", "a"]], "sum_total": 1, "value": 1,
    "json_schema": {"type": "object"}, "strftime_format": "%Y", "max_value": 1, "min_value": 0, "threshold": 3,
    "double_sided": True, "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 1]]},
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(expectation_types.SUPPORTED))
def test_every_expectation_that_is_let_in_works_on_these_tables(kind: str) -> None:
    load_engine()
    from great_expectations.expectations.registry import get_expectation_impl

    takes = get_expectation_impl(kind).__fields__
    columns = {"column": "source_images", "column_A": "repository", "column_B": "repository",
               "column_list": ["source_images", "images_missing"]}  # fmt: skip
    if "json" in kind or "regex" in kind or "lengths" in kind or "strftime" in kind or "dateutil" in kind:
        columns["column"] = "images_missing_sample"
    kwargs = {name: value for name, value in (ARGUMENTS | columns).items() if name in takes}
    rows = [{"repository": name, "source_images": 1, "images_missing": 2, "images_missing_sample": '{"2026": 1}'}
            for name in "ab"]  # fmt: skip
    result = only(run(suite({"type": kind, "kwargs": kwargs}), rows=rows))
    assert result.error == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "not valid JSON"),
        ("", "not valid JSON"),
        ("[]", "the file is not a JSON object"),
        ("[" * 100_000, "nested too deep"),
        ('{"a": 1, "a": 2}', "an object has a duplicate key"),
        ('{"meta": NaN}', "NaN is not a JSON number"),
        ("\ufffd", "not UTF-8"),
        (" " * (1024 * 1024 + 1), "more than 1,048,576 characters"),
        ("{}", "has no table"),
        (suite(expectation("table_row_count_to_equal", value=1), table="replica"), "did you mean replicas?"),
        (suite(expectation("table_row_count_to_equal", value=1), table="waivers"), "which does not exist"),
        (suite(), "has no expectations"),
        (suite(*[{}] * 501), "at most 500"),
    ],
)
def test_a_file_that_is_no_suite_is_told_as_one_error(text: str, said: str) -> None:
    result = only(run(text))
    assert result.check.startswith("user.")
    assert said in result.error
    (finding,) = result.findings
    assert (finding.status, finding.resource) == (Status.ERROR, "0.json")


GOOD = expectation("column_values_to_be_in_set", {"id": "good"}, column="repository", value_set=["zoo"])


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (7, "not a JSON object"),
        ({"type": 7}, "an expectation needs a `type`"),
        (expectation("the_moon"), "is not a supported expectation"),
        ({"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": "SELECT 1"}},
         "is not a supported expectation"),
        (BETWEEN(row_condition="x==1", condition_parser="pandas", max_value=1), "row_condition is an expression"),
        (BETWEEN(row_condition={"type": "pass_through", "pass_through_filter": "@x"}, max_value=1), "row_condition"),
        (BETWEEN(max_value={"$PARAMETER": "now()"}), "$PARAMETER refers to a document outside"),
        (expectation("column_values_to_match_json_schema", column="repository",
                     json_schema={"items": [{"$ref": "file:///etc/passwd"}]}), "$ref refers to a document outside"),
        (expectation("column_values_to_match_json_schema", column="repository",
                     json_schema={"$id": "http://192.0.2.1/x"}), "$id refers to a document outside"),
        (expectation("column_values_to_be_unique"), "name no column"),
        (expectation("column_values_to_be_unique", column="repositry"), "did you mean repository?"),
        (expectation("column_values_to_match_regex", column="repository", regex="("), "missing )"),
        (expectation("column_values_to_match_regex", column="repository", regex=[7]), "not a valid expectation"),
        (BETWEEN(), "cannot both be None"),
        (BETWEEN(max_value="x"), "not a valid expectation"),
        (BETWEEN({"severity": "grave"}, max_value=1), "not one of critical, high"),
        (BETWEEN({"severty": "high"}, max_value=1), "did you mean severity?"),
        (BETWEEN({"message": "{nothing}"}, max_value=1), "which is not available here"),
        (BETWEEN({"message": "{repository.__class__}"}, max_value=1), "which is not available here"),
        (BETWEEN({"message": "{source_images:>999999999}"}, max_value=1), "format specification that is not supported"),
        (BETWEEN({"message": "{repository!r}"}, max_value=1), "format specification that is not supported"),
        (BETWEEN({"remediation": ["{"]}, max_value=1), "not a valid format string"),
        (BETWEEN({"message": 7}, max_value=1), "not text"),
        (BETWEEN({"when": "repository"}, max_value=1), "not a boolean column"),
        (BETWEEN({"unknown": 1}, max_value=1), "neither true nor false"),
        (BETWEEN({"at": "middle"}, max_value=1), "meta.at"),
        (BETWEEN(max_value=1) | {"windows": [{"x": 1}]}, "`windows` over earlier runs are not supported"),
    ],
)  # fmt: skip
def test_an_expectation_that_breaks_is_told_and_the_others_go_on(entry: Any, said: str) -> None:
    broken, good = run(suite(entry, GOOD), suite(GOOD, name="other")).results[:2]
    assert counts(broken) == {"error": 1}
    assert said in broken.error
    assert "\n" not in broken.error
    assert broken.findings[0].status is Status.ERROR
    assert counts(good) == {"pass": 1, "fail": 3}


def test_a_pattern_that_never_ends_is_ended() -> None:
    endless = expectation("column_values_to_match_regex", column="repository", regex="(?=x)(x+x+)+y")
    rows = [{"repository": "x" * 60}]
    evaluation = run(suite(endless, GOOD), rows=rows, guard=TimeBudget(each=1.0))
    broken, good = evaluation.results
    assert "stopped after 1 seconds" in broken.error
    assert counts(good) == {"fail": 1}


def test_what_great_expectations_is_told_to_do_differently_is_ours_to_say() -> None:
    entry = BETWEEN(max_value=500, result_format="BOOLEAN_ONLY", catch_exceptions=False, batch_id="x")
    assert named(only(run(suite(entry)))) == ["team/web", "zoo"]


def test_ids_are_the_suites_names_or_numbers_and_never_shared() -> None:
    same = BETWEEN({"id": "Few Images!"}, max_value=1)
    unnamed = {**BETWEEN(max_value=1), "meta": {}}
    stored = {**unnamed, "id": "0b0f7e64-5d1b-4a52-9d1b-000000000000"}
    found = read(suite(same, same, unnamed, stored, name="Team A"), suite(same, name="team-a"), suite(same, name="!"))
    assert [one.id for one in found] == [
        "user.team-a.few-images", "user.team-a.few-images-2", "user.team-a.3",
        "user.team-a.0b0f7e64-5d1b-4a52-9d1b-00000000", "user.team-a-2", "user.2.few-images",
    ]  # fmt: skip
    assert [bool(one.error) for one in found] == [False, True, False, False, True, False]


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [("critical", None, "high"), ("warning", None, "medium"), ("info", None, "informational"), ("info", "low", "low")],
)
def test_severities(theirs: str, ours: str | None, expected: str) -> None:
    entry = BETWEEN({"severity": ours} if ours else {}, theirs, max_value=1)
    assert [one.severity.value for one in only(run(suite(entry))).findings] == [expected] * 3
    overridden = only(run(suite(entry), severity={"user.ours.it": "critical"}))
    assert {one.severity for one in overridden.findings} == {Severity.CRITICAL}


def test_findings_keep_their_fingerprint_when_rows_and_expectations_move_and_can_be_waived() -> None:
    entry = BETWEEN(max_value=500)
    before = only(run(suite(entry)))
    moved = run(suite(GOOD, entry), rows=REPLICA_ROWS[::-1]).results[1]
    assert {one.fingerprint for one in before.findings} == {one.fingerprint for one in moved.findings}
    until = {"reason": "r", "owner": "o", "until": "2026-12-31"}
    waiver = Waiver.model_validate_json(json.dumps({"checks": ["user.ours.*"], "repositories": ["zoo"], **until}))
    (marked,) = apply_waivers((before,), [waiver], Exceptions(pd.Timestamp("2026-11-23").date()))
    assert [one.waiver is not None for one in marked.findings] == [False, True]


def test_what_is_told_and_what_is_kept_is_bounded() -> None:
    rows = [{"repository": f"r{number}", "source_images": 1} for number in range(MAX_FINDINGS + 5)]
    evaluation = run(suite(BETWEEN(min_value=2), expectation("column_distinct_values_to_be_in_set", {"id": "set"},
                     column="repository", value_set=[])), rows=rows)  # fmt: skip
    result = evaluation.results[0]
    assert len(result.findings) == MAX_FINDINGS
    assert counts(result) == {"fail": MAX_FINDINGS + 5}
    assert evaluation.notes == ("user.ours.it: 1,005 rows fail, and only the first 1,000 are findings.",)
    assert len(json.dumps(evaluation.validations)) < 20_000
    assert len(json.dumps(dict(evaluation.results[1].findings[0].evidence))) < 20_000
