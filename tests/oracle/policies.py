"""Policies as AWS evaluates them, restated from AWS's documents: who is meant, which conditions hold, what is allowed.

Answers are True, False or None (not documented, or not known). Nothing here is shared with the program: this is what
the random worlds compare it with.

Sources: IAM user guide, "Policy evaluation logic", "AWS global condition context keys" and "IAM JSON policy elements:
Condition operators"; ECR user guide, "Private registry permissions".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

Answer = bool | None
ABSENT, UNKNOWN, FOREIGN = "<absent>", "<unknown>", "<of no organization that is known>"
"""Values of a condition key: not sent, not documented, and the organization of an account that is no member."""
ANYONE = "<any principal of the account>"
"""ARN of a caller of which only the account is known."""
ABSENT_OR_FALSE = "<absent or false>"
NOW = "2026-11-23T02:00:00Z"
"""The present of every world."""

ECR_ACTIONS = (
    "BatchCheckLayerAvailability",
    "BatchDeleteImage",
    "BatchGetImage",
    "BatchGetRepositoryScanningConfiguration",
    "BatchImportUpstreamImage",
    "CompleteLayerUpload",
    "CreateRepository",
    "DeleteLifecyclePolicy",
    "DeleteRepository",
    "DeleteRepositoryPolicy",
    "DescribeImages",
    "DescribeRepositories",
    "GetDownloadUrlForLayer",
    "GetLifecyclePolicy",
    "GetRepositoryPolicy",
    "InitiateLayerUpload",
    "ListImages",
    "ListTagsForResource",
    "PutImage",
    "PutImageTagMutability",
    "PutLifecyclePolicy",
    "ReplicateImage",
    "SetRepositoryPolicy",
    "TagResource",
    "UntagResource",
    "UpdateImageStorageClass",
    "UploadLayerPart",
)


@dataclass(frozen=True)
class Caller:
    """One principal that calls ECR."""

    account: str
    arn: str
    organization: str
    """Its organization's id, or ABSENT, or FOREIGN."""
    path: str = ""
    """Its place as `aws:PrincipalOrgPaths` spells it."""


def any_of(answers: Iterable[Answer]) -> Answer:
    """True if one is, else None if one is, else False."""
    found = list(answers)
    return True if True in found else None if None in found else False


def all_of(answers: Iterable[Answer]) -> Answer:
    """False if one is, else None if one is, else True."""
    found = list(answers)
    return False if False in found else None if None in found else True


def opposite(answer: Answer) -> Answer:
    """True for False and the other way round."""
    return None if answer is None else not answer


def listed(value: Any) -> list[Any]:
    """A value that AWS accepts alone or in a list, as a list."""
    return list(value) if isinstance(value, list) else [value]


def statements(text: str) -> list[dict[str, Any]]:
    """The statements of a policy; none of an empty text."""
    return [] if not text else listed(json.loads(text)["Statement"])


@cache
def like(pattern: str, text: str) -> bool:
    """Whether *text* matches a pattern with `*` and `?`."""
    parts = {"*": ".*", "?": "."}
    return re.fullmatch("".join(parts.get(one, re.escape(one)) for one in pattern), text, re.DOTALL) is not None


def has_action(statement: Mapping[str, Any], action: str) -> bool:
    """Whether *statement* is about *action* (`ecr:ReplicateImage`); case makes no difference."""
    element = listed(statement.get("Action", statement.get("NotAction")))
    found = any(like(one.lower(), action.lower()) for one in element)
    return found if "Action" in statement else not found


def has_resource(statement: Mapping[str, Any], arn: str) -> Answer:
    """Whether *statement* is about the resource *arn*; a repository policy names none and is about its repository."""
    if "Resource" not in statement and "NotResource" not in statement:
        return True
    element = listed(statement.get("Resource", statement.get("NotResource")))
    found = any_of(one == "*" or arn_like(one, arn) for one in element)
    return found if "Resource" in statement else opposite(found)


def arn_like(pattern: str, arn: str) -> Answer:
    """Whether an ARN matches a pattern, field by field; None: a wildcard is in the resource's type (`repository*`)."""
    left, right = pattern.split(":", 5), arn.split(":", 5)
    if len(left) != 6 or not all(like(one, other) for one, other in zip(left, right, strict=True)):
        return False
    return True if left[5].startswith("repository/") else None


