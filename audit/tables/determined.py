"""Required settings that depend on an unknown name or organizational unit of the account: their columns are unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, TypeVar

from checks.baseline.sections import Settings

_Answer = TypeVar("_Answer", bound=Any)

_ALSO = {
    "tag_mutability": ("unprotected_tags",),
    "scanning": ("scan_shortfalls",),
    "encryption": ("encryption_in_baseline_terms",),
    "repository_policy": ("repository_policy_kind",),
    "lifecycle_policy": (
        "lifecycle_policy_determined",
        "lifecycle_policy_kind",
        "earlier_expiry",
        "undeclared_pull_time_rules",
    ),
    "tags": ("missing_tag_keys", "missing_tags"),
}
"""Field of the baseline → columns about it besides `expected_…` and `…_required`."""


def determined(field: str, compare: Callable[..., _Answer]) -> Callable[..., _Answer]:
    """*compare*, whose first arguments are whether the repository is there and the settings, with `if_determined`."""

    def compared(present: bool | None, wanted: Settings, *facts: Any) -> _Answer:
        return if_determined(field, present, wanted, compare(present, wanted, *facts))

    return compared


def if_determined(field: str, present: bool | None, wanted: Settings, answer: _Answer) -> _Answer:
    """*answer* about *field*; with unknown requirements where *wanted* does not determine it. *present*: whether the
    repository is there: nothing is required of one that is not."""
    if field not in wanted.undetermined or present is False:
        return answer
    names = [
        one.name
        for one in fields(answer)
        if one.name.startswith("expected_") or one.name.endswith("_required") or one.name in _ALSO[field]
    ]
    return replace(answer, **dict.fromkeys(names))
