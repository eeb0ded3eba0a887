from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.model import Finding, Script, Severity, Status, WaiverMark
from checks.remediation import commands, plan, script_for
from tests.checks.remediation.test_shell import HOSTILE
from tests.checks.remediation.words import (
    OTHER,
    REGION,
    SOURCE,
    adding,
    change,
    context,
    finding,
    granting,
    registry,
    removing,
    rule,
)

A, B = "111111111111/eu-central-1", "222222222222/eu-west-1"
BOTH = context(registry(rules=[rule(A, prefixes=["base/"], delete=True)]), registry(OTHER))


def names(scripts: Iterable[Script]) -> list[str]:
    return [script.name for script in scripts]


def documents(script: str, name: str) -> list[Any]:
    """Every JSON document that a script writes to its file *name*."""
    found = []
    for piece in script.split(f"document {name} <<'JSON'\n")[1:]:
        found.append(json.loads(piece.split("\nJSON\n")[0]))
    return found


def parses(text: str, folder: Path) -> bool:
    path = folder / "script.sh"
    path.write_text(text)
    return subprocess.run(["bash", "-n", str(path)], capture_output=True, check=False).returncode == 0


def test_what_receives_comes_first_and_what_is_taken_away_last() -> None:
    findings = [
        finding(removing(A)),
        finding(adding(B, prefixes=["prod/"]), change("backfill.start", account=OTHER, region=REGION)),
        finding(granting(SOURCE, "prod/")),
        finding(change("repository.tag-mutability", OTHER, repository="a/b", seen="MUTABLE", mutability="IMMUTABLE")),
    ]
    scripts = plan(findings, BOTH)
    assert names(scripts) == [
        "10-grants-and-templates-222222222222-eu-west-1.sh",
        "20-rules-111111111111-eu-west-1.sh",
        "30-backfill-111111111111-eu-west-1.sh",
        "40-repositories-222222222222-eu-west-1.sh",
        "50-narrowing-111111111111-eu-west-1.sh",
    ]
    assert names(scripts) == sorted(names(scripts))
    assert [len(script.findings) for script in scripts] == [1, 1, 1, 1, 1]


def test_a_document_is_put_once_per_stage_with_every_fix_and_every_rule() -> None:
    findings = [
        finding(adding(B, prefixes=["prod/"])),
        finding(adding(B, prefixes=["team/"])),
        finding(change("replication.set-delete", rule=1, enabled=False)),
        finding(removing(A)),
    ]
    first, last = plan(findings, BOTH)
    between = [rule(A, prefixes=["base/"], delete=False), rule(B, prefixes=["prod/", "team/"])]
    assert documents(first.text, "replication.json") == [{"rules": between}]
    assert documents(last.text, "replication.json") == [{"rules": between[1:]}]
    assert len(first.findings) == 3


def test_letting_deletions_through_waits_until_the_end() -> None:
    seen = context(registry(rules=[rule(A)]))
    assert names(plan([finding(change("replication.set-delete", rule=1, enabled=True))], seen)) == [
        "50-narrowing-111111111111-eu-west-1.sh"
    ]


def test_additions_that_only_fit_after_a_removal_share_its_put() -> None:
    full = [rule(*(f"4000000000{number:02}/eu-west-1" for number in range(25)))]
    (script,) = plan([finding(adding(B)), finding(removing("400000000000/eu-west-1"))], context(registry(rules=full)))
    assert script.name.startswith("20-")
    (document,) = documents(script.text, "replication.json")
    assert len(document["rules"][0]["destinations"]) == 25


