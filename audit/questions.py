"""What a run asked, and what a later run did not ask again: such a finding is no longer required, not fixed.

Two runs ask the same where organization, scope, selected checks and requirements (baseline and custom checks, without
waivers and severities) are equal. Where requirements differ, the later run is also evaluated under the requirements of
the run before it: what still fails under those, and not under its own, is no longer required (`Question.dropped`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Set
from dataclasses import replace
from enum import StrEnum

from audit.evidence import Scope
from audit.model import EarlierQuestion, FindingLocation, GivenFile, Run
from checks.baseline.schema import Baseline
from checks.model import RegistryId

NOT_REQUIREMENTS = frozenset({"waivers", "longest_waiver_days", "severity"})
"""Keys of a baseline that change how findings are reported, not what is required."""


class Difference(StrEnum):
    """How the questions of two runs differ, the most important first."""

    ORGANIZATION = "organization"
    SCOPE = "scope"
    CHECKS = "checks"
    """Not the same checks were evaluated: a selection, another version, other custom checks."""
    REQUIREMENTS = "requirements"
    ORDER = "order"
    """The first run started after the second."""
    VERSION = "version"


class Unasked(StrEnum):
    """Why a later run did not ask about a finding of an earlier one."""

    ORGANIZATION = "organization"
    """It audited another organization, or another account alone."""
    CHECK = "check"
    """Its check was not part of the later run."""
    SCOPE = "scope"
    """It lies outside the scope of the later run."""
    REQUIREMENT = "requirement"
    """The requirement that it violated is gone or changed."""


def requirements_key(baseline: Baseline, custom_checks: Iterable[GivenFile]) -> str:
    """Sixteen hex digits, equal for equal requirements."""
    document = baseline.model_dump(mode="json", exclude=set(NOT_REQUIREMENTS))
    files = sorted((one.name, one.hash) for one in custom_checks)
    return hashlib.sha256(json.dumps([document, files], sort_keys=True).encode()).hexdigest()[:16]


def audited_by(run: Run) -> str:
    """What *run* audited: the organization's id, else the account."""
    return run.organization_id or run.caller_account


def asked_by(run: Run) -> EarlierQuestion:
    """What *run* asked, before it is compared with a later run."""
    return EarlierQuestion(audited_by(run), run.scope, run.question)


def compared_with(asked: EarlierQuestion, after: Run, dropped: Set[str] | None = None) -> EarlierQuestion:
    """*asked*, compared with *after*. *dropped*: as the store knows it; None: as *after* knows it."""
    if dropped is not None:
        return replace(asked, dropped=frozenset(dropped))
    if asked.question.requirements == after.question.before and asked.audited == audited_by(after):
        return replace(asked, dropped=frozenset(after.question.dropped))
    return asked


def differences(before: Run, after: Run) -> tuple[Difference, ...]:
    """How the questions of two runs differ, the most important first."""
    found = {
        Difference.ORGANIZATION: audited_by(before) != audited_by(after),
        Difference.SCOPE: before.scope != after.scope,
        Difference.CHECKS: _checks(before) != _checks(after),
        Difference.REQUIREMENTS: before.question.requirements != after.question.requirements,
        Difference.ORDER: before.started_at > after.started_at,
        Difference.VERSION: before.program_version != after.program_version,
    }
    return tuple(difference for difference, differs in found.items() if differs)


def _checks(run: Run) -> set[str]:
    return {result.check for result in run.results}


class LaterQuestion:
    """What a later run asked, for the findings of an earlier one."""

    def __init__(self, run: Run, earlier: EarlierQuestion | None) -> None:
        """*earlier*: None where both asked the same."""
        self._run, self._earlier = run, earlier
        self._evaluated = {result.check for result in run.results}
        self._tables = {text.id: text.table for text in run.checks}
        self._accounts = frozenset(run.question.accounts)

    def unasked(self, fingerprint: str, location: FindingLocation | None) -> Unasked | None:
        """Why the later run did not ask about a finding of the earlier one; None: it did."""
        earlier = self._earlier
        if earlier is not None and earlier.audited != audited_by(self._run):
            return Unasked.ORGANIZATION
        if location is not None and location.check not in self._evaluated:
            return Unasked.CHECK
        if earlier is None:
            return None
        if location is not None and earlier.scope != self._run.scope and self._outside(location, earlier):
            return Unasked.SCOPE
        return Unasked.REQUIREMENT if fingerprint in (earlier.dropped or ()) else None

    @property
    def requirements_not_compared(self) -> bool:
        """Whether the requirements differ, and it is not known which findings that concerns."""
        earlier = self._earlier
        return (
            earlier is not None
            and earlier.dropped is None
            and earlier.question.requirements != self._run.question.requirements
        )

    def _outside(self, location: FindingLocation, earlier: EarlierQuestion) -> bool:
        """Whether a registry of *location* was in the earlier scope, and is not in the later one."""
        scope = self._run.scope
        fewer = earlier.scope.all_repositories and not scope.all_repositories
        if fewer and self._tables.get(location.check) == "repositories":
            return True
        before = frozenset(earlier.question.accounts)
        return any(
            _within(place, earlier.scope, before) and not _within(place, scope, self._accounts)
            for place in location.registries
        )


def _within(place: RegistryId, scope: Scope, accounts: Set[str]) -> bool:
    """Whether *place* is in *scope*, whose accounts are *accounts* (empty: not known, so those that it names)."""
    named = accounts or frozenset(scope.accounts)
    if place.account and named and place.account not in named:
        return False
    return not (place.region and scope.regions and place.region not in scope.regions)
