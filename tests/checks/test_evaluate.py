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

from checks.baseline import Baseline
from checks.changes import RemoveStatement
from checks.evaluate import evaluate
from checks.findings import DEFECT
from checks.model import Check, Expectation, Remedy, RemedyContext, Severity, Status, fingerprint, in_set, is_true
from checks.tables import GRANTS, LINKS, REGISTRIES, REPLICAS, RULES
from tests.checks.frames import frame


def _advice(row, context):
    return Remedy(
        summary=f"Mend {row['account']}.",
        edits=(RemoveStatement(account=row["account"], region=row["region"], statement=1),),
    )


def _check(**changes) -> Check:
    values = {
        "id": "limits.example",
        "aliases": ("XXX-01",),
        "title": "An example holds",
        "severity": Severity.MEDIUM,
        "table": REGISTRIES,
        "judged": "rules_comfortable",
        "expect": is_true(),
        "message": "{account} has {rule_count:count rule}",
        "remedy": _advice,
        "unknown": "{account} could not be read",
    }
    return Check(**{**values, **changes})


def _context(**baseline) -> RemedyContext:
    return RemedyContext(baseline=Baseline.model_validate(baseline))


def _registries(*rows) -> dict[str, pd.DataFrame]:
    accounts = [{"account": f"{number:012}", **row} for number, row in enumerate(rows, 1)]
    return {"registries": frame(REGISTRIES, accounts)}


def _judge(check, tables, **baseline):
    return evaluate([check], tables, _context(**baseline)).results[0]


def _nonzero(result) -> dict[str, int]:
    return {str(status): count for status, count in result.counts.items() if count}


def test_each_row_gets_one_of_the_four_answers():
    check = _check(when="is_source", evidence=("rule_count",))
    tables = _registries(
        {"is_source": True, "rules_comfortable": True},
        {"is_source": True, "rules_comfortable": False, "rule_count": 30},
        {"is_source": True, "rules_comfortable": None},
        {"is_source": False, "rules_comfortable": False},
        {"is_source": False, "rules_comfortable": None},
        {"is_source": None, "rules_comfortable": True},
        {"is_source": None, "rules_comfortable": False},
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
    assert failed.evidence == {"rules_comfortable": False, "rule_count": 30}
    assert failed.fingerprint == fingerprint(check.id, {"account": "000000000002", "region": "eu-west-1"})
    assert failed.remedy.summary == "Mend 000000000002."
    assert unknown.message == "000000000003 could not be read"
    assert unknown.evidence == {"rules_comfortable": None, "rule_count": None}
    assert unknown.remedy is None


def test_of_several_conditions_one_false_outweighs_an_unknown_one():
    check = _check(when="is_source and is_destination")
    tables = _registries(
        {"is_source": True, "is_destination": True, "rules_comfortable": False},
        {"is_source": False, "is_destination": None, "rules_comfortable": False},
        {"is_source": None, "is_destination": True, "rules_comfortable": False},
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
        ({"judged": "no_such_column"}, "no column no_such_column"),
        ({"when": "no_such_condition"}, "no column no_such_condition"),
        ({"when": "partition"}, "column partition of table registries is not boolean"),
        ({"expect": Expectation("expect_nothing_of_the_kind")}, "expect_nothing_of_the_kind not found"),
        ({"expect": Expectation("expect_column_values_to_be_in_set", {"set": [1]})}, "value_set"),
        ({"expect": Expectation("expect_column_values_to_match_regex", {"regex": "("})}, "missing )"),
        (
            {"judged": "rule_count", "expect": Expectation("expect_column_max_to_be_between", {"max_value": 0})},
            "does not name the rows",
        ),
    ],
)
def test_a_broken_check_is_named_and_the_others_go_on(broken, named):
    judged = {"judged": "partition"} if "match_regex" in str(broken) else {}
    checks = [
        _check(id="limits.before"),
        _check(id="limits.broken", **{**judged, **broken}),
        _check(id="limits.after", judged="is_source"),
    ]
    tables = _registries({"partition": "aws", "is_source": False, "rules_comfortable": False, "rule_count": 1})
    before, result, after = evaluate(checks, tables, _context()).results

    assert _nonzero(before) == _nonzero(after) == {"fail": 1}
    assert _nonzero(result) == {"error": 1}
    assert result.status is Status.ERROR
    assert named in result.error
    (finding,) = result.findings
    assert finding.status is Status.ERROR
    assert finding.message == f"the check could not be carried out: {result.error}"
    assert finding.remedy is None
    assert finding.fingerprint == fingerprint("limits.broken", {})


