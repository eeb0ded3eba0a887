"""Policies to compare with the audit's permissions: a dated copy of parts of AWS managed policies, or a user's
document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from checks.iam.patterns import compile_glob

MANAGED = ("SecurityAudit", "ViewOnlyAccess", "ReadOnlyAccess", "AmazonEC2ContainerRegistryReadOnly")
"""AWS managed policies of which a copy is included."""

_ALLOW, _DENY = "Allow", "Deny"


class NotAPolicyError(ValueError):
    """The document is not a valid IAM policy; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy statement, reduced to what determines whether an action is allowed."""

    effect: str
    patterns: tuple[str, ...]
    """Patterns of action names."""
    inverted: bool
    """Whether the statement applies to every action except those (NotAction)."""
    everywhere: bool
    """Whether it applies to every resource and has no condition."""

    def about(self, action: str) -> bool:
        """Whether the statement applies to *action*. Action names are not case-sensitive."""
        return self.inverted != any(compile_glob(one.lower()).matches(action.lower()) for one in self.patterns)


@dataclass(frozen=True, slots=True)
class PolicySource:
    """A policy with its origin."""

    name: str
    origin: str
    """Its origin as text: version, date, source."""
    rules: tuple[Rule, ...]

    def allows(self, action: str) -> bool | None:
        """Whether the policy allows *action*; None where that depends on resources or conditions."""
        hits = [rule for rule in self.rules if rule.about(action)]
        if any(rule.effect == _DENY and rule.everywhere for rule in hits):
            return False
        allowing = [rule for rule in hits if rule.effect == _ALLOW]
        if not allowing:
            return False
        if any(rule.effect == _DENY for rule in hits) or not any(rule.everywhere for rule in allowing):
            return None
        return True


def managed_policy(name: str) -> PolicySource:
    """The copy of the AWS managed policy *name*, one of `MANAGED`."""
    copied = _copies()["policies"][name]
    origin = f"version {copied['version']} of {copied['created']}, copied from {copied['source']}"
    return PolicySource(name, origin, (Rule(_ALLOW, tuple(copied["actions"]), inverted=False, everywhere=True),))


def copied_services() -> tuple[str, ...]:
    """IAM prefixes of the services whose actions the copies contain."""
    return tuple(_copies()["services"])


@cache
def _copies() -> dict[str, Any]:
    text = resources.files("audit.iam_policies").joinpath("managed_policies.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def read_policy(name: str, text: str) -> PolicySource:
    """A policy document, bare or as `aws iam get-policy-version` prints it. NotAPolicyError for anything else."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAPolicyError(f"{name} is not JSON: {error}") from error
    if isinstance(document, dict) and isinstance(document.get("PolicyVersion"), dict):
        document = document["PolicyVersion"].get("Document")
    statements = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise NotAPolicyError(f"{name} is not a valid policy document: it has no Statement")
    rules = tuple(_rule(f"{name}, statement {number}", one) for number, one in enumerate(statements, 1))
    return PolicySource(name, "the document as given", rules)


def _rule(where: str, statement: Any) -> Rule:
    if not isinstance(statement, Mapping) or statement.get("Effect") not in (_ALLOW, _DENY):
        raise NotAPolicyError(f"{where}: Effect is neither Allow nor Deny")
    if ("Action" in statement) == ("NotAction" in statement):
        raise NotAPolicyError(f"{where}: it needs either Action or NotAction")
    inverted = "NotAction" in statement
    if "Principal" in statement or "NotPrincipal" in statement:
        raise NotAPolicyError(
            f"{where}: it has a Principal; this is a resource-based policy, not an identity-based one"
        )
    if ("Resource" in statement) == ("NotResource" in statement):
        raise NotAPolicyError(f"{where}: it needs either Resource or NotResource")
    resources_ = tuple(_texts(f"{where}: Resource", statement.get("Resource", [])))
    return Rule(
        effect=statement["Effect"],
        patterns=tuple(_texts(f"{where}: Action", statement["NotAction" if inverted else "Action"])),
        inverted=inverted,
        everywhere="*" in resources_ and not statement.get("Condition"),
    )


def _texts(where: str, value: Any) -> Iterator[str]:
    values: Iterable[Any] = [value] if isinstance(value, str) else value
    if not isinstance(values, list):
        raise NotAPolicyError(f"{where} is neither a string nor a list of strings")
    for one in values:
        if not isinstance(one, str):
            raise NotAPolicyError(f"{where} contains a value that is not a string")
        yield one
