"""Evaluation: what is unknown stays unknown, what breaks is named, and the rest goes on."""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from checks.baseline.schema import Baseline
from checks.changes import RemoveStatement
from checks.engine.evaluation import evaluate
from checks.engine.findings import DEFECT
from checks.engine.great_expectations import ValidationContext
from checks.expectations import (
    Expectation,
    at_least,
    at_most,
    between,
    equals,
    in_set,
    is_false,
    is_true,
    lengths_between,
    less_than,
    matches,
)  # fmt: skip
from checks.model import Check, Remediation, RemediationContext, Severity, Status, fingerprint
from checks.tables import GRANTS, LINKS, REGISTRIES, REPLICAS, RULES
from tests.checks.frames import frame
from tests.checks.plain_expectations import holds


def _advice(row, context):
    return Remediation(
        summary=f"Mend {row['account']}.",
        changes=(RemoveStatement(account=row["account"], region=row["region"], statement=1),),
    )


def _check(**changes) -> Check:
    values = {
        "id": "limits.example",
        "aliases": ("XXX-01",),
        "title": "An example holds",
        "severity": Severity.MEDIUM,
        "table": REGISTRIES,
        "expect": is_true("evidence_complete"),
        "message": "{account} has {rule_count:count rule}",
        "remediation": _advice,
        "unknown": "{account} could not be read",
    }
    return Check(**{**values, **changes})


def _raw(kind: str, column: str, **arguments) -> Expectation:
    return Expectation(f"expect_{kind}", (column,), {"column": column, **arguments})


def _context(**baseline) -> RemediationContext:
    return RemediationContext(baseline=Baseline.model_validate(baseline))


def _registries(*rows) -> dict[str, pd.DataFrame]:
    accounts = [{"account": f"{number:012}", **row} for number, row in enumerate(rows, 1)]
    return {"registries": frame(REGISTRIES, accounts)}


def _judge(check, tables, **baseline):
    return evaluate([check], tables, _context(**baseline)).results[0]


def _nonzero(result) -> dict[str, int]:
    return {str(status): count for status, count in result.counts.items() if count}


def test_each_row_gets_one_of_the_four_answers():
    check = _check(when=("is_source",), evidence=("rule_count",))
    tables = _registries(
        {"is_source": True, "evidence_complete": True},
        {"is_source": True, "evidence_complete": False, "rule_count": 30},
        {"is_source": True, "evidence_complete": None},
        {"is_source": False, "evidence_complete": False},
        {"is_source": False, "evidence_complete": None},
        {"is_source": None, "evidence_complete": True},
        {"is_source": None, "evidence_complete": False},
    )
    result = _judge(check, tables)

    assert _nonzero(result) == {"pass": 1, "fail": 1, "unknown": 3, "not_applicable": 2}
    assert set(result.counts) == set(Status)
    assert [(finding.account, finding.status) for finding in result.findings] == [
        ("000000000002", Status.FAIL),
        ("000000000003", Status.UNKNOWN),
        ("000000000006", Status.UNKNOWN),
        ("000000000007", Status.UNKNOWN),
    ]
    failed, unknown = result.findings[:2]
    assert failed.message == "000000000002 has 30 rules"
    assert failed.resource == "000000000002/eu-west-1"
    assert failed.evidence == {"evidence_complete": False, "rule_count": 30}
    assert failed.fingerprint == fingerprint(check.id, {"account": "000000000002", "region": "eu-west-1"})
    assert failed.remediation.summary == "Mend 000000000002."
    assert unknown.message == "000000000003 could not be read"
    assert unknown.evidence == {"evidence_complete": None, "rule_count": None}
    assert unknown.remediation is None


def test_of_several_conditions_one_false_outweighs_an_unknown_one():
    check = _check(when=("is_source", "is_destination"))
    tables = _registries(
        {"is_source": True, "is_destination": True, "evidence_complete": False},
        {"is_source": False, "is_destination": None, "evidence_complete": False},
        {"is_source": None, "is_destination": True, "evidence_complete": False},
    )
    assert _nonzero(_judge(check, tables)) == {"fail": 1, "not_applicable": 1, "unknown": 1}