def test_a_suite_that_breaks_as_a_whole_is_tried_check_by_check(monkeypatch):
    from checks import evaluate as module

    real = module._run

    def breaks_in_company(session, table, sound, expectations):
        if any(each.check.id == "limits.poison" for each in sound):
            raise RuntimeError("the engine fell over")
        return real(session, table, sound, expectations)

    monkeypatch.setattr(module, "_run", breaks_in_company)
    checks = [_check(id="limits.good"), _check(id="limits.poison"), _check(id="limits.fine")]
    good, poison, fine = evaluate(checks, _registries({"rules_comfortable": True}), _context()).results
    assert good.status is fine.status is Status.PASS
    assert poison.error == "RuntimeError: the engine fell over"


def test_a_table_that_was_not_built_is_an_error_of_its_checks():
    first, second = evaluate([_check(), _check(id="rules.example", table=RULES)], _registries({}), _context()).results
    assert first.status is Status.UNKNOWN
    assert second.error == "there is no table rules"


def test_a_missing_key_column_is_an_error():
    tables = {"registries": _registries({"rules_comfortable": False})["registries"].drop(columns="region")}
    assert _judge(_check(), tables).error == "table registries has no column region"


def _raises(row, context):
    raise LookupError("no such advice")


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        ("remedy", {"remedy": _raises}),
        ("message", {"message": "{no_such_column}"}),
        ("message", {"message": "{partition:names}"}),
        ("grade", {"graded": "partition"}),
        ("evidence", {"evidence": ("no_such_column",)}),
    ],
)
def test_a_broken_part_leaves_the_finding_and_is_told(part, broken):
    result = _judge(_check(**broken), _registries({"rules_comfortable": False, "partition": "aws", "rule_count": 1}))

    assert _nonzero(result) == {"fail": 1}
    (finding,) = result.findings
    assert finding.status is Status.FAIL
    assert finding.evidence[DEFECT].startswith(f"the {part} could not be worked out (")
    assert finding.message
    assert finding.severity is Severity.MEDIUM
    assert (finding.remedy is None) is (part == "remedy")


@pytest.mark.parametrize(
    ("graded", "cell", "baseline", "expected"),
    [
        ("", None, {}, Severity.MEDIUM),
        ("rules_grade", "informational", {}, Severity.INFORMATIONAL),
        ("rules_grade", None, {}, Severity.MEDIUM),
        ("rules_grade", "", {}, Severity.MEDIUM),
        ("rules_grade", "high", {"limits.example": "low"}, Severity.LOW),
        ("", None, {"limits.example": "critical"}, Severity.CRITICAL),
        ("", None, {"XXX-01": "critical"}, Severity.CRITICAL),
    ],
)
def test_severity_is_the_baselines_then_the_grade_then_the_checks(graded, cell, baseline, expected):
    context = RemedyContext(baseline=Baseline.model_construct(severity={k: Severity(v) for k, v in baseline.items()}))
    tables = _registries({"rules_comfortable": False, "rules_grade": cell, "rule_count": 1})
    (finding,) = evaluate([_check(graded=graded)], tables, context).results[0].findings
    assert finding.severity is expected


