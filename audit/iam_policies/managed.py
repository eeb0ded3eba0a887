"""Policies to hold the audit's needs against: a dated copy of parts of AWS's own, or a document of the user's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from checks.iam.patterns import compile_glob

MANAGED = ("SecurityAudit", "ViewOnlyAccess", "ReadOnlyAccess", "AmazonEC2ContainerRegistryReadOnly")
"""AWS managed policies of which a copy is at hand."""

_ALLOW, _DENY = "Allow", "Deny"


class NotAPolicyError(ValueError):
    """The document is no IAM policy; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One statement, as far as it bears on whether an action is allowed at all."""

    effect: str
    patterns: tuple[str, ...]
    """Patterns of action names."""
    inverted: bool
    """Whether the statement is about every action but those."""
    everywhere: bool
    """Whether it holds for every resource and without condition."""

    def about(self, action: str) -> bool:
        """Whether the statement speaks of *action*. Names of actions know no case."""
        return self.inverted != any(compile_glob(one.lower()).matches(action.lower()) for one in self.patterns)


@dataclass(frozen=True, slots=True)
class PolicySource:
    """A policy with where it is from."""

    name: str
    origin: str
    """What is said about it in words: version, date, source."""
    rules: tuple[Rule, ...]

    def allows(self, action: str) -> bool | None:
        """Whether the policy allows *action*; None where resources or conditions decide."""
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
    """IAM prefixes of the services for which the copies can be asked."""
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
        raise NotAPolicyError(f"{name} is no policy document: it has no Statement")
    rules = tuple(_rule(f"{name}, statement {number}", one) for number, one in enumerate(statements, 1))
    return PolicySource(name, "the document as given", rules)


def _rule(where: str, statement: Any) -> Rule:
    if not isinstance(statement, Mapping) or statement.get("Effect") not in (_ALLOW, _DENY):
        raise NotAPolicyError(f"{where}: Effect is neither Allow nor Deny")
    if ("Action" in statement) == ("NotAction" in statement):
        raise NotAPolicyError(f"{where}: it needs either Action or NotAction")
    inverted = "NotAction" in statement
    if "Principal" in statement or "NotPrincipal" in statement:
        raise NotAPolicyError(f"{where}: it names a principal; this is a resource's policy, not a role's")
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
        raise NotAPolicyError(f"{where} is neither text nor a list of texts")
    for one in values:
        if not isinstance(one, str):
            raise NotAPolicyError(f"{where} holds something else than text")
        yield one