def entries(statement: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The principals: (`everyone`, ""), (`account`, id), (`replication role`, account), (`principal`, ARN),
    (`service`, name) or (`nobody`, text)."""
    element = statement.get("Principal", statement.get("NotPrincipal"))
    if element == "*":
        return [("everyone", "")]
    found = []
    for kind, values in element.items():
        for value in listed(values):
            found.append(("service", value) if kind != "AWS" else _entry(value))
    return found


def _entry(value: str) -> tuple[str, str]:
    if value == "*":
        return "everyone", ""
    if re.fullmatch("[0-9]{12}", value):
        return "account", value
    found = re.fullmatch(r"arn:aws:iam::([0-9]{12}):(root|(?:role|user)/[\w+=,.@/-]+)", value)
    if found is None:
        return "nobody", value
    account, rest = found.groups()
    if rest == "root":
        return "account", account
    return ("replication role", account) if value == replication_role(account) else ("principal", value)


def replication_role(account: str) -> str:
    """The service-linked role as which the replication of *account* calls."""
    return f"arn:aws:iam::{account}:role/aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"


def meant(statement: Mapping[str, Any], caller: Caller) -> bool:
    """Whether *caller* is one of the principals."""
    found = False
    for kind, value in entries(statement):
        found = found or kind == "everyone" or (kind == "account" and value == caller.account)
        found = found or (kind == "principal" and value == caller.arn)
        found = found or (kind == "replication role" and replication_role(value) == caller.arn)
    return found if "Principal" in statement else not found


def condition_holds(statement: Mapping[str, Any], caller: Caller) -> Answer:
    """Whether all conditions of *statement* hold for a call of *caller*."""
    return all_of(
        _holds(operator, key, [str(one) for one in listed(values)], caller)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _holds(operator: str, key: str, values: list[str], caller: Caller) -> Answer:
    sent = _sent(key.lower(), caller)
    if sent == ABSENT_OR_FALSE:
        answers = {_compare(operator, values, one) for one in (ABSENT, "false")}
        return answers.pop() if len(answers) == 1 else None
    return _compare(operator, values, sent)


def _compare(operator: str, values: list[str], sent: str) -> Answer:
    base, if_exists = operator.removesuffix("IfExists"), operator.endswith("IfExists")
    base = base.partition(":")[2] or base
    negated = "Not" in base
    if base == "Null":
        return None if sent == UNKNOWN else (sent == ABSENT) == (values[0].lower() == "true")
    if sent == ABSENT:
        return if_exists or negated
    if sent == UNKNOWN:
        return None
    if sent == FOREIGN:
        # No member of the audited organization: whatever it belongs to, it is not that one.
        if if_exists and not negated:
            # It may also belong to none.
            return None
        others = [one for one in values if OURS not in one.lower()]
        return None if others else negated
    if base.startswith("Date"):
        return any(sent > one if base == "DateGreaterThan" else sent < one for one in values)
    exact = base in ("StringEquals", "StringNotEquals")
    if base == "Bool" or "IgnoreCase" in base:
        values, sent, exact = [one.lower() for one in values], sent.lower(), True
    found = any(one == sent if exact else like(one, sent) for one in values)
    return not found if negated else found


OURS = "o-exampleorg1"
"""Id of the audited organization in every random world."""


def _sent(key: str, caller: Caller) -> str:
    replication = caller.arn == replication_role(caller.account)
    if key == "aws:principalaccount":
        return caller.account
    if key == "aws:principalarn":
        return UNKNOWN if UNKNOWN in (caller.account, caller.arn) or caller.arn == ANYONE else caller.arn
    if key == "aws:principalorgid":
        return caller.organization
    if key == "aws:principalorgpaths":
        return caller.path or caller.organization
    if key in ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:principalservicename"):
        return ABSENT
    if key == "aws:currenttime":
        return NOW
    if key == "aws:multifactorauthpresent" and replication:
        return ABSENT_OR_FALSE
    if key == "aws:principalisawsservice":
        return "false"
    if key == "aws:viaawsservice":
        return "false" if replication else UNKNOWN
    if key == "aws:securetransport" and not replication:
        # A client can use TLS, and the question is what it can do.
        return "true"
    if key == "aws:username" and replication:
        return ABSENT
    return UNKNOWN


def applies(statement: Mapping[str, Any], action: str, arn: str, caller: Caller) -> Answer:
    """Whether *statement* matches the call, whatever its effect."""
    if not (has_action(statement, action) and meant(statement, caller)):
        return False
    return all_of((has_resource(statement, arn), condition_holds(statement, caller)))


def allowed(policies: Iterable[list[dict[str, Any]]], action: str, arn: str, caller: Caller) -> Answer:
    """Whether these resource policies together allow the call: a Deny in any of them precedes an Allow."""
    every = [one for policy in policies for one in policy]
    denies = any_of(applies(one, action, arn, caller) for one in every if one["Effect"] == "Deny")
    allows = any_of(applies(one, action, arn, caller) for one in every if one["Effect"] == "Allow")
    return all_of((allows, opposite(denies)))
