"""Baselines: what is read, what is refused and in which words, and the schema for editors."""

from __future__ import annotations

import datetime as dt
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from checks.baseline.loading import example_baseline, load_baseline
from checks.baseline.schema import Baseline, baseline_schema
from checks.baseline.sections import Settings, Sources
from checks.baseline.yaml_reader import MAX_CHARACTERS, BaselineError, Problem, Reading

CASES = YAML(typ="safe", pure=True).load(Path(__file__).parents[2] / "cases" / "baseline" / "problems.yaml")
KNOWN_CHECKS = {"coverage.tags-agree": (), "grants.replication-allowed": ("GRT-01", "GRT-02")}


def problems_of(text: str, **options: Any) -> tuple[Problem, ...]:
    with pytest.raises(BaselineError) as caught:
        load_baseline(text, "baseline.yaml", **options)
    return caught.value.problems


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_problems(case: dict[str, Any]) -> None:
    problems = problems_of(case["text"], **({"known_checks": KNOWN_CHECKS} if "checks" in case["name"] else {}))
    said = [str(problem).removeprefix("baseline.yaml:") for problem in problems]
    if "contains" in case:
        assert any(case["contains"] in one for one in said), said
    else:
        assert said == case["problems"]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# nothing\n", "---\n", "\ufeff", "\ufeff# nothing\n", "{}", "null", "version: 1"]
)
def test_an_empty_file_is_the_defaults(text: str) -> None:
    assert load_baseline(text, "baseline.yaml") == Baseline()


def test_values_and_their_types() -> None:
    baseline = load_baseline(
        """\
version: 1
replication:
  - name: copies
    sources: {accounts: [048073078701, 111111111111, "222222222222"], repositories: [prod/, base]}
    destinations: [{account: 048073078701, region: eu-west-1}, {account: same, region: us-gov-west-1}]
    delete_replication: false
grants: {external_accounts: {048073078701: &why our partner, 111111111111: *why}}
settings:
  - repository_policy: {Version: 2012-10-17, Statement: {Effect: Deny, Principal: {AWS: "048073078701"}, Action: "*"}}
    tags: {"on": "yes", team: a}
severity: {rules.link-declared: low}
waivers: [{checks: ["r*"], reason: r, owner: o, until: 2026-12-31}]
""",
        "baseline.yaml",
    )
    [requirement] = baseline.replication
    assert requirement.sources == Sources(
        accounts=("048073078701", "111111111111", "222222222222"), repositories=("prod/", "base")
    )
    assert [one.account for one in requirement.destinations] == ["048073078701", "same"]
    assert requirement.delete_replication is False
    assert baseline.grants.external_accounts == {"048073078701": "our partner", "111111111111": "our partner"}
    assert baseline.settings[0].repository_policy == {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Principal": {"AWS": "048073078701"}, "Action": "*"},
    }
    assert baseline.severity["rules.link-declared"] == "low"
    assert baseline.waivers[0].until == dt.date(2026, 12, 31)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("~", None), ("True", True), ("FALSE", False), ("yes", "yes"), ("0o17", 15), ("017", 17), ("0x1F", 31),
        ("1_000", "1_000"), ("-3", -3), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("2026-11-23", "2026-11-23"),
        ("'1'", "1"), ("!!str 1", "1"), ("048073078701", "048073078701"), ("0480730787012", 480730787012),
        ("12:30", "12:30"), ("=", "="), ("1" * 30, "1" * 30), ("|\n  x\n", "x\n"),
    ],
)  # fmt: skip
def test_scalars_by_the_core_schema(written: str, value: object) -> None:
    root = Reading(f"key: {written}", "f").read()
    assert root is not None
    found = root.value["key"]
    assert (found, type(found)) == (value, type(value))


def test_billion_laughs() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    [problem] = problems_of("\n".join(lines))
    assert problem.message == "more than 100,000 values"


def test_too_large_and_too_deep() -> None:
    [problem] = problems_of("#" * (MAX_CHARACTERS + 1))
    assert problem.message == "the file has 1,048,577 characters, and at most 1,048,576 are allowed"
    assert load_baseline("#" * MAX_CHARACTERS, "baseline.yaml") == Baseline()
    [problem] = problems_of("severity: " + "[" * 200_000)
    assert problem.message == "values are nested more than 40 deep"


def test_keys_from_the_file_cannot_steer_a_terminal() -> None:
    [problem] = problems_of('"a\\nb\\e[31m": 1')
    assert str(problem).startswith("baseline.yaml:1:1: 'a\\nb\\x1b[31m': unknown key (")


def test_policy_that_ecr_would_refuse() -> None:
    [problem] = problems_of(f"settings: [{{repository_policy: {{Statement: [{{Sid: {'x' * 11_000}}}]}}}}]")
    assert problem.message == "the document has 11,026 characters, AWS accepts 10,240"
    assert problem.path == "settings[0].repository_policy"


def test_the_words_of_the_exception() -> None:
    with pytest.raises(BaselineError) as caught:
        load_baseline("".join(f"k{number}: 1\n" for number in range(60)), "b.yaml")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("b.yaml:1:1: k0: unknown key (")
    assert len(lines) == 51
    assert lines[-1] == "… and 10 more problems"
    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems


def test_example_loads_and_shows_every_key() -> None:
    text = example_baseline()
    baseline = load_baseline(text, "baseline.example.yaml")
    assert baseline.replication
    schema = baseline_schema()
    for name, model in {"Baseline": schema, **schema["$defs"]}.items():
        for key in model.get("properties", ()):
            assert f"{key}:" in text, f"{name}.{key} is missing from the example"


