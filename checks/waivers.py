"""Dated, reasoned exceptions: findings are marked, never dropped, and a waiver that no longer holds is named."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from checks.model import CheckResult, Finding, Status, WaiverMark
from checks.requirements import in_units

if TYPE_CHECKING:
    from checks.baseline import Waiver

MAX_DAYS_AHEAD = 366
"""An exception that outlives a year is a decision: it belongs into the baseline's other parts."""

Paths = tuple[str | None, str | None]
"""Where an account lies: OU path by names and organization path by ids; None: not known."""


def apply_waivers(
    results: Iterable[CheckResult],
    waivers: Sequence[Waiver],
    today: dt.date,
    *,
    account_ous: Mapping[str, Paths] | None = None,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> tuple[CheckResult, ...]:
    """The same results, with a mark on every finding that a waiver in force covers; the first in the file wins.

    *account_ous* (account id → OU path, organization path) is needed by waivers that name units, *aliases* (check id →
    catalogue ids) by those that name checks so. Expired waivers, and those that end more than 366 days from *today*,
    mark nothing. An ERROR is never waived: nobody granted that a check breaks.
    """
    active = tuple(waiver for waiver in waivers if in_force(waiver, today))
    return tuple(_marked(result, _for_check(active, result.check, aliases), account_ous or {}) for result in results)


def waiver_problems(
    results: Iterable[CheckResult],
    waivers: Sequence[Waiver],
    today: dt.date,
    *,
    account_ous: Mapping[str, Paths] | None = None,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> tuple[str, ...]:
    """One sentence for each waiver that expired, ends too far ahead, or covers no finding, in the file's order.

    *results* may be marked or not; the other arguments are those of `apply_waivers`.
    """
    known = tuple(results)
    covered = [_covered(waiver, known, account_ous or {}, aliases) for waiver in waivers]
    still = {one for waiver, ones in zip(waivers, covered, strict=True) if in_force(waiver, today) for one in ones}
    sentences = []
    for number, (waiver, ones) in enumerate(zip(waivers, covered, strict=True), start=1):
        problem = _problem(waiver, today, covered=len(ones), reopened=len(ones - still))
        if problem:
            name = f"Waiver {number} ({', '.join(waiver.checks)}; {waiver.owner}: {waiver.reason})"
            sentences.append(f"{name} {problem}.")
    return tuple(sentences)


def _problem(waiver: Waiver, today: dt.date, *, covered: int, reopened: int) -> str:
    """What is wrong with *waiver*, if anything: it fits *covered* findings, *reopened* of them without one in force."""
    until = waiver.until.isoformat()
    if waiver.until >= today:
        if not in_force(waiver, today):
            return f"is not in force: {until} is more than {MAX_DAYS_AHEAD} days ahead"
        return "" if covered else "covers no finding of this run"
    if not reopened:
        return f"expired on {until} and can be removed: no open finding needs it"
    return f"expired on {until}, and {f'{reopened} findings are' if reopened > 1 else 'a finding is'} open again"


def in_force(waiver: Waiver, today: dt.date) -> bool:
    """Whether *waiver* holds on *today*: its last day has not passed and is at most 366 days ahead."""
    return 0 <= (waiver.until - today).days <= MAX_DAYS_AHEAD


def _covered(
    waiver: Waiver,
    results: tuple[CheckResult, ...],
    account_ous: Mapping[str, Paths],
    aliases: Mapping[str, Sequence[str]] | None,
) -> frozenset[tuple[str, str]]:
    """(check, fingerprint) of every finding that *waiver* fits, in force or not."""
    return frozenset(
        (finding.check, finding.fingerprint)
        for result in results
        if _for_check((waiver,), result.check, aliases)
        for finding in result.findings
        if _covers(waiver, finding, account_ous)
    )


def _for_check(
    waivers: Sequence[Waiver], check: str, aliases: Mapping[str, Sequence[str]] | None
) -> tuple[Waiver, ...]:
    names = (check, *(aliases or {}).get(check, ()))
    return tuple(
        waiver for waiver in waivers if any(fnmatchcase(name, pattern) for pattern in waiver.checks for name in names)
    )


def _marked(result: CheckResult, waivers: tuple[Waiver, ...], account_ous: Mapping[str, Paths]) -> CheckResult:
    if not waivers or not result.findings:
        return result
    return dataclasses.replace(
        result, findings=tuple(_mark(finding, waivers, account_ous) for finding in result.findings)
    )


def _mark(finding: Finding, waivers: tuple[Waiver, ...], account_ous: Mapping[str, Paths]) -> Finding:
    for waiver in waivers:
        if _covers(waiver, finding, account_ous):
            mark = WaiverMark(reason=waiver.reason, owner=waiver.owner, until=waiver.until.isoformat())
            return dataclasses.replace(finding, waiver=mark)
    return finding


def _covers(waiver: Waiver, finding: Finding, account_ous: Mapping[str, Paths]) -> bool:
    """Whether every field that *waiver* writes fits *finding*; its checks were compared before."""
    if finding.status is Status.ERROR or (waiver.fingerprint and waiver.fingerprint != finding.fingerprint):
        return False
    if waiver.regions and finding.region not in waiver.regions:
        return False
    if (waiver.accounts or waiver.ous) and not _account_fits(waiver, finding.account, account_ous):
        return False
    if not waiver.repositories:
        return True
    repository = finding.key.get("repository")
    return isinstance(repository, str) and any(fnmatchcase(repository, pattern) for pattern in waiver.repositories)


def _account_fits(waiver: Waiver, account: str, account_ous: Mapping[str, Paths]) -> bool:
    if account in waiver.accounts:
        return True
    ou_path, organization_path = account_ous.get(account, (None, None))
    # Not known is not enough for an exception.
    return in_units(waiver.ous, ou_path=ou_path, organization_path=organization_path) is True
