"""The order of work, and changes that are the same."""

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
    """When a change is made, over all registries: what receives must be ready before anything is sent."""

    GRANTS = 10
    """Grants, creation templates, scanning, missing repositories: the receiving side.

    A rule that precedes its template creates repositories with default settings, and their encryption
    cannot be changed afterwards.
    """
    RULES = 20
    BACKFILL = 30
    REPOSITORIES = 40
    NARROWING = 50
    """Whatever takes something away, once its replacement works."""


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


def once(edits: Iterable[OneKind]) -> tuple[OneKind, ...]:
    """*edits* without repetitions, in the order of first mention."""
    found: dict[tuple[str, ...], OneKind] = {}
    for edit in edits:
        found.setdefault(identity(edit), edit)
    return tuple(found.values())


def distinct(edits: Iterable[OneKind]) -> tuple[OneKind, ...]:
    """*edits* without repetitions, in an order of their own, so that they merge alike in whatever order they came."""
    return tuple(sorted(once(edits), key=identity))


def identity(edit: Change) -> tuple[str, str, str, str]:
    """A hashable value, equal for edits that ask for the same."""
    arguments = json.dumps(edit.arguments, sort_keys=True, default=_plain)
    return (edit.kind, edit.account, edit.region, arguments)


def validate(edit: Change) -> None:
    """Raise ValueError where a field is missing or misshapen: what a row says may be null, and becomes a command."""
    if not re.fullmatch("[0-9]{12}", edit.account) or not re.fullmatch("[0-9a-z-]{2,25}", edit.region):
        raise ValueError(f"{edit.kind}: {edit.account!r}/{edit.region!r} is no registry")
    stated = {"kind": edit.kind, "account": edit.account, "region": edit.region, **edit.arguments}
    text = json.dumps(stated, default=_plain, ensure_ascii=False)
    # A policy may spell half of a UTF-16 pair, which JSON in UTF-8 cannot hold.
    _adapter().validate_json(text.encode("utf-8", "replace"), strict=True)
    for name in ("rule", "statement"):
        if edit.arguments.get(name, 1) < 1:
            raise ValueError(f"{edit.kind}: {name} must be a number from 1")


@cache
def _adapter() -> TypeAdapter[Change]:
    from pydantic import TypeAdapter

    return TypeAdapter(Change)


def words(edit: Change) -> str:
    """The kind and what is asked for, as JSON, for people who read a script."""
    return f"{edit.kind} {json.dumps(edit.arguments, default=_plain)}"


def _plain(value: object) -> dict[str, Any]:
    assert isinstance(value, Destination)
    return asdict(value)