@pytest.mark.parametrize(
    ("at", "place"),
    [("source", ("111111111111", "eu-west-1")), ("destination", ("222222222222", "eu-central-1"))],
)
def test_a_finding_of_a_two_sided_table_lies_where_the_check_says(at, place):
    check = _check(
        table=LINKS,
        judged="present",
        at=at,
        message="no",
        remedy=lambda row, context: Remedy("Mend it.", manual=("x",)),
    )
    (finding,) = _judge(check, {"links": frame(LINKS, [{"present": False}])}).findings
    assert (finding.account, finding.region) == place
    assert finding.resource == "111111111111/eu-west-1 → 222222222222/eu-central-1"


def test_values_become_python_values_once():
    row = {"images_missing": 2, "oldest_missing_pushed_at": pd.Timestamp("2026-11-01T10:00:00Z"), "matched": True}
    check = _check(
        table=REPLICAS,
        judged="images_missing",
        expect=in_set(0),
        at="source",
        message="{images_missing:count image} since {oldest_missing_pushed_at}",
        evidence=("oldest_missing_pushed_at", "matched", "images_in_flight", "repository"),
        remedy=lambda row, context: Remedy(json.dumps(dict(row))),
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
    assert json.loads(finding.remedy.summary)["images_missing"] == 2


def test_rows_that_read_alike_keep_their_own_types():
    check = _check(judged="rules_comfortable", message="{rule_count}", evidence=("rule_count", "is_source"))
    rows = [{"rules_comfortable": False, "rule_count": n, "is_source": bool(n)} for n in (1, 0, 1)]
    findings = _judge(check, _registries(*rows)).findings
    assert [finding.message for finding in findings] == ["1", "0", "1"]
    assert findings[0].evidence == {"rules_comfortable": False, "rule_count": 1, "is_source": True}
    assert [type(value) for value in findings[1].evidence.values()] == [bool, int, bool]


@pytest.mark.parametrize("dtype", ["boolean", "object", "category", "bool"])
def test_every_spelling_of_a_boolean_column_is_judged_alike(dtype):
    table = _registries({"rule_count": 1}, {"rule_count": 2})["registries"]
    table["rules_comfortable"] = pd.Series([True, False], dtype="boolean").astype(dtype)
    result = _judge(_check(), {"registries": table})
    assert _nonzero(result) == {"pass": 1, "fail": 1}
    assert result.findings[0].account == "000000000002"
    assert result.findings[0].evidence == {"rules_comfortable": False}


def test_the_index_of_the_table_plays_no_part():
    table = _registries({"rules_comfortable": True}, {"rules_comfortable": False, "rule_count": 1})["registries"]
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
            "rules_comfortable": pd.Series(verdict, dtype="boolean"),
            "is_source": pd.Series(applies, dtype="boolean"),
            "rule_count": pd.Series(generator.integers(1, 40, count), dtype="Int64"),
        }
    )
    evaluation = evaluate(
        [_check(when="is_source"), _check(id="limits.other", judged="is_source")], {"registries": table}, _context()
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

    (validation,) = evaluation.validations
    lists = [v for each in validation["results"] for v in each["result"].values() if isinstance(v, list)]
    assert max(len(members) for members in lists) == 20
    counted = {each["expectation_config"]["meta"]["check"]: each["result"] for each in validation["results"]}
    assert counted["limits.example"]["unexpected_count"] == int(failed.sum())
    assert counted["limits.example"]["element_count"] == count
    assert len(json.dumps(validation)) < 20_000


def test_validation_results_are_json_and_name_no_path_of_this_machine():
    checks = [
        _check(),
        _check(
            id="limits.broken",
            judged="partition",
            expect=Expectation("expect_column_values_to_match_regex", {"regex": "("}),
        ),
    ]
    tables = _registries({"partition": "aws", "rules_comfortable": False, "rule_count": 1})
    (validation,) = evaluate(checks, tables, _context()).validations
    text = json.dumps(validation)
    assert validation["table"] == "registries"
    assert validation["success"] is False
    assert "site-packages" not in text
    assert "missing )" in text


def test_results_keep_the_order_of_the_checks_over_several_tables():
    checks = [
        _check(id="rules.b", table=RULES, judged="filters_comfortable", message="no"),
        _check(id="limits.a"),
        _check(id="rules.a", table=RULES, judged="delete_replication", message="no"),
    ]
    tables = {**_registries({"rules_comfortable": True}), "rules": frame(RULES, [{"filters_comfortable": True}])}
    evaluation = evaluate(checks, tables, _context())
    assert [result.check for result in evaluation.results] == ["rules.b", "limits.a", "rules.a"]
    assert sorted(validation["table"] for validation in evaluation.validations) == ["registries", "rules"]


def _grants(*statements: str | None) -> dict[str, pd.DataFrame]:
    rows = [{"statement": n, "statement_json": text, "arn_valid": False} for n, text in enumerate(statements, 1)]
    return {"grants": frame(GRANTS, rows)}


_STATEMENTS = _check(table=GRANTS, judged="arn_valid", message="no")


def _fingerprints(tables, check=_STATEMENTS) -> list[str]:
    return [finding.fingerprint for finding in _judge(check, tables).findings]


def test_what_moves_up_when_something_before_it_goes_keeps_its_name():
    first, second, third = _fingerprints(_grants('{"Sid":"a"}', '{"Sid":"b"}', '{"Sid":"c"}'))
    assert _fingerprints(_grants('{"Sid":"b"}', '{"Sid":"c"}')) == [second, third]
    assert first not in (second, third)
    (moved, _) = _judge(_STATEMENTS, _grants('{"Sid":"b"}', '{"Sid":"c"}')).findings
    assert moved.key == {"account": "111111111111", "region": "eu-west-1", "statement": 1}


def test_a_rule_is_the_same_rule_wherever_it_stands_and_however_its_switch_is_set():
    check = _check(table=RULES, judged="filters_comfortable", message="no")

    def rules(*places: str, switch: bool) -> dict[str, pd.DataFrame]:
        shape = {"prefixes": '["a/"]', "filters_comfortable": False, "delete_replication": switch}
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
    both["grants"]["arn_valid"] = pd.Series([True, False], dtype="boolean")
    assert _fingerprints(both) == [second]


def test_a_missing_column_of_the_identity_is_an_error():
    tables = {"grants": _grants("{}")["grants"].drop(columns="statement_json")}
    assert _judge(_STATEMENTS, tables).error == "table grants has no column statement_json"


def test_cycles_are_searched_for_again_after_the_findings_are_made():
    held = []
    check = _check(remedy=lambda row, context: held.append(gc.isenabled()) or Remedy("Mend it."))
    assert gc.isenabled()
    _judge(check, _registries({"rules_comfortable": False, "rule_count": 1}))
    assert held == [False]
    assert gc.isenabled()


def test_tables_are_not_changed():
    tables = _registries({"rules_comfortable": False, "rule_count": 1}, {"rules_comfortable": None})
    before = tables["registries"].copy(deep=True)
    _judge(_check(when="is_source"), tables)
    pd.testing.assert_frame_equal(tables["registries"], before)


def test_nothing_is_printed_and_analytics_are_off():
    code = (
        "import os, sys; os.environ['GX_ANALYTICS_ENABLED'] = 'true'\n"
        "from tests.checks.test_evaluate import _check, _registries, _judge\n"
        "result = _judge(_check(), _registries({'rules_comfortable': False, 'rule_count': 1}))\n"
        "assert result.status == 'fail' and os.environ['GX_ANALYTICS_ENABLED'] == 'false'\n"
    )
    root = Path(__file__).parents[2]
    seen = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, env=dict(os.environ))
    assert (seen.returncode, seen.stdout, seen.stderr) == (0, "", "")


def test_the_answer_of_a_whole_table_is_its_worst():
    result = _judge(_check(), _registries({"rules_comfortable": True}))
    for status in (Status.UNKNOWN, Status.FAIL, Status.ERROR):
        result = dataclasses.replace(result, counts={**result.counts, status: 1})
        assert result.status is status