def test_a_column_of_nulls_never_passes():
    result = _judge(_check(), _registries({}, {}, {}))
    assert _nonzero(result) == {"unknown": 3}


def test_an_empty_table_is_not_applicable():
    evaluation = evaluate([_check()], {"registries": frame(REGISTRIES, [])}, _context())
    assert _nonzero(evaluation.results[0]) == {}
    assert evaluation.results[0].status is Status.NOT_APPLICABLE
    assert evaluation.validations == ()


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ({"expect": is_true("no_such_column")}, "no column no_such_column"),
        ({"expect": at_most("rule_count", "no_such_limit")}, "no column no_such_limit"),
        ({"when": ("no_such_condition",)}, "no column no_such_condition"),
        ({"when": ("partition",)}, "column partition of table registries is not boolean"),
        ({"expect": _raw("nothing_of_the_kind", "partition")}, "expect_nothing_of_the_kind not found"),
        ({"expect": _raw("column_values_to_be_in_set", "partition", set=[1])}, "value_set"),
        ({"expect": _raw("column_values_to_match_regex", "partition", regex="(")}, "missing )"),
        ({"expect": _raw("column_max_to_be_between", "rule_count", max_value=0)}, "does not return the failing rows"),
    ],
)
def test_a_broken_check_is_named_and_the_others_go_on(broken, named):
    checks = [
        _check(id="limits.before"),
        _check(id="limits.broken", **broken),
        _check(id="limits.after", expect=is_true("is_source")),
    ]
    tables = _registries({"partition": "aws", "is_source": False, "evidence_complete": False, "rule_count": 1})
    before, result, after = evaluate(checks, tables, _context()).results

    assert _nonzero(before) == _nonzero(after) == {"fail": 1}
    assert _nonzero(result) == {"error": 1}
    assert result.status is Status.ERROR
    assert named in result.error
    (finding,) = result.findings
    assert finding.status is Status.ERROR
    assert finding.message == f"check error: {result.error}"
    assert finding.remediation is None
    assert finding.fingerprint == fingerprint("limits.broken", {})


def test_a_suite_that_breaks_as_a_whole_is_tried_check_by_check(monkeypatch):
    real = ValidationContext.validate

    def breaks_in_company(self, name, frame, expectations):
        if any(each.meta["check"] == "limits.poison" for each in expectations):
            raise RuntimeError("the engine fell over")
        return real(self, name, frame, expectations)

    monkeypatch.setattr(ValidationContext, "validate", breaks_in_company)
    checks = [_check(id="limits.good"), _check(id="limits.poison"), _check(id="limits.fine")]
    good, poison, fine = evaluate(checks, _registries({"evidence_complete": True}), _context()).results
    assert good.status is fine.status is Status.PASS
    assert poison.error == "RuntimeError: the engine fell over"


def test_a_table_that_was_not_built_is_an_error_of_its_checks():
    first, second = evaluate([_check(), _check(id="rules.example", table=RULES)], _registries({}), _context()).results
    assert first.status is Status.UNKNOWN
    assert second.error == "there is no table rules"


def test_a_missing_key_column_is_an_error():
    tables = {"registries": _registries({"evidence_complete": False})["registries"].drop(columns="region")}
    assert _judge(_check(), tables).error == "table registries has no column region"


def _raises(row, context):
    raise LookupError("no such advice")


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        ("remediation", {"remediation": _raises}),
        ("message", {"message": "{no_such_column}"}),
        ("message", {"message": "{partition:names}"}),
        ("grade", {"graded": "partition"}),
        ("evidence", {"evidence": ("no_such_column",)}),
    ],
)
def test_a_broken_part_leaves_the_finding_and_is_told(part, broken):
    result = _judge(_check(**broken), _registries({"evidence_complete": False, "partition": "aws", "rule_count": 1}))

    assert _nonzero(result) == {"fail": 1}
    (finding,) = result.findings
    assert finding.status is Status.FAIL
    assert finding.evidence[DEFECT].startswith(f"the {part} could not be determined (")
    assert finding.message
    assert finding.severity is Severity.MEDIUM
    assert (finding.remediation is None) is (part == "remediation")


