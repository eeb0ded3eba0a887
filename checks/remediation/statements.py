"""Changes of one statement of a policy, independent of the rest of the document."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from checks.remediation.merge_result import CannotApplyError

Statement = Mapping[str, Any]

_GROUPS = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
"""Elements of which a statement has one or the other (IAM user guide, reference_policies_elements)."""

_FIELDS = ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
"""The order in which a statement is written."""

_ROOT = re.compile(r"(?:arn:[a-z0-9-]+:iam::)?([0-9]{12})(?::root)?")

Part = tuple[Hashable, ...]


def as_list(value: Any) -> list[Any]:
    """A policy element that may be one value or a list of them, as list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def from_list(values: Iterable[Any]) -> Any:
    """The shortest spelling of a list: its member where it has only one."""
    members = list(values)
    return members[0] if len(members) == 1 else members


def ordered(statement: Statement) -> dict[str, Any]:
    """*statement* with its elements in the usual order."""
    names = [name for name in _FIELDS if name in statement]
    return {name: statement[name] for name in (*names, *(name for name in statement if name not in _FIELDS))}


def accounts_granted(statement: Statement) -> tuple[str, ...] | None:
    """The accounts whose root the statement names, or None where it names another principal as well."""
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping) or set(principal) != {"AWS"}:
        return None
    matches = [_ROOT.fullmatch(str(member)) for member in as_list(principal["AWS"])]
    if not matches or any(match is None for match in matches):
        return None
    return tuple(match[1] for match in matches if match)


def merged_replacement(seen: Statement, replacements: Sequence[Statement]) -> dict[str, Any] | None:
    """*seen* with the differences of every replacement; None where no principal, action or resource remains.

    Each replacement was written against *seen*, by a check independent of the others: what one of them removed stays
    removed, what one of them added is added. Raises CannotApplyError where two disagree.
    """
    before = _parts(seen)
    afters = [_parts(replacement) for replacement in replacements]
    removed = {part for after in afters for part in before if part not in after}
    kept = [part for part in before if part not in removed]
    added = [part for after in afters for part in after if part not in before]
    parts = list(dict.fromkeys((*kept, *added)))
    _refuse_contradiction(parts)
    merged = _statement(parts)
    for positive, negative in _GROUPS:
        if positive not in merged and negative not in merged and (positive in seen or negative in seen):
            return None
    return merged


def is_narrowing(seen: Statement, replacement: Statement) -> bool:
    """Whether *replacement* only allows less than *seen*, and does not correct it to take effect."""
    if replacement.get("Effect") != seen.get("Effect") or _values(replacement, "Resource") != _values(seen, "Resource"):
        return False
    if not set(_conditions(seen)) <= set(_conditions(replacement)):
        return False
    before, after = _values(seen, "Principal"), _values(replacement, "Principal")
    return ("Principal", "AWS", "*") in before or "NotPrincipal" in seen or after <= before


def exempting(statement: Statement, source_account: str, partition: str) -> dict[str, Any]:
    """The Deny *statement*, exempting replication from *source_account*.

    It exempts only ECR's replication role of that account, the caller of every replication
    (ECR user guide, using-service-linked-roles), so users and pipelines stay denied.
    """
    if statement.get("Effect") != "Deny":
        raise CannotApplyError("the statement is not a Deny")
    role = (
        f"arn:{partition}:iam::{source_account}:role/aws-service-role/"
        "replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
    )
    condition = {operator: dict(keys) for operator, keys in (statement.get("Condition") or {}).items()}
    keys = condition.setdefault("ArnNotEquals", {})
    name = next((key for key in keys if key.lower() == "aws:principalarn"), "aws:PrincipalArn")
    exempt = as_list(keys[name]) if name in keys else []
    keys[name] = from_list(dict.fromkeys((*exempt, role)))
    return ordered({**statement, "Condition": condition})


def but_for_the_account(statement: Statement) -> frozenset[Part] | None:
    """*statement* without its Sid and the accounts it names; None where it names another principal as well."""
    if accounts_granted(statement) is None:
        return None
    return frozenset(part for part in _parts(statement) if part[0] not in ("Sid", "Principal"))


def _values(statement: Statement, name: str) -> set[Part]:
    return {part for part in _parts(statement) if part[0] in (name, f"Not{name}")}


def _conditions(statement: Statement) -> list[Part]:
    return [part for part in _parts(statement) if part[0] == "Condition"]


def _parts(statement: Statement) -> list[Part]:
    """Every single value of *statement*, in order: (element, path …, value)."""
    parts: list[Part] = []
    for name, value in ordered(statement).items():
        if name == "Condition" and isinstance(value, Mapping):
            parts += [
                (name, operator, key, _frozen(item))
                for operator, keys in value.items()
                for key, items in dict(keys).items()
                for item in as_list(items)
            ]
        elif name in ("Principal", "NotPrincipal"):
            # A bare "*" means the same as {"AWS": "*"} (IAM user guide, reference_policies_elements_principal).
            kinds = value if isinstance(value, Mapping) else {"AWS": value}
            parts += [(name, kind, _frozen(item)) for kind, items in kinds.items() for item in as_list(items)]
        else:
            several = name in ("Action", "NotAction", "Resource", "NotResource")
            parts += [(name, "", _frozen(item)) for item in (as_list(value) if several else [value])]
    return parts


def _frozen(value: Any) -> Hashable:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _refuse_contradiction(parts: Iterable[Part]) -> None:
    names = [part[0] for part in parts]
    for name in ("Sid", "Effect"):
        if names.count(name) > 1:
            raise CannotApplyError(
                f"two findings require different values of {name}; fix one, audit again, then fix the other"
            )
    for positive, negative in _GROUPS:
        if positive in names and negative in names:
            raise CannotApplyError(
                f"two findings require {positive} and {negative} in one statement; fix one, audit again, "
                "then fix the other"
            )


def _statement(parts: Iterable[Part]) -> dict[str, Any]:
    """The statement made of *parts*."""
    found: dict[str, Any] = {}
    for part in parts:
        name, value = str(part[0]), part[-1]
        if name == "Condition":
            found.setdefault(name, {}).setdefault(part[1], {}).setdefault(part[2], []).append(value)
        elif part[1]:
            found.setdefault(name, {}).setdefault(part[1], []).append(value)
        else:
            found.setdefault(name, []).append(value)
    return ordered({name: _shortened(value) for name, value in found.items()})


def _shortened(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _shortened(member) for key, member in value.items()}
    return from_list(value)
