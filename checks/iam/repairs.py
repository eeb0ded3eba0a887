"""Corrected statements of a registry policy: each function fixes one mistake and leaves the rest as it was written.

A result of None means that a person must decide; an empty one, that nothing would remain of the statement.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from checks.iam.actions import meant_action, unknown_actions
from checks.iam.condition_keys import NEVER_SENT
from checks.iam.parse import read_statement
from checks.iam.principals import Kind
from checks.iam.request import CREATE, REPLICATE, Registry
from checks.iam.resources import resource_problems

Statement = Mapping[str, Any]

_NAME = re.compile(r"[a-z0-9*?][a-z0-9*?._/-]*")
"""What can follow `repository/` in an ARN: a repository name with wildcards."""

_ORGANIZATION_KEY = "aws:PrincipalOrgID"
_ACCOUNT_KEY = "aws:PrincipalAccount"


def with_own_resources(statement: Statement, registry: Registry) -> Statement | None:
    """The Allow statement with every ARN that cannot match a repository of *registry* rewritten.

    The repository part is kept. None where the ARN has none, or the statement is a Deny, which would take effect.
    """
    if statement.get("Effect") != "Allow" or "Resource" not in statement:
        return None
    corrected = [own_resource(text, registry) for text in _listed(statement["Resource"])]
    if None in corrected:
        return None
    return {**statement, "Resource": _shortest(corrected)}


def own_resource(text: Any, registry: Registry) -> str | None:
    """The ARN of *registry* that a Resource entry *text* probably means; itself if it is right; None: not clear."""
    if not isinstance(text, str):
        return None
    alone = read_statement({"Effect": "Allow", "Principal": "*", "Action": REPLICATE, "Resource": text}, 1)
    if not alone.resources.problems and not resource_problems(alone.resources, registry).both:
        return text
    _, found, name = text.partition("repository/")
    if not found:
        last = text.rpartition(":")[2]
        # `repository*` matches every repository; a bare `team/*` lacks its `repository/`.
        name = last.removeprefix("repository") or "*"
    return f"{registry.arn_head}{name}" if _NAME.fullmatch(name) else None


def with_satisfiable_conditions(statement: Statement, organization: str, *, internal: bool | None) -> Statement | None:
    """The statement without conditions on keys that replication never sends, limited in another way instead.

    Where only accounts of *organization* are allowed (*internal*), it gets the condition that the caller belongs to
    it; the accounts of an `aws:SourceAccount` become those of `aws:PrincipalAccount` where the principal is everyone.
    None where no such key is the cause, or nothing would limit the statement any more.
    """
    condition = statement.get("Condition") or {}
    kept, accounts = _without_never_sent(condition)
    if kept == condition:
        return None
    repaired = {name: value for name, value in statement.items() if name != "Condition"}
    principals = read_statement(statement, 1).principals
    if principals.everyone and accounts:
        kept = _with_condition(kept, _ACCOUNT_KEY, accounts)
    if organization and (internal or (principals.everyone and internal is None)):
        kept = _with_condition(kept, _ORGANIZATION_KEY, [organization])
    if principals.everyone and not kept:
        return None
    return {**repaired, "Condition": kept} if kept else repaired


def _without_never_sent(condition: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The condition without those keys where they must be present, and the accounts that it named through them."""
    kept: dict[str, Any] = {}
    accounts: list[str] = []
    for operator, block in condition.items():
        if operator == "Null" or operator.endswith("IfExists") or not isinstance(block, Mapping):
            kept[operator] = block
            continue
        rest = {key: values for key, values in block.items() if key.lower() not in NEVER_SENT}
        if operator in ("StringEquals", "StringEqualsIgnoreCase"):
            accounts += [
                str(value)
                for key, values in block.items()
                if key.lower() == "aws:sourceaccount"
                for value in _listed(values)
            ]
        if rest:
            kept[operator] = rest
    return kept, accounts


