"""Where a finding lies, and whether a run could look there.

A failure that a later run does not have is gone only where that run could have seen it. A gap somewhere else in the
organization says nothing about it: organizations without any gap are rare.
"""

from __future__ import annotations

import json

from audit.model import Run, Spot
from checks.model import Finding, RegistryId

_SIDES = ("", "source_", "destination_")


def spot_of(finding: Finding) -> Spot:
    """Where *finding* lies: its own place, and both sides of what lies between two registries."""
    key = finding.key
    sides = [RegistryId(str(key.get(f"{side}account") or ""), str(key.get(f"{side}region") or "")) for side in _SIDES]
    places = [RegistryId(finding.account, finding.region), *(place for place in sides if place != ("", ""))]
    return Spot(finding.check, tuple(dict.fromkeys(places)))


def spot_text(spot: Spot) -> str:
    """Its places, as a row keeps them."""
    return json.dumps(spot.places, separators=(",", ":"))


def read_spot(check: str, text: str) -> Spot:
    """The reverse of `spot_text`."""
    return Spot(check, tuple(RegistryId(account, region) for account, region in json.loads(text)))


class Sight:
    """What one run could look at."""

    def __init__(self, run: Run) -> None:
        self._sound = {result.check for result in run.results if not result.error}
        self._all_sound = len(self._sound) == len(run.results)
        self._blind = {RegistryId(gap.account, gap.region) for gap in run.gaps} | set(run.coverage.unaccounted)
        self._accounts = {account for account, _ in self._blind}
        self._complete = run.evidence_complete

    def reaches(self, spot: Spot | None) -> bool:
        """Whether everything about *spot* could be read and judged. None, not known where: whether all could be."""
        if spot is None:
            return self._complete and self._all_sound
        if spot.check not in self._sound:
            return False
        return self._complete or not any(self._missed(place) for place in spot.places)

    def _missed(self, place: RegistryId) -> bool:
        account, region = place
        if not account or "" in self._accounts:
            return True  # the organization as a whole is meant, on one side or the other
        if not region:
            return account in self._accounts
        return place in self._blind or (account, "") in self._blind
