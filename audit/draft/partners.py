"""Accounts that policies admit and that are not known to be ours: candidates for trust, never trusted by themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from audit.draft.organization import Landscape
from audit.evidence import Evidence

_PRINCIPAL = re.compile(r"(?:arn:[a-z-]+:(?:iam|sts)::)?([0-9]{12})(?::.*)?", re.DOTALL)


def candidates(evidence: Evidence, known: Landscape) -> dict[str, tuple[str, ...]]:
    """Account id → the policies that allow it something. Where members are not known: every account but the own."""
    ours = known.members if known.members is not None else frozenset({evidence.caller_account, *known.accounts})
    found: dict[str, set[str]] = {}
    for owner, place, text in _policies(evidence):
        for account in _granted(text):
            if account != owner and account not in ours:
                found.setdefault(account, set()).add(place)
    return {account: tuple(sorted(found[account])) for account in sorted(found)}


def _policies(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    """(owning account, what it is, text) of every policy that was read."""
    for part in evidence.registries:
        account, region = part.registry.account, part.registry.region
        if part.registry.registry_policy:
            yield account, f"registry policy of {account}/{region}", part.registry.registry_policy
        columns = part.repositories
        for name, text in zip(columns["repository"], columns["repository_policy"], strict=True):
            if text:
                yield account, f"repository policy of {name} in {account}/{region}", text


def _granted(text: str) -> Iterator[str]:
    """Accounts that Allow statements name; a policy that is no JSON names none (the audit reports it)."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    statements = document.get("Statement") if isinstance(document, dict) else None
    for statement in _listed(statements):
        if isinstance(statement, dict) and statement.get("Effect") == "Allow":
            for principal in _principals(statement.get("Principal")):
                match = _PRINCIPAL.fullmatch(principal)
                if match:
                    yield match[1]


def _principals(value: Any) -> Iterator[str]:
    listed = _listed(value.get("AWS")) if isinstance(value, Mapping) else _listed(value)
    yield from (one for one in listed if isinstance(one, str))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