def test_a_policy_is_narrowed_last_and_repaired_first() -> None:
    statements = [
        {"Sid": "Wide", "Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "ecr:*", "Resource": "*"},
        {"Sid": "Wrong", "Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "ecr:*", "Resource": "arn:x"},
    ]
    seen = context(registry(OTHER, policy=json.dumps({"Version": "2012-10-17", "Statement": statements})))
    narrow = {**statements[0], "Action": "ecr:ReplicateImage"}
    repair = {**statements[1], "Resource": "*"}
    findings = [
        finding(change("policy.replace-statement", OTHER, statement=number, replacement=one))
        for number, one in enumerate((narrow, repair), 1)
    ]
    first, last = plan(findings, seen)
    (between,), (final,) = (documents(one.text, "registry-policy.json") for one in (first, last))
    assert [one["Action"] for one in between["Statement"]] == ["ecr:*", "ecr:*"]
    assert [one["Action"] for one in final["Statement"]] == ["ecr:ReplicateImage", "ecr:*"]
    assert [one["Resource"] for one in final["Statement"]] == ["*", "*"]


def test_a_finding_is_mended_as_a_whole_or_not_at_all() -> None:
    unread = context(registry(), {**registry(OTHER), "registry_policy": None})
    both = finding(granting(SOURCE, ""), adding(B), resource="the link")
    scripts = plan([both, finding(adding(A))], unread)
    assert names(scripts) == ["20-rules-111111111111-eu-west-1.sh", "60-manual-222222222222-eu-west-1.sh"]
    assert B.split("/")[0] not in scripts[0].text
    assert "could not be read" in scripts[1].refused[0]
    assert "the link" in scripts[1].text
    assert commands(both, unread) == ""
    assert "could not be read" in script_for(both, unread).refused[0]


def test_the_last_statement_is_left_to_a_person() -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow"}})
    (script,) = plan(
        [finding(change("policy.remove-statement", OTHER, statement=1))], context(registry(OTHER, policy=policy))
    )
    assert script.name.startswith("60-manual")
    assert "delete-registry-policy" in script.refused[0]


def test_a_backfill_needs_a_rule_now_or_in_the_same_plan() -> None:
    start = finding(change("backfill.start", account=OTHER, region=REGION))
    assert "no rule has the destination" in plan([start], BOTH)[0].refused[0]
    assert "30-backfill" in names(plan([start, finding(adding(B))], BOTH))[1]


def test_only_failures_without_a_waiver_are_mended() -> None:
    waiver = WaiverMark("reason", "owner", "2027-01-01")
    findings = [finding(adding(B), waiver=waiver), finding(adding(B), status=Status.UNKNOWN)]
    assert plan(findings, BOTH) == ()


def test_safe_is_said_only_of_scripts_that_are_safe_throughout() -> None:
    role, copy = change("account.service-linked-role"), adding(B)
    assert plan([finding(role, safe=True)], BOTH)[0].safe
    assert not plan([finding(role, safe=True), finding(copy, safe=False)], BOTH)[0].safe


def test_steps_for_a_person_are_told_and_never_run(tmp_path: Path) -> None:
    steps = ["Delete $(touch owned) `it`; then", "aws ecr delete-repository --force"]
    (script,) = plan([finding(manual=steps, resource="x'y")], BOTH)
    assert script.manual
    done = subprocess.run(["bash", "-c", script.text], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "delete-repository --force" in done.stdout
    assert list(tmp_path.iterdir()) == []
    one = commands(finding(adding(B), manual=steps), BOTH)
    assert next(line for line in one.splitlines() if "delete-repository" in line).startswith("# - ")


def test_an_edit_that_changes_nothing_is_not_printed() -> None:
    (script,) = plan([finding(adding(A, prefixes=["base/x"]))], BOTH)
    assert "already has it" in script.refused[0]


def test_one_finding_may_need_two_accounts() -> None:
    text = commands(finding(adding(B), granting(SOURCE, "")), BOTH)
    assert text.index("Part 1 of 2: account 222222222222") < text.index("Part 2 of 2: account 111111111111")


def test_a_misshapen_change_is_a_mistake_of_the_program() -> None:
    wrong = replace(adding(f"{OTHER}/{REGION}"), prefixes=None)  # type: ignore[arg-type] # what a row may say
    with pytest.raises(ValueError, match=r"replication\.add.*prefixes"):
        plan([finding(wrong)], BOTH)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_value_breaks_the_syntax_of_a_script(text: str, tmp_path: Path) -> None:
    statement = {"Sid": text, "Effect": "Deny", "Principal": "*", "Action": "ecr:DeleteRepository"}
    policy = json.dumps({"Version": "2012-10-17", "Id": text, "Statement": [{**statement, "Resource": "*"}]})
    put = json.dumps({"Id": text, "Statement": [statement]})
    template = {"appliedFor": ["REPLICATION"], "description": text, "resourceTags": [{"Key": text, "Value": text}]}
    seen = context(registry(OTHER, policy=policy + f"\n{text}"[:0]))
    findings = [
        finding(granting(SOURCE, ""), resource=text, manual=[text]),
        finding(change("template.create", OTHER, prefix="prod", template=template), check=f"x.{text}"),
        finding(change("repository.create", OTHER, repository="a/b", tags={text: text})),
        finding(change("repository.policy", OTHER, repository="a/b", seen=text, policy=put)),
    ]
    scripts = plan(findings, seen)
    assert [script.refused for script in scripts] == [()] * len(scripts)
    assert len(scripts) == 3
    for script in scripts:
        assert parses(script.text, tmp_path)
    assert documents(scripts[0].text, "template.json")[0]["description"] == text
    assert documents(scripts[0].text, "repository.json")[0]["tags"] == [{"Key": text, "Value": text}]
    assert documents(scripts[0].text, "registry-policy.json")[0]["Id"] == text
    for one in findings:
        assert parses(commands(one, seen), tmp_path)


@given(st.permutations(range(6)))
def test_the_order_of_findings_makes_no_difference(order: list[int]) -> None:
    findings = [
        finding(adding(B, prefixes=["prod/"]), granting(SOURCE, "prod/"), check="rules.a"),
        finding(adding(B, prefixes=["prod/api"], delete=True), check="rules.b"),
        finding(change("replication.remove-rule", rule=1), manual=["Look."], check="rules.c"),
        finding(granting(SOURCE, "base/"), check="grants.a"),
        finding(change("repository.lifecycle", OTHER, repository="a/b", seen="", policy="x"), check="settings.a"),
        finding(change("repository.retag", repository="a/b", digest="x", tag="y"), check="coverage.a"),
    ]
    assert plan([findings[place] for place in order], BOTH) == plan(findings, BOTH)


def test_one_reason_is_told_once_for_all_that_it_leaves_out() -> None:
    full = context(registry(rules=[rule(*(f"4000000000{number:02}/eu-west-1" for number in range(25)))]))
    findings = [finding(adding(B, prefixes=[f"team-{number}/"]), resource=f"link {number}") for number in range(9)]
    (script,) = plan(findings, full)
    (reason,) = script.refused
    assert reason.startswith("rules.required-link-present, link 0; ")
    assert "and 4 more: the registry would have 26 unique destinations" in reason


def test_what_is_so_already_does_not_keep_the_rest_of_a_finding_from_being_mended() -> None:
    policy = granted(SOURCE)
    seen = context(registry(rules=[rule(A)]), registry(OTHER, policy=policy))
    both = finding(granting(SOURCE, "prod/"), adding(B, prefixes=["prod/"]))
    (script,) = plan([both], seen)
    assert script.name.startswith("20-rules")
    assert script.findings == (both.fingerprint,)
    nothing = plan([finding(granting(SOURCE, "prod/"), adding(A))], seen)
    assert ["already has it" in script.refused[0] for script in nothing] == [True, True]


def granted(source: str) -> str:
    (script,) = plan([finding(granting(source, ""))], BOTH)
    return json.dumps(documents(script.text, "registry-policy.json")[0])


def test_waived_findings_are_mended_only_where_asked_for() -> None:
    waiver = WaiverMark("reason", "owner", "2027-01-01")
    assert len(plan([finding(adding(B), waiver=waiver)], BOTH, waived=True)) == 1


def test_steps_for_a_person_are_told_once_for_all_who_need_them() -> None:
    steps = ["Look at it.", "Decide."]
    (script,) = plan([finding(manual=steps, resource=name) for name in ("one", "two")], BOTH)
    assert script.text.count("Look at it.") == 2  # as a comment, and said
    assert "rules.required-link-present, one; rules.required-link-present, two:" in script.text
    assert len(script.manual) == 2


def test_of_fixes_that_contend_the_more_severe_findings_holds() -> None:
    def policy(severity: Severity, text: str) -> Finding:
        wish = change("repository.policy", OTHER, repository="a/b", seen="", policy=text)
        return replace(finding(wish, check=f"settings.{severity.value}"), severity=severity)

    statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
    texts = [json.dumps({"Statement": {**statement, "Sid": sid}}) for sid in ("a", "b")]
    low, high = policy(Severity.LOW, texts[0]), policy(Severity.HIGH, texts[1])
    for findings in ([low, high], [high, low]):
        script, manual_steps = plan(findings, BOTH)
        assert script.findings == (high.fingerprint,)
        assert "audit again after its fix" in manual_steps.refused[0]


@pytest.mark.parametrize(("setting", "printed"), [("", True), (None, True), ("enabled", False), ("disabled", False)])
def test_a_scan_that_the_organization_forbids_to_change_is_left_to_a_person(setting: str | None, printed: bool):
    seen = context(registry(OTHER, inspector_policy_setting=setting))
    scanning = finding(change("scanning.cover", OTHER, prefixes=["prod/"], type="", frequency=""))
    scripts = plan([scanning], seen)
    assert any("put-registry-scanning-configuration" in script.text for script in scripts) is printed
    assert any("Inspector policy" in reason for script in scripts for reason in script.refused) is not printed


def test_a_document_that_aws_rejects_is_explained_instead_of_printed() -> None:
    policy = json.dumps({"rules": [{"rulePriority": 1, "selection": {}, "action": {"type": "delete"}}]})
    one = finding(change("repository.lifecycle", OTHER, repository="a/b", seen="", policy=policy))
    (script,) = plan([one], BOTH)
    assert script.name == f"60-manual-{OTHER}-{REGION}.sh"
    assert "put-lifecycle-policy" not in script.text
    assert "AWS would reject the lifecycle policy: rules[0].selection: `tagStatus` is missing" in script.text
    assert "correct it where it comes from" in script.refused[0]
    assert commands(one, BOTH) == ""
