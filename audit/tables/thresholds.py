"""How close something is to a limit, as a severity."""

from __future__ import annotations

from dataclasses import dataclass

from checks.baseline import Limit
from checks.model import Severity


@dataclass(frozen=True, slots=True)
class Distance:
    """Whether a count keeps clear of its limit; all None when the count is not known."""

    comfortable: bool | None
    grade: str | None
    """Severity where it does not, else empty."""
    problem: str | None
    """Which threshold was reached, as a clause, else empty."""


def distance(count: int | None, what: str, limit: Limit, maximum: int, *, expressible: int | None = None) -> Distance:
    """How *count* of *what* stands to *maximum*, with the warning percentage of *limit*.

    High beyond the maximum, medium from the warning on, informational beyond *expressible*: what tools that were
    written for an older, lower limit can still say.
    """
    if count is None:
        return Distance(None, None, None)
    if count > maximum:
        return Distance(False, Severity.HIGH, f"{count} {what} exceed the limit of {maximum}")
    if count * 100 >= maximum * limit.warn_at_percent:
        reached = f"{count} {what} reach {limit.warn_at_percent} % of the limit of {maximum}"
        return Distance(False, Severity.MEDIUM, reached)
    if expressible is not None and count > expressible:
        beyond = f"{count} {what} are more than the {expressible} that older tools can express"
        return Distance(False, Severity.INFORMATIONAL, beyond)
    return Distance(True, "", "")
