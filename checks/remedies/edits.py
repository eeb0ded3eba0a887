"""The kinds of change that a remedy may ask for, with their arguments and their place in the order of work."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from checks.model import Edit


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


@dataclass(frozen=True, slots=True)
class EditKind:
    """One kind of change: which arguments it has, and when it is made unless its content says otherwise."""

    name: str
    meaning: str
    stage: Stage
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


_KINDS = (
    EditKind(
        "replication.add",
        "Copy these prefixes to these destinations; null for deleteReplication: no opinion, so off for new rules",
        Stage.RULES,
        ("destinations", "prefixes"),
        ("delete_replication",),
    ),
    EditKind(
        "replication.remove-destination",
        "Stop copying to this registry in every rule",
        Stage.NARROWING,
        ("account", "region"),
    ),
    EditKind(
        "replication.set-delete",
        "Switch deleteReplication of one rule, numbered from 1",
        Stage.RULES,
        ("rule", "enabled"),
    ),
    EditKind("replication.remove-rule", "Drop one rule, numbered from 1", Stage.NARROWING, ("rule",)),
    EditKind(
        "replication.replace-prefix",
        "In one rule, put these prefixes where one stands; with none left, the rule goes",
        Stage.NARROWING,
        ("rule", "prefix", "replacements"),
    ),
    EditKind(
        "replication.remove-duplicates",
        "Name every destination and prefix of one rule once",
        Stage.NARROWING,
        ("rule",),
    ),
    EditKind(
        "policy.add-statement",
        "Allow an account these actions on repositories with these prefixes",
        Stage.GRANTS,
        ("source_account", "prefixes", "actions"),
        ("organization",),
    ),
    EditKind("policy.remove-statement", "Drop one statement, numbered from 1", Stage.NARROWING, ("statement",)),
    EditKind(
        "policy.replace-statement",
        "Write one statement anew, numbered from 1",
        Stage.GRANTS,
        ("statement", "replacement"),
    ),
    EditKind(
        "policy.narrow-deny",
        "Exempt replication from one account from a Deny statement",
        Stage.GRANTS,
        ("statement", "source_account"),
    ),
    EditKind("template.create", "Create a repository creation template", Stage.GRANTS, ("prefix", "template")),
    EditKind("template.update", "Change fields of a creation template", Stage.GRANTS, ("prefix", "changes")),
    EditKind(
        "scanning.cover",
        "Have repositories with these prefixes scanned",
        Stage.GRANTS,
        ("prefixes",),
        ("type", "frequency"),
    ),
    EditKind(
        "repository.tag-mutability",
        "Set tag mutability and its exclusions",
        Stage.REPOSITORIES,
        ("repository", "seen", "mutability"),
        ("exclusions",),
    ),
    EditKind("repository.lifecycle", "Put a lifecycle policy", Stage.REPOSITORIES, ("repository", "seen", "policy")),
    EditKind("repository.policy", "Put a repository policy", Stage.REPOSITORIES, ("repository", "seen", "policy")),
    EditKind(
        "repository.create",
        "Create a repository",
        Stage.GRANTS,
        ("repository",),
        ("tag_mutability", "exclusions", "encryption", "tags"),
    ),
    EditKind("backfill.start", "Copy existing images to one destination", Stage.BACKFILL, ("account", "region")),
    EditKind("repository.tags", "Add resource tags, or set their values", Stage.REPOSITORIES, ("repository", "tags")),
    EditKind(
        "repository.retag",
        "Give an image that is there a tag that is missing or names another image",
        Stage.REPOSITORIES,
        ("repository", "digest", "tag"),
        ("seen",),
    ),
    EditKind("account.setting", "Set an ECR account setting", Stage.NARROWING, ("name", "seen", "value")),
    EditKind(
        "account.pull-time-exclusion",
        "Keep pulls of one principal from renewing the pull time",
        Stage.REPOSITORIES,
        ("principal",),
    ),
    EditKind("account.failure-rule", "Put an EventBridge rule for failed replication", Stage.REPOSITORIES),
    EditKind("account.service-linked-role", "Create ECR's replication role", Stage.RULES),
)

EDITS: Mapping[str, EditKind] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""Every known kind by name."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _are_destinations(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(item, Mapping) and set(item) == {"account", "region"} and all(map(_is_text, item.values()))
        for item in value
    )


_SHAPES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "destinations": ("a list of {account, region}", _are_destinations),
    "prefixes": ("a list of text", _is_texts),
    "delete_replication": ("true, false or null", lambda value: value is None or isinstance(value, bool)),
    "rule": ("a number from 1", _is_number),
    "statement": ("a number from 1", _is_number),
    "enabled": ("true or false", lambda value: isinstance(value, bool)),
    "replacements": ("a list of text", _is_texts),
    "actions": ("a list of text", _is_texts),
    "exclusions": ("a list of text", _is_texts),
    "replacement": ("an object", _is_object),
    "template": ("an object", _is_object),
    "changes": ("an object", _is_object),
    "encryption": ("an object", _is_object),
    "tags": ("an object", _is_object),
}


def validate(edit: Edit) -> EditKind:
    """The kind of *edit*. ValueError names an unknown kind, and an unknown, missing or misshapen argument."""
    kind = EDITS.get(edit.kind)
    if kind is None:
        raise ValueError(f"unknown kind of edit {edit.kind!r}; known are {', '.join(EDITS)}")
    if not re.fullmatch("[0-9]{12}", edit.account) or not re.fullmatch("[0-9a-z-]{2,25}", edit.region):
        raise ValueError(f"{edit.kind}: {edit.account!r}/{edit.region!r} is no registry")
    known = (*kind.required, *kind.optional)
    for name in edit.arguments:
        if name not in known:
            raise ValueError(f"{edit.kind} has no argument {name!r}; it has {', '.join(known) or 'none'}")
    for name in kind.required:
        if name not in edit.arguments:
            raise ValueError(f"{edit.kind} needs the argument {name!r}")
    for name, value in edit.arguments.items():
        shape, fits = _SHAPES.get(name, ("text", _is_text))
        if not fits(value):
            raise ValueError(f"{edit.kind}: {name} must be {shape}, not {value!r}")
    return kind


def once(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """*edits* without repetitions, in the order of first mention."""
    found: dict[tuple[str, ...], Edit] = {}
    for edit in edits:
        found.setdefault(identity(edit), edit)
    return tuple(found.values())


def distinct(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """*edits* without repetitions, in an order of their own, so that they merge alike in whatever order they came."""
    return tuple(sorted(once(edits), key=identity))


def identity(edit: Edit) -> tuple[str, str, str, str]:
    """A hashable value, equal for edits that ask for the same."""
    arguments = json.dumps(edit.arguments, sort_keys=True, default=list)
    return (edit.kind, edit.account, edit.region, arguments)
