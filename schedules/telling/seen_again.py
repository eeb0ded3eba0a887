"""Failures that were open, could not be looked at for a while, and are open still: no news, where that is certain.

A registry that AWS throttles tonight would otherwise make every known failure behind it "new" tomorrow. Where anything
is in doubt a failure counts as new: an alarm too many is better than one too few.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from audit.run_changes import is_open
from checks.model import Finding, Severity, Status
from reports.history import TrendPoint
from reports.view import ReportView

_FOUND = 2
"""Runs that must have found it before: one alone may have been somebody's own, of which nobody was told."""


def seen_again(found: Iterable[Finding], view: ReportView, before: Mapping[str, Finding]) -> tuple[Finding, ...]:
    """Those of *found*, open now and not open in the run before, that are no news.

    *before*: findings of the run before, by fingerprint. It must have had each as undecided, under no waiver, and at
    least as severe; runs before that must have found it, when as many failures of its severity, or worse ones, were
    open as are known from then: else some were waived then, or mattered less.
    """
    candidates = [one for one in found if _may_be_known(one, view, before.get(one.fingerprint))]
    severities = {one.severity for one in candidates}
    points = {
        severity: [point.started_at for point in view.trend[:-2] if _has_room(point, severity, view)]
        for severity in severities
    }
    return tuple(
        one
        for one in candidates
        if any(view.ages[one.fingerprint].first_seen <= moment for moment in points[one.severity])
    )


def _may_be_known(finding: Finding, view: ReportView, before: Finding | None) -> bool:
    if before is None or before.status is not Status.UNKNOWN or before.waiver is not None:
        return False
    age = view.ages.get(finding.fingerprint)
    return age is not None and age.runs > _FOUND and before.severity.at_least(finding.severity)


def _has_room(point: TrendPoint, severity: Severity, view: ReportView) -> bool:
    """Whether as many failures were open in an earlier run as there are, of that severity, that were seen by then."""
    severe = frozenset(one for one in Severity if one.at_least(severity))
    open_then = sum(count for one, count in point.open.items() if one in severe)
    ages = (view.ages.get(one.fingerprint) for one in view.findings if one.severity in severe and is_open(one))
    return sum(1 for age in ages if age is not None and age.first_seen <= point.started_at) <= open_then
