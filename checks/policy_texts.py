"""Policy documents compared as policies: what syntax leaves free makes no difference."""

from __future__ import annotations

import json
from typing import Any

_SETS = frozenset({"Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "AWS", "Service"})
"""Keys of a policy under which one value and a list of one are the same, and order means nothing."""


def same_policy(one: str, other: str) -> bool | None:
    """Whether two policy texts say the same; empty: no policy; None: one of them cannot be understood."""
    if one == other:
        return True
    if not one or not other:
        return False
    ours, theirs = _canonical(one), _canonical(other)
    return None if ours is None or theirs is None else bool(ours == theirs)


def _canonical(text: str) -> Any:
    try:
        return _ordered(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _ordered(value: Any, *, unordered: bool = False) -> Any:
    """A document with the freedom of policy syntax taken out: equal results are equal policies."""
    if isinstance(value, dict):
        return {
            key: _ordered([part] if key == "Statement" and isinstance(part, dict) else part, unordered=key in _SETS)
            for key, part in value.items()
        }
    if isinstance(value, list):
        parts = [_ordered(part) for part in value]
        return sorted(parts, key=json.dumps) if unordered else parts
    return [value] if unordered and isinstance(value, str) else value
