"""Edits of one repository: each is a put of its own; what must hold is that AWS takes it and that no two contend."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from checks.model import Edit
from checks.remedies.edits import distinct
from checks.remedies.outcome import CannotApplyError, Merged, merge_one_by_one

NAME = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
"""RepositoryName of the ECR service model."""

_TAG_FILTER = re.compile(r"[0-9a-zA-Z._*-]{1,128}")
_MODES = ("MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")


def merge(edits: Iterable[Edit]) -> Merged[tuple[Edit, ...]]:
    """The puts to make, in order; of two that contend for one setting the first one holds."""

    taken: set[tuple[str, str]] = set()

    def apply(_: None, edit: Edit) -> None:
        _check(edit)
        setting = (edit.kind, edit.arguments["repository"])
        if setting in taken:
            raise CannotApplyError(f"two findings want something different of {setting[1]}")
        taken.add(setting)

    merged = merge_one_by_one(None, distinct(edits), apply)
    return Merged(merged.applied, merged.applied, merged.refused)


def _check(edit: Edit) -> None:
    """Raise CannotApplyError where AWS would refuse the put."""
    arguments = edit.arguments
    name = arguments["repository"]
    if not (2 <= len(name) <= 256 and NAME.fullmatch(name)):
        raise CannotApplyError(f"AWS has no repository named {name!r}")
    if edit.kind == "repository.tag-mutability":
        _check_mutability(arguments["mutability"], arguments.get("exclusions", ()))
    if edit.kind == "repository.create":
        _check_mutability(arguments.get("tag_mutability") or "MUTABLE", arguments.get("exclusions", ()))
    if edit.kind == "repository.policy":
        _check_text(arguments["policy"], 1, 10_240, "repository policy")
    if edit.kind == "repository.lifecycle":
        # Source: PutLifecyclePolicy in the ECR service model.
        _check_text(arguments["policy"], 100, 30_720, "lifecycle policy")


def _check_mutability(mode: str, exclusions: Sequence[str]) -> None:
    if mode not in _MODES:
        raise CannotApplyError(f"AWS knows no tag mutability {mode!r}")
    if mode.endswith("_WITH_EXCLUSION") != bool(exclusions):
        raise CannotApplyError(f"{mode} {'needs' if not exclusions else 'takes no'} exclusion filters")
    if len(exclusions) > 5 or not all(_TAG_FILTER.fullmatch(item) for item in exclusions):
        raise CannotApplyError("AWS takes at most 5 exclusion filters of letters, digits and . _ * -")


def _check_text(text: str, least: int, most: int, what: str) -> None:
    try:
        json.loads(text)
    except ValueError as problem:
        raise CannotApplyError(f"the {what} is not JSON: {problem}") from None
    if not least <= len(text) <= most:
        raise CannotApplyError(f"the {what} has {len(text):,} characters, AWS takes {least:,} to {most:,}")