@pytest.mark.parametrize(
    ("graded", "cell", "baseline", "expected"),
    [
        ("", None, {}, Severity.MEDIUM),
        ("ou_path", "informational", {}, Severity.INFORMATIONAL),
        ("ou_path", None, {}, Severity.MEDIUM),
        ("ou_path", "", {}, Severity.MEDIUM),
        ("ou_path", "high", {"limits.example": "low"}, Severity.LOW),
        ("", None, {"limits.example": "critical"}, Severity.CRITICAL),
        ("", None, {"XXX-01": "critical"}, Severity.CRITICAL),
    ],
)
def test_severity_is_the_baselines_then_the_grade_then_the_checks(graded, cell, baseline, expected):
    context = RemediationContext(
        baseline=Baseline.model_construct(severity={k: Severity(v) for k, v in baseline.items()})
    )
    tables = _registries({"evidence_complete": False, "ou_path": cell, "rule_count": 1})
    (finding,) = evaluate([_check(graded=graded)], tables, context).results[0].findings
    assert finding.severity is expected


@pytest.mark.parametrize(
    ("at", "place"),
    [("source", ("111111111111", "eu-west-1")), ("destination", ("222222222222", "eu-central-1"))],
)
def test_a_finding_of_a_two_sided_table_lies_where_the_check_says(at, place):
    check = _check(
        table=LINKS,
        expect=is_true("present"),
        at=at,
        message="no",
        remediation=lambda row, context: Remediation("Mend it.", manual=("x",)),
    )
    (finding,) = _judge(check, {"links": frame(LINKS, [{"present": False}])}).findings
    assert (finding.account, finding.region) == place
    assert finding.resource == "111111111111/eu-west-1 → 222222222222/eu-central-1"


def test_values_become_python_values_once():
    row = {"images_missing": 2, "oldest_missing_pushed_at": pd.Timestamp("2026-11-01T10:00:00Z"), "matched": True}
    check = _check(
        table=REPLICAS,
        expect=in_set("images_missing", 0),
        at="source",
        message="{images_missing:count image} since {oldest_missing_pushed_at}",
        evidence=("oldest_missing_pushed_at", "matched", "images_in_flight", "repository"),
        remediation=lambda row, context: Remediation(json.dumps(dict(row))),
    )
    (finding,) = _judge(check, {"replicas": frame(REPLICAS, [row])}).findings

    assert finding.message == "2 images since 2026-11-01T10:00:00Z"
    assert finding.evidence == {
        "images_missing": 2,
        "oldest_missing_pushed_at": "2026-11-01T10:00:00Z",
        "matched": True,
        "images_in_flight": None,
        "repository": "team-a/app",
    }
    assert [type(value) for value in finding.evidence.values()] == [int, str, bool, type(None), str]
    assert json.loads(finding.remediation.summary)["images_missing"] == 2


def test_rows_that_read_alike_keep_their_own_types():
    check = _check(expect=is_true("evidence_complete"), message="{rule_count}", evidence=("rule_count", "is_source"))
    rows = [{"evidence_complete": False, "rule_count": n, "is_source": bool(n)} for n in (1, 0, 1)]
    findings = _judge(check, _registries(*rows)).findings
    assert [finding.message for finding in findings] == ["1", "0", "1"]
    assert findings[0].evidence == {"evidence_complete": False, "rule_count": 1, "is_source": True}
    assert [type(value) for value in findings[1].evidence.values()] == [bool, int, bool]


@pytest.mark.parametrize("dtype", ["boolean", "object", "category", "bool"])
def test_every_spelling_of_a_boolean_column_is_judged_alike(dtype):
    table = _registries({"rule_count": 1}, {"rule_count": 2})["registries"]
    table["evidence_complete"] = pd.Series([True, False], dtype="boolean").astype(dtype)
    result = _judge(_check(), {"registries": table})
    assert _nonzero(result) == {"pass": 1, "fail": 1}
    assert result.findings[0].account == "000000000002"
    assert result.findings[0].evidence == {"evidence_complete": False}


