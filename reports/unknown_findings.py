"""Why results are unknown: unknown findings grouped by cause, each cause once with everything that it affects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audit.model import Run
from checks.model import Finding, Gap, RegistryId
from reports.breakdown import CheckView
from reports.gap_groups import gap_title
from reports.text import listed

_MAX_REASON = re.compile(r"\b(?:not known|unknown): (?P<reason>.+)$", re.DOTALL)
_PAIRS = (("destination_account", "destination_region"), ("account", "region"), ("source_account", "source_region"))

NO_REASON = "No failed read explains these results; each finding says what is unknown"
"""The cause of findings that neither state a reason nor lie where a read failed."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason, wherever it holds."""

    reason: str
    places: tuple[str, ...]
    """`account/region`, sorted, each once."""
    count: int
    """Unknown findings that follow from it."""
    checks: tuple[CheckView, ...]
    """Checks with such findings, in catalogue order."""


@dataclass(slots=True)
class _Group:
    places: set[RegistryId]
    checks: dict[str, CheckView]
    count: int = 0


def causes_of(run: Run, checks: Iterable[CheckView]) -> tuple[Cause, ...]:
    """The causes of all unknown findings, those with most findings first. Every unknown finding is in exactly one.

    The cause of a registry is the reads that failed there; without a failed read, what a finding states about that
    registry; without either, what each finding states itself.
    """
    unknown = [(check, finding) for check in checks for finding in check.unknown]
    reasons = _reasons(run.gaps, (finding for _check, finding in unknown))
    groups: dict[str, _Group] = defaultdict(lambda: _Group(set(), {}))
    for check, finding in unknown:
        place, reason = _cause(finding, reasons)
        group = groups[reason]
        group.places.add(place)
        group.checks[check.text.id] = check
        group.count += 1
    causes = [
        Cause(
            reason, tuple(filter(None, map(_place_text, sorted(group.places)))), group.count, (*group.checks.values(),)
        )
        for reason, group in groups.items()
    ]
    return tuple(sorted(causes, key=lambda cause: (-cause.count, cause.reason)))


def _cause(finding: Finding, reasons: Mapping[RegistryId, str]) -> tuple[RegistryId, str]:
    places = _places(finding)
    for place in places:
        if place in reasons:
            return place, reasons[place]
    for place in places:
        if (account := RegistryId(place.account, "")) in reasons:
            return place, reasons[account]
    return (places[0] if places else RegistryId("", "")), _reason_text(finding, places) or NO_REASON


def _reasons(gaps: Iterable[Gap], findings: Iterable[Finding]) -> dict[RegistryId, str]:
    """Why each registry could not be evaluated: the reads that failed there, else what a finding states about it."""
    failed: dict[RegistryId, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for gap in gaps:
        if gap.account:
            operations = failed[RegistryId(gap.account, gap.region)][gap_title(gap.kind)]
            if gap.operation not in operations:
                operations.append(gap.operation)
    reasons = {
        place: "; ".join(f"{title}: {listed(sorted(operations))}" for title, operations in kinds.items())
        for place, kinds in failed.items()
    }
    for finding in findings:
        place = next(iter(_places(finding)), None)
        if (
            place
            and place not in reasons
            and RegistryId(place.account, "") not in reasons
            and (stated := _stated_of(place, finding))
        ):
            reasons[place] = stated
    return reasons


def _stated_of(place: RegistryId, finding: Finding) -> str:
    """What the message states about the registry itself; empty where it is about something in the registry."""
    match = _MAX_REASON.search(finding.message)
    if not match or not match["reason"].startswith((f"{'/'.join(place)} ", f"account {place[0]} ")):
        return ""
    return _reason_text(finding, (place,))


def _reason_text(finding: Finding, places: tuple[RegistryId, ...]) -> str:
    """The reason that the message ends with, the registry's own name left out, so that equal reasons meet."""
    match = _MAX_REASON.search(finding.message)
    if not match:
        return ""
    reason = match["reason"].strip().rstrip(".")
    for account, region in places:
        for name in (f"{account}/{region}", f"account {account}"):
            reason = reason.removeprefix(f"{name} ").replace(f" of {name}", "")
    return reason[:1].upper() + reason[1:]


def _places(finding: Finding) -> tuple[RegistryId, ...]:
    """Registries that the finding is about, the receiving one first."""
    key = finding.key
    named = [
        RegistryId(str(key[account]), str(key[region]))
        for account, region in _PAIRS
        if key.get(account) and key.get(region)
    ]
    own = RegistryId(finding.account, finding.region)
    if finding.account and own not in named:
        named.append(own)
    return tuple(named)


def _place_text(place: RegistryId) -> str:
    return "/".join(filter(None, place))
