"""The location of a finding, and whether a run could evaluate that location.

A failure that a later run does not have is fixed only where that run could have found it. An evidence gap at another
location does not matter: organizations without any gap are rare.
"""

from __future__ import annotations

import json
from enum import StrEnum

from audit.model import FindingLocation, Run
from checks.model import Finding, RegistryId, Status
from checks.tables import WAIVERS

_SIDES = ("", "source_", "destination_")


def location_of(finding: Finding) -> FindingLocation:
    """The location of *finding*: its registry, and both ends where it is about a link between two registries."""
    key = finding.key
    sides = [RegistryId(str(key.get(f"{side}account") or ""), str(key.get(f"{side}region") or "")) for side in _SIDES]
    places = [RegistryId(finding.account, finding.region), *(place for place in sides if place != ("", ""))]
    return FindingLocation(finding.check, tuple(dict.fromkeys(places)))


def location_text(location: FindingLocation) -> str:
    """The registries of *location*, as stored in a database row."""
    return json.dumps(location.registries, separators=(",", ":"))


def read_location(check: str, text: str) -> FindingLocation:
    """The reverse of `location_text`."""
    return FindingLocation(check, tuple(RegistryId(account, region) for account, region in json.loads(text)))


class Doubt(StrEnum):
    """Why a run cannot determine whether a finding of an earlier run is fixed."""

    UNKNOWN = "unknown"
    """The run has the finding with status UNKNOWN: its evidence was not sufficient."""
    CHECK = "check"
    """The check ended in an error, or is not known."""
    REQUIREMENTS = "requirements"
    """The two runs have different requirements, and the later one was not evaluated under those of the earlier."""
    EVIDENCE = "evidence"
    """A read failed at the location of the finding."""
    NOTHING = "nothing"
    """The run has no result PASS or FAIL at all."""


class RunCoverage:
    """What one run could evaluate."""

    def __init__(self, run: Run) -> None:
        self._evaluated = {result.check for result in run.results if not result.error}
        self._about_waivers = {text.id for text in run.checks if text.table == WAIVERS.name}
        self._about_waivers = {text.id for text in run.checks if text.table == WAIVERS.name}
        self._all_evaluated = len(self._evaluated) == len(run.results) and not run.narrowed
        self._unread = {RegistryId(gap.account, gap.region) for gap in run.gaps} | set(run.coverage.unaccounted)
        self._accounts = {account for account, _ in self._unread}
        self._complete = run.evidence_complete
        self._decided = any(result.counts.get(one) for result in run.results for one in (Status.PASS, Status.FAIL))

    def reaches(self, location: FindingLocation | None) -> bool:
        """Whether everything at *location* was read and evaluated. None (location unknown): whether everything was."""
        return self.undetermined_reason(location) is None

    def undetermined_reason(self, location: FindingLocation | None) -> Doubt | None:
        """Why a finding at *location* may still exist although the run does not have it; None: it is fixed."""
        if not self._decided:
            return Doubt.NOTHING
        if not (self._all_evaluated if location is None else location.check in self._evaluated):
            return Doubt.CHECK
        if location is not None and location.check in self._about_waivers:
            return None  # A waiver is read from a file: one that is gone was removed or renewed.
        if self._complete or (
            location is not None and not any(self._is_unread(place) for place in location.registries)
        ):
            return None
        return Doubt.EVIDENCE

    def _is_unread(self, place: RegistryId) -> bool:
        account, region = place
        if not account or "" in self._accounts:
            return True  # a gap or finding of the whole organization
        if not region:
            return account in self._accounts
        return place in self._unread or (account, "") in self._unread