def test_the_index_of_the_table_plays_no_part():
    table = _registries({"evidence_complete": True}, {"evidence_complete": False, "rule_count": 1})["registries"]
    for index in ([7, 7], ["b", "a"]):
        result = _judge(_check(), {"registries": table.set_index(pd.Index(index))})
        assert [finding.account for finding in result.findings] == ["000000000002"]


def test_many_rows_land_on_the_right_ones():
    count = 200_000
    generator = np.random.default_rng(20261123)
    verdict = generator.choice([True, False, None], size=count, p=[0.97, 0.02, 0.01])
    applies = generator.choice([True, False, None], size=count, p=[0.9, 0.09, 0.01])
    table = pd.DataFrame(
        {
            "account": pd.Series(np.arange(count)).astype(str).str.zfill(12).astype("string"),
            "region": pd.Categorical.from_codes(
                generator.integers(0, 3, count), ["eu-west-1", "eu-west-2", "us-east-1"]
            ),
            "evidence_complete": pd.Series(verdict, dtype="boolean"),
            "is_source": pd.Series(applies, dtype="boolean"),
            "rule_count": pd.Series(generator.integers(1, 40, count), dtype="Int64"),
        }
    )
    evaluation = evaluate(
        [_check(when=("is_source",)), _check(id="limits.other", expect=is_true("is_source"))],
        {"registries": table},
        _context(),
    )
    result, other = evaluation.results

    unknown = np.array([a is None or (a and v is None) for a, v in zip(applies, verdict, strict=True)])
    failed = np.array([bool(a) and v is False for a, v in zip(applies, verdict, strict=True)])
    assert [f.account for f in result.findings if f.status is Status.FAIL] == [
        f"{i:012}" for i in np.flatnonzero(failed)
    ]
    assert [f.account for f in result.findings if f.status is Status.UNKNOWN] == [
        f"{i:012}" for i in np.flatnonzero(unknown)
    ]
    assert [f.account for f in result.findings] == sorted(f.account for f in result.findings)
    assert sum(result.counts.values()) == count
    assert result.counts[Status.NOT_APPLICABLE] == int(sum(a is False for a in applies))
    assert other.counts[Status.FAIL] == int(sum(a is False for a in applies))

    validations = {tuple(one["when"]): one for one in evaluation.validations}
    validation = validations["is_source",]
    lists = [v for each in validation["results"] for v in each["result"].values() if isinstance(v, list)]
    assert max(len(members) for members in lists) == 20
    counted = {each["expectation_config"]["meta"]["check"]: each["result"] for each in validation["results"]}
    assert counted["limits.example"]["unexpected_count"] == int(failed.sum())
    assert counted["limits.example"]["element_count"] == result.counts[Status.PASS] + int(failed.sum())
    assert set(validations) == {(), ("is_source",)}
    assert len(json.dumps(validation)) < 20_000


def test_validation_results_are_json_and_name_no_path_of_this_machine():
    checks = [
        _check(),
        _check(
            id="limits.broken",
            expect=_raw("column_values_to_match_regex", "partition", regex="("),
        ),
    ]
    tables = _registries({"partition": "aws", "evidence_complete": False, "rule_count": 1})
    (validation,) = evaluate(checks, tables, _context()).validations
    text = json.dumps(validation)
    assert validation["table"] == "registries"
    assert validation["success"] is False
    assert "site-packages" not in text
    assert "missing )" in text


def test_results_keep_the_order_of_the_checks_over_several_tables():
    checks = [
        _check(id="rules.b", table=RULES, expect=is_true("filters_comparable"), message="no"),
        _check(id="limits.a"),
        _check(id="rules.a", table=RULES, expect=is_true("delete_replication"), message="no"),
    ]
    tables = {**_registries({"evidence_complete": True}), "rules": frame(RULES, [{"filters_comparable": True}])}
    evaluation = evaluate(checks, tables, _context())
    assert [result.check for result in evaluation.results] == ["rules.b", "limits.a", "rules.a"]
    assert sorted(validation["table"] for validation in evaluation.validations) == ["registries", "rules"]


