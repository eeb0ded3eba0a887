"""Three-valued truth: True, False, and None for unknown (Kleene's strong logic)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

Truth = bool | None
"""None is not *false*: it is unknown."""


def every(values: Iterable[Truth]) -> Truth:
    """False if any is False, else None if any is None, else True."""
    unknown = False
    for value in values:
        if value is False:
            return False
        if value is None:
            unknown = True
    return None if unknown else True


def some(values: Iterable[Truth]) -> Truth:
    """True if any is True, else None if any is None, else False."""
    unknown = False
    for value in values:
        if value:
            return True
        if value is None:
            unknown = True
    return None if unknown else False


def inverted(value: Truth) -> Truth:
    """The opposite; the opposite of unknown is unknown."""
    return None if value is None else not value


def agreed(values: Collection[Truth]) -> Truth:
    """The common value of *values*; None where they differ."""
    return next(iter(values)) if len(set(values)) == 1 else None


def word(value: Truth) -> str:
    """`yes`, `no` or `unknown`."""
    if value is None:
        return "unknown"
    return "yes" if value else "no"
