"""What holds for every check, and the data-only cases of each."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml

import checks as package
from checks.baseline.schema import Baseline
from checks.catalog import CHECKS, GROUPS, find
from checks.engine.evaluation import evaluate
from checks.engine.findings import DEFECT
from checks.engine.text import fields
from checks.model import Check, Finding, RemediationContext, Severity, Status
from checks.remediation.changes import validate
from checks.tables import TABLES, WAIVERS, Column, Type
from tests.checks.frames import frame
from tests.checks.remediation.words import arguments_of

CASES = Path(__file__).parents[1] / "cases"
HEADINGS = [
    "## What it checks",
    "## Why it matters",
    "## How to fix",
    "## Limits of this check",
    "## References",
]
CASE_KEYS = {
    "name", "row", "status", "severity", "changes", "arguments", "safe", "message_contains", "manual_contains",
    "registries", "baseline", "organization",
}  # fmt: skip

REGISTRY = {
    "partition": "aws",
    "destinations_present": 3,
    "destinations_limit": 25,
    "destination_headroom": 22,
    "replication_configuration": '{"rules": []}',
    "registry_policy": "",
    "policy_scope": "V2",
    "scanning_configuration": '{"scanType": "BASIC", "rules": []}',
    "templates": "[]",
}

every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def module_of(check: Check):
    group, _, slug = check.id.partition(".")
    return importlib.import_module(f"checks.{group}.{slug.replace('-', '_')}")


def cases_of(check: Check) -> list[dict]:
    group, _, slug = check.id.partition(".")
    document = yaml.safe_load((CASES / group / f"{slug}.yaml").read_text(encoding="utf-8"))
    return document["cases"]


def context_of(case: dict) -> RemediationContext:
    registries = {
        (account, region): {**REGISTRY, "account": account, "region": region}
        for account in ("111111111111", "222222222222")
        for region in ("eu-west-1", "eu-central-1")
    }
    for place, columns in case.get("registries", {}).items():
        account, region = place.split("/")
        registries[account, region] = {**REGISTRY, "account": account, "region": region, **columns}
    return RemediationContext(
        baseline=Baseline.model_validate(case.get("baseline", {})),
        organization=case.get("organization", "o-exampleorg1"),
        registries=registries,
    )


def test_ids_and_aliases_name_one_check_each():
    names = [name for check in CHECKS for name in (check.id, *check.aliases)]
    shared = {name for name in names if names.count(name) > 1}
    # DST-12 of the catalogue speaks about the keys of templates and of repositories: two tables, hence two checks.
    # DST-16 speaks about a copy's lifecycle policy and about a registry's list of principals, likewise.
    assert shared <= {"DST-12", "DST-16"}
    assert len({check.id for check in CHECKS}) == len(CHECKS)


def test_every_module_of_a_group_is_in_the_catalogue():
    root = Path(package.__path__[0])
    declaring = [path for path in root.rglob("*.py") if "\nCHECK = Check(\n" in path.read_text(encoding="utf-8")]
    modules = {".".join(path.relative_to(root).with_suffix("").parts).replace("_", "-") for path in declaring}
    assert modules == {check.id for check in CHECKS}


def test_reports_list_group_after_group():
    assert list(dict.fromkeys(check.group for check in CHECKS)) == list(GROUPS)
    assert [check.group for check in CHECKS] == sorted((check.group for check in CHECKS), key=list(GROUPS).index)


def test_every_case_file_belongs_to_a_check():
    files = {f"{group}.{path.stem}" for group in GROUPS for path in (CASES / group).glob("*.yaml")}
    assert files == {check.id for check in CHECKS}


def test_checks_are_found_by_id_alias_and_pattern():
    assert [check.id for check in find("rules.link-declared")] == ["rules.link-declared"]
    assert [check.id for check in find("rpl-02")] == ["rules.link-declared"]
    assert {check.group for check in find("rules.*")} == {"rules"}
    assert find("RPL-0") == ()


def test_the_catalogue_imports_nothing_heavy():
    code = (
        "import sys, checks.catalog;"
        "heavy = {'pandas', 'numpy', 'great_expectations', 'boto3', 'botocore', 'weasyprint'};"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    seen = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == ""


@every_check
def test_one_slug_names_id_module_and_case_file(check):
    module = module_of(check)
    declared = [name for name, value in vars(module).items() if isinstance(value, Check)]
    assert declared == ["CHECK"]
    assert module.CHECK is check
    assert check.group in GROUPS
    assert re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)*", check.id)
    assert (CASES / check.group / f"{check.id.partition('.')[2]}.yaml").exists()


@every_check
def test_the_docstring_is_a_complete_page(check):
    page = module_of(check).__doc__
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert headings == HEADINGS
    parts = re.split(r"^## .*$", page, flags=re.MULTILINE)
    assert all(len(part.strip()) > 40 for part in parts[1:])
    assert "https://" in parts[-1]
    assert page.splitlines()[0].endswith(".")


@every_check
def test_metadata_is_complete(check):
    assert check.title
    assert not check.title.endswith(".")
    assert check.aliases
    assert all(re.fullmatch(r"[A-Z]{3}-\d\d", alias) for alias in check.aliases)
    # Waivers are judged over files and findings: nothing is asked of AWS.
    assert check.permissions or check.table is WAIVERS
    assert all(re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", permission) for permission in check.permissions)
    assert check.controls
    assert check.at in (("source", "destination") if check.table.two_sided else ("",))
    assert check.table in TABLES
    # The reason of an UNKNOWN row is data: reports group by it.
    assert ": " not in check.unknown
    assert ":because}" not in check.unknown
    assert not {"account", "region", "source_account", "destination_account"} & set(fields(check.unknown_reason))


@every_check
def test_every_column_that_it_names_is_declared(check):
    names = [*check.expect.facts, *check.when, *check.evidence, *fields(check.expect.expected)]
    names += [check.graded] if check.graded else []
    names += [name for template in (check.message, check.unknown, check.table.label) for name in fields(template)]
    assert set(names) <= set(check.table.names)
    assert all(check.table.column(name).type is Type.BOOLEAN for name in check.when)
    assert not check.graded or check.table.column(check.graded).type is Type.TEXT


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_keys_and_identities_are_columns_of_their_table(table):
    assert {*table.key, *table.identity} <= set(table.names)


@every_check
def test_the_cases_are_complete(check):
    cases = cases_of(check)
    assert {"pass", "fail", "unknown"} <= {case["status"] for case in cases}
    assert not check.when or "not_applicable" in {case["status"] for case in cases}
    assert all(set(case) <= CASE_KEYS for case in cases)
    names = [case["name"] for case in cases]
    assert len(set(names)) == len(names)
    assert all("changes" in case for case in cases if case["status"] == "fail")


@cache
def _judged(check_id: str, setting: str) -> tuple[dict[str, Finding], dict[Status, int]]:
    """Every case of a check with the same setting, in one evaluation: findings by case name, and the counts."""
    (check,) = find(check_id)
    cases = [case for case in cases_of(check) if _setting(case) == setting]
    named = Column("case", Type.TEXT, "Name of the case")
    table = replace(check.table, key=(*check.table.key, "case"), columns=(*check.table.columns, named))
    rows = frame(table, [{**case["row"], "case": case["name"]} for case in cases])
    result = evaluate([replace(check, table=table)], {table.name: rows}, context_of(cases[0])).results[0]
    assert result.error == ""
    return {finding.key["case"]: finding for finding in result.findings}, dict(result.counts)


def _setting(case: dict) -> str:
    return json.dumps([case.get(name) for name in ("registries", "baseline", "organization")], default=str)


@every_check
def test_as_many_rows_of_each_status_as_the_cases_say(check):
    expected = Counter((_setting(case), case["status"]) for case in cases_of(check))
    for setting in {setting for setting, _ in expected}:
        _, counts = _judged(check.id, setting)
        assert {status.value: count for status, count in counts.items() if count} == {
            status: count for (own, status), count in expected.items() if own == setting
        }


@pytest.mark.parametrize(
    ("check", "case"),
    [pytest.param(check, case, id=f"{check.id}: {case['name']}") for check in CHECKS for case in cases_of(check)],
)
def test_case(check, case):
    finding = _judged(check.id, _setting(case))[0].get(case["name"])

    if case["status"] in ("pass", "not_applicable"):
        assert finding is None
        return
    assert finding is not None
    assert finding.status is Status(case["status"])
    assert DEFECT not in finding.evidence
    assert not re.search(r"\b(None|nan|NaT|True|False|<NA>)\b", finding.message), finding.message
    assert case.get("message_contains", "") in finding.message
    if finding.status is Status.UNKNOWN:
        assert finding.remediation is None
        return
    assert not re.search(r"\bunknown\b|\[\"", finding.message), finding.message
    assert finding.severity is Severity(case.get("severity", check.severity))
    _judge_remedy(finding.remediation, case)


def _judge_remedy(remediation, case):
    assert remediation.summary.endswith(".")
    assert remediation.changes or remediation.manual
    assert [change.kind for change in remediation.changes] == case["changes"]
    for change in remediation.changes:
        validate(change)
    assert remediation.safe is case.get("safe", False)
    assert not remediation.safe or remediation.changes
    texts = [remediation.summary, *remediation.manual]
    assert not any(re.search(r"\b(None|nan|True|False)\b", text) for text in texts), texts
    assert case.get("manual_contains", "") in " ".join(remediation.manual)
    for name, value in case.get("arguments", {}).items():
        asked = [arguments_of(change) for change in remediation.changes]
        assert [one[name] for one in asked if name in one][:1] == [value]