def _grants(*statements: str | None) -> dict[str, pd.DataFrame]:
    rows = [
        {"statement": n, "statement_json": text, "concerns_replication": False} for n, text in enumerate(statements, 1)
    ]
    return {"grants": frame(GRANTS, rows)}


_STATEMENTS = _check(table=GRANTS, expect=is_true("concerns_replication"), message="no")


def _fingerprints(tables, check=_STATEMENTS) -> list[str]:
    return [finding.fingerprint for finding in _judge(check, tables).findings]


def test_what_moves_up_when_something_before_it_goes_keeps_its_name():
    first, second, third = _fingerprints(_grants('{"Sid":"a"}', '{"Sid":"b"}', '{"Sid":"c"}'))
    assert _fingerprints(_grants('{"Sid":"b"}', '{"Sid":"c"}')) == [second, third]
    assert first not in (second, third)
    (moved, _) = _judge(_STATEMENTS, _grants('{"Sid":"b"}', '{"Sid":"c"}')).findings
    assert moved.key == {"account": "111111111111", "region": "eu-west-1", "statement": 1}


def test_a_rule_is_the_same_rule_wherever_it_stands_and_however_its_switch_is_set():
    check = _check(table=RULES, expect=is_true("filters_comparable"), message="no")

    def rules(*places: str, switch: bool) -> dict[str, pd.DataFrame]:
        shape = {"prefixes": '["a/"]', "filters_comparable": False, "delete_replication": switch}
        rows = [{"rule": n, "destinations": f'["{place}"]', **shape} for n, place in enumerate(places, 1)]
        return {"rules": frame(RULES, rows)}

    first, second = _fingerprints(rules("222222222222/eu-west-1", "333333333333/eu-west-1", switch=False), check)
    assert first != second
    assert _fingerprints(rules("333333333333/eu-west-1", switch=True), check) == [second]


def test_rows_that_are_told_alike_have_names_of_their_own():
    twice, thrice = _grants("{}", "{}", None, None), _grants("{}", "{}", "{}", None, None)
    names = _fingerprints(twice)
    assert len(set(names)) == 4
    assert names == _fingerprints(twice)
    assert [name for name in _fingerprints(thrice) if name in names] == names


def test_which_of_several_alike_it_is_does_not_hang_on_what_passes():
    both = _grants("{}", "{}")
    second = _fingerprints(both)[1]
    both["grants"]["concerns_replication"] = pd.Series([True, False], dtype="boolean")
    assert _fingerprints(both) == [second]


def test_a_missing_column_of_the_identity_is_an_error():
    tables = {"grants": _grants("{}")["grants"].drop(columns="statement_json")}
    assert _judge(_STATEMENTS, tables).error == "table grants has no column statement_json"


def test_cycles_are_searched_for_again_after_the_findings_are_made():
    held = []
    check = _check(remediation=lambda row, context: held.append(gc.isenabled()) or Remediation("Mend it."))
    assert gc.isenabled()
    _judge(check, _registries({"evidence_complete": False, "rule_count": 1}))
    assert held == [False]
    assert gc.isenabled()


def test_tables_are_not_changed():
    tables = _registries({"evidence_complete": False, "rule_count": 1}, {"evidence_complete": None})
    before = tables["registries"].copy(deep=True)
    _judge(_check(when=("is_source",)), tables)
    pd.testing.assert_frame_equal(tables["registries"], before)


def test_nothing_is_printed_and_analytics_are_off():
    code = (
        "import os, sys; os.environ['GX_ANALYTICS_ENABLED'] = 'true'\n"
        "from tests.checks.test_evaluate import _check, _registries, _judge\n"
        "result = _judge(_check(), _registries({'evidence_complete': False, 'rule_count': 1}))\n"
        "assert result.status == 'fail' and os.environ['GX_ANALYTICS_ENABLED'] == 'false'\n"
    )
    root = Path(__file__).parents[2]
    seen = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, env=dict(os.environ))
    assert (seen.returncode, seen.stdout, seen.stderr) == (0, "", "")


