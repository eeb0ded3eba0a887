"""Compares counts with limits: warning threshold, severity, and uncertain counts."""

from __future__ import annotations

from checks.baseline.schema import Limit
from checks.model import Severity


def warning_threshold(limit: Limit, maximum: int) -> int:
    """The smallest count that reaches the warning percentage of *limit*, taken of *maximum*."""
    return -(-maximum * limit.warn_at_percent // 100)


def severity_of_count(count: int | None, limit: Limit, maximum: int, *, expressible: int | None = None) -> str | None:
    """Severity of *count* near or above *maximum*; empty: below the threshold; None: not counted.

    High above the maximum, medium from the warning threshold of *limit* on, informational above *expressible*: the
    older, lower limit of tools.
    """
    if count is None:
        return None
    if count > maximum:
        return Severity.HIGH
    if count >= warning_threshold(limit, maximum):
        return Severity.MEDIUM
    return Severity.INFORMATIONAL if expressible is not None and count > expressible else ""


def comparable_count(least: int, most: int | None, limit: int) -> int | None:
    """A count between *least* and *most* that compares with *limit* as the true one does.

    *most* None: unbounded. Returns None where the true count may be on either side of *limit*.
    """
    if least > limit:
        return least
    return most if most is not None and most <= limit else None