def plain(text: str) -> Any:
    root = Reading(text, "f").read()
    return root.value if root else None


def test_schema() -> None:
    schema = baseline_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"].startswith("urn:")
    for model in (schema, *schema["$defs"].values()):
        assert model["description"]
        for key, field in model.get("properties", {}).items():
            resolved = schema["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else field
            assert resolved.get("description"), key
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    validator.validate(plain(example_baseline()))
    validator.validate({})
    for wrong in (
        {"versoin": 1},
        {"version": 2},
        {"grants": {"external_accounts": {"123": "partner"}}},
        {"replication": [{"name": "a", "destinations": [{"account": 111111111111, "region": "eu-west-1"}]}]},
    ):
        assert not validator.is_valid(wrong), wrong


MODELS = (baseline_schema(), *baseline_schema()["$defs"].values())
KEYS = sorted({key for model in MODELS for key in model.get("properties", ())})
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 200) | TEXT
    | st.sampled_from(["same", "eu-west-1", "111111111111", "IMMUTABLE", ""]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(KEYS) | TEXT, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
VALIDATOR = jsonschema.Draft202012Validator(baseline_schema())


def loaded(text: str) -> Baseline | BaselineError:
    try:
        return load_baseline(text, "baseline.yaml", known_checks=KNOWN_CHECKS)
    except BaselineError as error:
        return error


def flow(value: object) -> str:
    """*value* as YAML on one line, text in double quotes with escapes that YAML knows."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(character):08x}" for character in value) + '"'
    return json.dumps(value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5))
def test_what_the_loader_reads_the_schema_accepts(document: dict[str, Any]) -> None:
    text = flow(document)
    assert plain(text) == document
    outcome = loaded(text)
    if isinstance(outcome, BaselineError):
        assert outcome.problems
        assert all(problem.message and problem.line == 1 for problem in outcome.problems)
    else:
        VALIDATOR.validate(document)


ACCOUNT = st.from_regex("[0-9]{12}", fullmatch=True)
REGION = st.sampled_from(["eu-west-1", "us-gov-east-1", "cn-north-1"])
ACCOUNTS, REGIONS = (st.lists(one, max_size=3) for one in (ACCOUNT, REGION))
PREFIXES = st.lists(st.from_regex("[a-z0-9]{1,5}[/._-][a-z]{0,3}", fullmatch=True), max_size=3)
LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=","), min_size=1, max_size=9)
GOOD = st.fixed_dictionaries(
    {},
    optional={
        "version": st.just(1),
        "replication": st.lists(
            st.fixed_dictionaries(
                {
                    "name": st.from_regex("[A-Za-z0-9 →/]{1,9}", fullmatch=True),
                    "destinations": st.lists(
                        st.fixed_dictionaries({"account": ACCOUNT, "region": st.just("us-west-2")}), min_size=1
                    ),
                },
                optional={
                    "sources": st.fixed_dictionaries(
                        {}, optional={"accounts": ACCOUNTS, "regions": REGIONS, "repositories": PREFIXES}
                    ),
                    "delete_replication": st.none() | st.booleans(),
                },
            ),
            max_size=3,
            unique_by=lambda requirement: requirement["name"],
        ),
        "grants": st.fixed_dictionaries({"external_accounts": st.dictionaries(ACCOUNT, LINE, max_size=3)}),
        "severity": st.dictionaries(LINE, st.sampled_from(["low", "critical"]), max_size=2),
        "waivers": st.lists(
            st.fixed_dictionaries(
                {
                    # A pattern of every check needs `allow_broad`.
                    "checks": st.lists(LINE.filter(lambda name: "*" not in name), min_size=1),
                    "reason": LINE,
                    "owner": LINE,
                    "until": st.dates().map(dt.date.isoformat),
                }
            ),
            max_size=2,
        ),
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(GOOD)
def test_what_the_schema_accepts_the_loader_reads(document: dict[str, Any]) -> None:
    VALIDATOR.validate(document)
    baseline = load_baseline(flow(document), "baseline.yaml")
    assert json.loads(baseline.model_dump_json(exclude_unset=True)) == document


YAML_LIKE = st.lists(
    st.sampled_from(["\n", "  ", "- ", ": ", "[", "]", "{", "}", ",", "&a ", "*a", "!!str ", "!x ", "|", ">", "?", "'",
                     '"', "\\", "%YAML 1.2", "---", "...", "#", "\t", "\ufeff", "\x00", "\u2028", "<<", "~", "1e400",
                     "048073078701", "\\U00110000", "\\xZZ", *KEYS])
    | st.text(max_size=4),
    max_size=25,
).map("".join)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(), YAML_LIKE, YAML_LIKE.map(lambda text: f"replication:\n  - {text}")))
def test_loading_raises_nothing_but_baseline_errors(text: str) -> None:
    outcome = loaded(text)
    if isinstance(outcome, BaselineError):
        assert outcome.problems
        for problem in outcome.problems:
            assert problem.line >= 1
            assert problem.column >= 1
            assert len(str(problem).splitlines()) == 1


def test_ruamel_is_imported_only_to_read() -> None:
    code = "import checks.baseline.schema, sys; sys.exit('ruamel.yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_models_built_in_code_are_checked_too() -> None:
    with pytest.raises(ValidationError, match="needs `mutability_exclusions`"):
        Settings(tag_mutability="IMMUTABLE_WITH_EXCLUSION")
