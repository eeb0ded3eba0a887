"""Changes of an account, or of one Region of it, outside the documents of its registry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from checks.changes import AccountChange, CreateServiceLinkedRole, ExcludePullTime, PutFailureRule, SetAccountSetting
from checks.remediation import queries
from checks.remediation.changes import Stage, once
from checks.remediation.merge_result import CannotApplyError, Merged, merge_one_by_one
from checks.remediation.shell import file, in_work, line
from checks.remediation.steps import Asked, Needed, Step, Words, adding, asking, changing

FAILURE_RULE = "ecr-replication-failed"
"""Name of the EventBridge rule."""

FAILURE_PATTERN: Mapping[str, Any] = {
    "source": ["aws.ecr"],
    "detail-type": ["ECR Replication Action"],
    "detail": {"result": ["FAILED"]},
}
"""What the rule matches. Source: EventBridge reference, events-ref-ecr."""

_SETTINGS = {
    "REGISTRY_POLICY_SCOPE": ("V2",),
    "BLOB_MOUNTING": ("ENABLED", "DISABLED"),
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE",),
}
"""Values that PutAccountSetting accepts (ECR API reference)."""

_PRINCIPAL = re.compile(r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@-]+(/[A-Za-z0-9_+=,.@-]+)*")
"""PrincipalArn of the ECR service model."""

MOST_EXCLUSIONS = 100
_EXCLUDE = Needed("register-pull-time-update-exclusion", "principalArn", "December 2025")
_EXCLUSIONS: Words = ("aws", "ecr", "list-pull-time-update-exclusions")


def merge(changes: Iterable[AccountChange], exclusions: str | None) -> Merged[tuple[AccountChange, ...]]:
    """The changes that AWS would accept; *exclusions*: JSON list of excluded principals as audited; None: not read."""
    known = set(json.loads(exclusions or "[]"))
    settings: dict[str, str] = {}

    def apply(_: None, change: AccountChange) -> None:
        if isinstance(change, SetAccountSetting):
            _check_setting(change, settings)
        if isinstance(change, ExcludePullTime):
            _check_principal(change.principal, known)

    wanted = once(changes)
    merged = merge_one_by_one(None, wanted, apply)
    return Merged(tuple(change for change in wanted if change in merged.applied), merged.applied, merged.refused)


def account_step(change: AccountChange) -> Step:
    """The step that makes one change of an account."""
    match change:
        case SetAccountSetting():
            return _setting(change)
        case ExcludePullTime():
            return _exclusion(change)
        case PutFailureRule():
            return _failure_rule()
        case CreateServiceLinkedRole():
            return _role()


def _check_setting(change: SetAccountSetting, settings: dict[str, str]) -> None:
    name, value = change.name, change.value
    if value not in _SETTINGS.get(name, ()):
        raise CannotApplyError(f"AWS accepts no account setting {name} = {value}")
    if change.seen == value:
        raise CannotApplyError(f"nothing to change: {name} was already {value} at the time of the audit")
    if settings.setdefault(name, value) != value:
        raise CannotApplyError(f"two findings require different values of the account setting {name}")


def _check_principal(principal: str, known: set[str]) -> None:
    if len(principal) > 200 or not _PRINCIPAL.fullmatch(principal):
        raise CannotApplyError(f"AWS excludes only IAM role and user ARNs from pull-time updates, not {principal!r}")
    if len({*known, principal}) > MOST_EXCLUSIONS:
        raise CannotApplyError(
            f"the registry would have {len({*known, principal})} pull-time exclusions, AWS allows {MOST_EXCLUSIONS}; "
            "first remove one that is no longer needed"
        )
    known.add(principal)


def _role() -> Step:
    """Create the service-linked role that replication acts as, where it is missing."""
    name = "AWSServiceRoleForECRReplication"
    read = ("aws", "iam", "get-role", "--role-name", name, "--query", "Role.RoleName", "--output", "text")
    test = line("exists", "NoSuchEntity", *read)
    return adding(
        stage=Stage.RULES,
        order=0,
        title=f"Service-linked role {name}",
        wanted=Asked((), test, (test,), frozenset({"exists"})),
        write=("aws", "iam", "create-service-linked-role", "--aws-service-name", "replication.ecr.amazonaws.com"),
    )


def _setting(change: SetAccountSetting) -> Step:
    name, value = change.name, change.value
    read: Words = ("aws", "ecr", "get-account-setting", "--name", name)
    return changing(
        stage=Stage.NARROWING,
        # After the registry policy: a statement without effect under one scope may grant access under another.
        order=9,
        title=f"Account setting {name}: {value}",
        what=f"The account setting {name}",
        # `left` is not 0 where an earlier step was skipped: under another scope, a policy that should have been
        # narrowed
        # may grant access that it did not grant before.
        prepare=('[ "${left:-0}" = 0 ] || fail 5 "Deferred: an earlier step was skipped."',),
        before=asking(f"setting-{name}-seen", queries.setting_is(change.seen), read),
        wanted=asking(f"setting-{name}-wanted", queries.setting_is(value), read),
        write=("aws", "ecr", "put-account-setting", "--name", name, "--value", value),
    )


def _exclusion(change: ExcludePullTime) -> Step:
    principal = change.principal
    return adding(
        stage=Stage.REPOSITORIES,
        order=9,
        title=f"Pull-time exclusion of {principal}",
        wanted=asking("exclusion-wanted", queries.excluded(principal), _EXCLUSIONS),
        write=("aws", "ecr", "register-pull-time-update-exclusion", f"--principal-arn={principal}"),
        needs=(_EXCLUDE,),
    )


def _failure_rule() -> Step:
    """Put the rule; an existing rule of this name with another pattern stays as it is."""
    request = {
        "Name": FAILURE_RULE,
        "Description": "Replication of a container image into this registry failed",
        "EventPattern": json.dumps(FAILURE_PATTERN),
        "State": "ENABLED",
    }
    # Rules are listed, not described: a missing rule is then an empty list and not an error.
    question = f"Rules[?Name == '{FAILURE_RULE}'] | [0].[State, EventPattern]"
    listed: Words = ("aws", "events", "list-rules", "--name-prefix", FAILURE_RULE)
    read = ("none", *listed, "--query", question, "--output", "json")
    uses = frozenset({"fetch", "same", "alike", "document"})
    return changing(
        stage=Stage.REPOSITORIES,
        order=10,
        title=f"EventBridge rule {FAILURE_RULE} (add a target manually: without one, no notification is sent)",
        what=f"The EventBridge rule {FAILURE_RULE}",
        files=(
            file("failure-rule.json", json.dumps(request, indent=2), "JSON"),
            file("failure-rule-seen", "null", "TEXT"),
            file("failure-rule-wanted", json.dumps(["ENABLED", json.dumps(FAILURE_PATTERN)]), "TEXT"),
        ),
        prepare=(line("fetch", *read),),
        before=Asked((), "same failure-rule-seen", (), uses),
        wanted=Asked((), "alike failure-rule-wanted", (line("reads_alike", "failure-rule-wanted", *read),), uses),
        write=("aws", "events", "put-rule", "--cli-input-json", in_work("failure-rule.json")),
    )