def test_the_answer_of_a_whole_table_is_its_worst():
    result = _judge(_check(), _registries({"evidence_complete": True}))
    for status in (Status.UNKNOWN, Status.FAIL, Status.ERROR):
        result = dataclasses.replace(result, counts={**result.counts, status: 1})
        assert result.status is status


@pytest.mark.parametrize(
    ("expect", "good", "bad", "said"),
    [
        (is_true("is_source"), {"is_source": True}, {"is_source": False}, ("true", "false")),
        (is_false("is_source"), {"is_source": False}, {"is_source": True}, ("false", "true")),
        (in_set("policy_scope", "V1", "V2"), {"policy_scope": "V2"}, {"policy_scope": "V3"}, ("V1 or V2", "V3")),
        (in_set("policy_scope", ""), {"policy_scope": ""}, {"policy_scope": "V3"}, ("none", "V3")),
        (between("rule_count", maximum=0), {"rule_count": 0}, {"rule_count": 1}, ("0", "1")),
        (between("rule_count", minimum=1), {"rule_count": 1}, {"rule_count": 0}, ("at least 1", "0")),
        (between("rule_count", minimum=1, maximum=2), {"rule_count": 2}, {"rule_count": 3}, ("1 to 2", "3")),
        (at_most("rule_count", "rules_limit"), (25, 25), (1_026, 1_025), ("at most 1,025", "1,026")),
        (less_than("rule_count", "rules_limit"), (24, 25), (25, 25), ("less than 25", "25")),
        (at_least("rule_count", "rules_limit"), (25, 25), (24, 25), ("at least 25", "24")),
        (equals("policy_scope", "ou_path"), ("V2", "V2"), ("V1", "V2"), ("V2", "V1")),
        (equals("policy_scope", "ou_path"), ("", ""), ("", "V2"), ("V2", "none")),
        (equals("templates", "backfills", names=True), ('["a"]', '["a"]'), ("[]", '["a","b"]'), ("a, b", "none")),
        (matches("partition", "^aws", "AWS"), {"partition": "aws-cn"}, {"partition": "x"}, ("AWS", "x")),
        (lengths_between("partition", 3, 4), {"partition": "aws"}, {"partition": "aws-cn"},
         ("3 to 4 characters", "aws-cn")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("spelled", ["as declared", "as categories"])
def test_every_expectation_says_what_was_expected_and_what_was_observed(expect, good, bad, said, spelled):
    def row(values):
        return values if isinstance(values, dict) else dict(zip(expect.facts, values, strict=True))

    nulls = [{**row(good), name: None} for name in expect.facts]
    tables = _registries(row(good), row(bad), *nulls)
    if spelled == "as categories":
        text = [one for one in expect.facts if pd.api.types.is_string_dtype(tables["registries"][one].dtype)]
        tables["registries"] = tables["registries"].astype(dict.fromkeys(text, "category"))
    check = _check(expect=expect, message="no")
    result = _judge(check, tables)

    assert _nonzero(result) == {"pass": 1, "fail": 1, "unknown": len(nulls)}
    finding, *unknown = result.findings
    assert (finding.fact, finding.expected, finding.observed) == (expect.facts[0], *said)
    assert "unknown" in {unknown[0].observed, unknown[0].expected}
    assert [holds(expect, one) for one in (row(good), row(bad), *nulls)] == [True, False, *[None] * len(nulls)]


def test_the_kept_validation_result_is_a_sentence_about_facts():
    check = _check(id="limits.rules", expect=at_most("rule_count", "rules_limit"), when=("is_source",))
    rows = [{"is_source": n > 0, "rule_count": n, "rules_limit": 3} for n in range(6)]
    (validation,) = evaluate([check], _registries(*rows), _context()).validations
    (result,) = validation["results"]
    assert (validation["table"], validation["when"]) == ("registries", ["is_source"])
    assert result["expectation_config"]["description"] == "rule_count: at most rules_limit"
    assert result["expectation_config"]["kwargs"]["column_A"] == "rules_limit"
    assert result["result"]["element_count"] == 5
    assert result["result"]["unexpected_list"] == [[3, 4], [3, 5]]
