"""Where a finding lies, and whether a run could look there.

A failure that a later run does not have is gone only where that run could have seen it. A gap somewhere else in the
organization says nothing about it: organizations without any gap are rare.
"""

from __future__ import annotations

import json
from enum import StrEnum

from audit.model import FindingLocation, Run
from checks.model import Finding, RegistryId, Status

_SIDES = ("", "source_", "destination_")


def location_of(finding: Finding) -> FindingLocation:
    """Where *finding* lies: its own place, and both sides of what lies between two registries."""
    key = finding.key
    sides = [RegistryId(str(key.get(f"{side}account") or ""), str(key.get(f"{side}region") or "")) for side in _SIDES]
    places = [RegistryId(finding.account, finding.region), *(place for place in sides if place != ("", ""))]
    return FindingLocation(finding.check, tuple(dict.fromkeys(places)))


def location_text(location: FindingLocation) -> str:
    """Its places, as a row keeps them."""
    return json.dumps(location.places, separators=(",", ":"))


def read_location(check: str, text: str) -> FindingLocation:
    """The reverse of `location_text`."""
    return FindingLocation(check, tuple(RegistryId(account, region) for account, region in json.loads(text)))


class Doubt(StrEnum):
    """Why a run cannot tell whether a finding of an earlier one is gone."""

    UNKNOWN = "unknown"
    """It has the finding, and its evidence did not suffice to decide it."""
    CHECK = "check"
    """The check was not part of the run, or ended in an error."""
    EVIDENCE = "evidence"
    """A read failed where the finding lies."""
    NOTHING = "nothing"
    """The run decided nothing at all."""


class RunCoverage:
    """What one run could look at."""

    def __init__(self, run: Run) -> None:
        self._sound = {result.check for result in run.results if not result.error}
        self._all_sound = len(self._sound) == len(run.results)
        self._blind = {RegistryId(gap.account, gap.region) for gap in run.gaps} | set(run.coverage.unaccounted)
        self._accounts = {account for account, _ in self._blind}
        self._complete = run.evidence_complete
        self._decided = any(result.counts.get(one) for result in run.results for one in (Status.PASS, Status.FAIL))

    def reaches(self, location: FindingLocation | None) -> bool:
        """Whether everything about *spot* could be read and judged. None, not known where: whether all could be."""
        return self.undetermined_reason(location) is None

    def undetermined_reason(self, location: FindingLocation | None) -> Doubt | None:
        """Why something at *spot* may still be there although the run does not have it; None: it is gone."""
        if not self._decided:
            return Doubt.NOTHING
        if not (self._all_sound if location is None else location.check in self._sound):
            return Doubt.CHECK
        if self._complete or (location is not None and not any(self._missed(place) for place in location.places)):
            return None
        return Doubt.EVIDENCE

    def _missed(self, place: RegistryId) -> bool:
        account, region = place
        if not account or "" in self._accounts:
            return True  # the organization as a whole is meant, on one side or the other
        if not region:
            return account in self._accounts
        return place in self._blind or (account, "") in self._blind
