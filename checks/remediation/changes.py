"""The order of changes, and which changes are equal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from enum import IntEnum
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from checks.changes import AnyChange, Change, Destination

if TYPE_CHECKING:
    from pydantic import TypeAdapter

OneKind = TypeVar("OneKind", bound=AnyChange)


class Stage(IntEnum):
    """When a change is made, over all registries: destinations must be ready before replication starts."""

    GRANTS = 10
    """Grants, creation templates, scanning, missing repositories: the receiving side.

    A rule that precedes its template creates repositories with default settings, and their encryption
    cannot be changed afterwards.
    """
    RULES = 20
    BACKFILL = 30
    REPOSITORIES = 40
    NARROWING = 50
    """Changes that remove something, once its replacement works."""


STAGES: Mapping[str, Stage] = MappingProxyType(
    {
        "replication.add": Stage.RULES,
        "replication.remove-destination": Stage.NARROWING,
        "replication.set-delete": Stage.RULES,
        "replication.remove-rule": Stage.NARROWING,
        "replication.replace-prefix": Stage.NARROWING,
        "replication.remove-duplicates": Stage.NARROWING,
        "policy.add-statement": Stage.GRANTS,
        "policy.remove-statement": Stage.NARROWING,
        "policy.replace-statement": Stage.GRANTS,
        "policy.narrow-deny": Stage.GRANTS,
        "template.create": Stage.GRANTS,
        "template.update": Stage.GRANTS,
        "scanning.cover": Stage.GRANTS,
        "repository.tag-mutability": Stage.REPOSITORIES,
        "repository.lifecycle": Stage.REPOSITORIES,
        "repository.policy": Stage.REPOSITORIES,
        "repository.create": Stage.GRANTS,
        "backfill.start": Stage.BACKFILL,
        "repository.tags": Stage.REPOSITORIES,
        "repository.retag": Stage.REPOSITORIES,
        "account.setting": Stage.NARROWING,
        "account.pull-time-exclusion": Stage.REPOSITORIES,
        "account.failure-rule": Stage.REPOSITORIES,
        "account.service-linked-role": Stage.RULES,
    }
)
"""Kind of a change → when it is made, unless its content says otherwise."""


def once(changes: Iterable[OneKind]) -> tuple[OneKind, ...]:
    """*edits* without repetitions, in the order of first mention."""
    found: dict[tuple[str, ...], OneKind] = {}
    for change in changes:
        found.setdefault(identity(change), change)
    return tuple(found.values())


def distinct(changes: Iterable[OneKind]) -> tuple[OneKind, ...]:
    """*edits* without repetitions, in a canonical order, so that they merge alike whatever the order of the input."""
    return tuple(sorted(once(changes), key=identity))


def identity(change: Change) -> tuple[str, str, str, str]:
    """A hashable value, equal for equal changes."""
    arguments = json.dumps(change.arguments, sort_keys=True, default=_plain)
    return (change.kind, change.account, change.region, arguments)


def validate(change: Change) -> None:
    """Raise ValueError where a field is missing or malformed: a cell may be null, and becomes part of a command."""
    if not re.fullmatch("[0-9]{12}", change.account) or not re.fullmatch("[0-9a-z-]{2,25}", change.region):
        raise ValueError(f"{change.kind}: {change.account!r}/{change.region!r} is not a valid registry")
    stated = {"kind": change.kind, "account": change.account, "region": change.region, **change.arguments}
    text = json.dumps(stated, default=_plain, ensure_ascii=False)
    # A policy may contain a lone surrogate, which JSON in UTF-8 cannot encode.
    _adapter().validate_json(text.encode("utf-8", "replace"), strict=True)
    for name in ("rule", "statement"):
        if change.arguments.get(name, 1) < 1:
            raise ValueError(f"{change.kind}: {name} must be a number from 1")


@cache
def _adapter() -> TypeAdapter[Change]:
    from pydantic import TypeAdapter

    return TypeAdapter(Change)


def words(change: Change) -> str:
    """The kind and arguments of the change, as JSON, for the comments of a script."""
    return f"{change.kind} {json.dumps(change.arguments, default=_plain)}"


def _plain(value: object) -> dict[str, Any]:
    assert isinstance(value, Destination)
    return asdict(value)