def with_account_principals(statement: Statement, partition: str, allowed: Collection[str]) -> Statement | None:
    """The Allow statement with roles and users replaced by their accounts, which replication acts for.

    A whole account gets only the replication actions that the statement has. None where the principals name no account,
    or one of another partition: which account is meant, a person knows.
    """
    principals = read_statement(statement, 1).principals
    if statement.get("Effect") != "Allow" or principals.negated or not principals.readable:
        return None
    accounts = [
        entry.text if entry.kind is Kind.ACCOUNT else f"arn:{entry.partition or partition}:iam::{entry.account}:root"
        for entry in principals.entries
        if entry.account
    ]
    narrowed = with_replication_actions(statement, allowed)
    if not accounts or not narrowed or any(entry.elsewhere(partition) for entry in principals.entries):
        return None
    return {**narrowed, "Principal": {"AWS": _shortest(accounts)}}


def with_replication_actions(statement: Statement, allowed: Collection[str]) -> Statement | None:
    """The statement reduced to the actions that replication needs, and those that it names literally and *allowed* has.

    Empty where nothing remains. None where the actions cannot be read.
    """
    element = read_statement(statement, 1).actions
    if element.problems:
        return None
    both = [action for action in (REPLICATE, CREATE) if _any_matches(element.globs, action) is not element.negated]
    literal = () if element.negated else element.texts
    known = {action.lower(): action for action in allowed}
    named = [known[text.lower()] for text in literal if text.lower() in known]
    actions = list(dict.fromkeys((*both, *named)))
    if not actions:
        return {}
    kept = {name: value for name, value in statement.items() if name not in ("Action", "NotAction")}
    return {**kept, "Action": _shortest(actions)}


def with_known_actions(statement: Statement, allowed: Collection[str]) -> Statement | None:
    """The statement without actions that ECR does not have; those that resemble one are replaced by it.

    Empty where nothing remains. None where a person must decide: a Deny or NotAction that would take effect, actions
    that cannot be read, and an Allow of more than *allowed*.
    """
    element = read_statement(statement, 1).actions
    unknown = unknown_actions(element)
    if element.problems or not unknown or element.negated or statement.get("Effect") != "Allow":
        return None
    meant = {text: meant_action(text) for text in unknown}
    if any(action and action not in allowed for action in meant.values()):
        return None
    actions = list(dict.fromkeys(filter(None, (meant.get(text, text) for text in element.texts))))
    return {**statement, "Action": _shortest(actions)} if actions else {}


def _any_matches(globs: Collection[Any], action: str) -> bool:
    return any(glob.matches(action.lower()) for glob in globs)


def without_accounts(statement: Statement, outside: Collection[str]) -> Statement | None:
    """The statement without principals of the accounts *outside*. Empty where no principal remains.

    None where the principals do not name those accounts one by one: everyone, or NotPrincipal.
    """
    principals = read_statement(statement, 1).principals
    named = {entry.account for entry in principals.entries}
    if principals.everyone or not principals.readable or not named & {*outside}:
        return None
    members = statement["Principal"]
    kept = {
        kind: [text for text in _listed(texts) if _account_of(kind, text) not in outside]
        for kind, texts in (members.items() if isinstance(members, Mapping) else ())
    }
    remaining = {kind: _shortest(texts) for kind, texts in kept.items() if texts}
    return {**statement, "Principal": remaining} if remaining else {}


def _account_of(kind: str, text: Any) -> str:
    entries = read_statement({"Effect": "Allow", "Principal": {kind: text}}, 1).principals.entries
    return entries[0].account if entries else ""


def bounded_to(statement: Statement, organization: str) -> Statement | None:
    """The statement limited to callers of *organization*. None without one, or where it already names another."""
    condition = statement.get("Condition") or {}
    if not organization or not isinstance(condition, Mapping):
        return None
    block = condition.get("StringEquals") or {}
    if any(key.lower() == _ORGANIZATION_KEY.lower() for key in block):
        return None
    return {**statement, "Condition": _with_condition(condition, _ORGANIZATION_KEY, [organization])}


def _with_condition(condition: Mapping[str, Any], key: str, values: list[str]) -> dict[str, Any]:
    block = condition.get("StringEquals") or {}
    if any(present.lower() == key.lower() for present in block):
        return dict(condition)
    return {**condition, "StringEquals": {**block, key: _shortest(values)}}


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _shortest(values: Collection[Any]) -> Any:
    """The members without repetitions; a single member not as a list."""
    members = list(dict.fromkeys(values))
    return members[0] if len(members) == 1 else members
