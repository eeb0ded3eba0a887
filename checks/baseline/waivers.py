"""Waivers: findings are marked, never removed, and every waiver is compared with the findings that it matches."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from checks.baseline.places import in_account_names, in_units, matches_text
from checks.engine.text import counted
from checks.model import CheckResult, Finding, RegistryId, Status, WaiverMark, group_fingerprint

if TYPE_CHECKING:
    from checks.baseline.schema import Waiver

LONGEST_DAYS = 366
"""Default of a baseline's `longest_waiver_days`."""

Paths = tuple[str | None, str | None]
"""Paths of an account: OU path by names and organization path by ids; None: unknown."""

_Found = tuple[str, str]
"""Check id and fingerprint."""


@dataclasses.dataclass(frozen=True, slots=True)
class Exceptions:
    """Everything that determines the effect of a waiver on one day."""

    today: dt.date
    longest_days: int = LONGEST_DAYS
    account_ous: Mapping[str, Paths] = dataclasses.field(default_factory=dict)
    """Account id → its paths, for waivers with units."""
    account_names: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    """Account id → its name, for waivers with names of accounts."""
    tags: Mapping[tuple[str, str, str], Mapping[str, str]] = dataclasses.field(default_factory=dict)
    """Account, Region and name of a repository → its resource tags where they were read, for waivers with tags."""
    aliases: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    """Check id → catalogue ids, for waivers that use them."""

    def in_force(self, waiver: Waiver) -> bool:
        """Whether *waiver* is in force today: its last day has not passed, and is not too far ahead."""
        return 0 <= (waiver.until - self.today).days <= self.longest_days


@dataclasses.dataclass(frozen=True, slots=True)
class WaiverScope:
    """What a run evaluated: for a waiver of anything else it is unknown whether it matches findings."""

    accounts: frozenset[str] | None = None
    """Accounts in scope; None: all of them."""
    regions: frozenset[str] | None = None
    """Regions in scope; None: all of them."""
    unread: frozenset[RegistryId] = frozenset()
    """Registries where rows are missing because reads failed; empty text: any."""
    unread_tags: frozenset[RegistryId] = frozenset()
    """Registries with repositories whose resource tags were not read."""
    not_selected: frozenset[str] = frozenset()
    """Ids of the checks that a narrowed run leaves out."""


@dataclasses.dataclass(frozen=True, slots=True)
class PlacedWaiver:
    """A waiver and where it is written."""

    waiver: Waiver
    file: str
    number: int
    """From 1."""
    line: int
    """From 1."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Index:
    """The findings of a run, with their lookup tables."""

    results: tuple[CheckResult, ...]
    by_fingerprint: dict[str, list[Finding]]


def place(waivers: Sequence[Waiver], lines: Sequence[int], file: str) -> tuple[PlacedWaiver, ...]:
    """The *waivers* of *file*, which begin on *lines*."""
    pairs = zip(waivers, lines, strict=True)
    return tuple(PlacedWaiver(waiver, file, number, line) for number, (waiver, line) in enumerate(pairs, start=1))


def apply_waivers(
    results: Iterable[CheckResult], waivers: Sequence[Waiver], setting: Exceptions
) -> tuple[CheckResult, ...]:
    """The same results, with a mark on every finding that a waiver in force matches; the first of *waivers* applies.

    An ERROR is never waived: a waiver does not cover a check that fails to run.
    """
    active = tuple(waiver for waiver in waivers if setting.in_force(waiver))
    return tuple(_marked(result, _for_check(active, result.check, setting.aliases), setting) for result in results)


def waiver_rows(
    results: Iterable[CheckResult], placed: Sequence[PlacedWaiver], setting: Exceptions, scope_read: WaiverScope
) -> list[dict[str, Any]]:
    """One row of the `waivers` table for each of *placed*; *results* may be marked or not."""
    known = tuple(results)
    index = _Index(known, defaultdict(list))
    for result in known:
        for finding in result.findings:
            for mark in _marks(finding):
                index.by_fingerprint[mark].append(finding)
    covered = [_covered(one.waiver, index, setting) for one in placed]
    held = {key for one, found in zip(placed, covered, strict=True) if setting.in_force(one.waiver) for key in found}
    return [
        _row(one, len(found), len(found - held), known, setting, scope_read)
        for one, found in zip(placed, covered, strict=True)
    ]


def _row(
    placed: PlacedWaiver,
    found: int,
    reopened: int,
    results: Sequence[CheckResult],
    setting: Exceptions,
    scope_read: WaiverScope,
) -> dict[str, Any]:
    waiver = placed.waiver
    unseen = "" if found else _not_evaluated(waiver, results, setting, scope_read)
    return {
        "file": placed.file,
        "waiver": placed.number,
        "line": placed.line,
        "checks": ", ".join(waiver.checks),
        "scope": scope_text(waiver),
        "reason": waiver.reason,
        "owner": waiver.owner,
        "until": waiver.until.isoformat(),
        "days_left": (waiver.until - setting.today).days,
        "in_force": setting.in_force(waiver),
        "state": _state(waiver, setting),
        "problem": _problem(waiver, setting, reopened, unseen=bool(unseen)),
        "findings": None if unseen else found,
        "reopened": reopened,
        "not_evaluated": unseen,
    }


def scope_text(waiver: Waiver) -> str:
    """The scope of *waiver*, in words; empty where it matches every finding of its checks."""
    parts = [
        ("fingerprint", (waiver.fingerprint,) if waiver.fingerprint else ()),
        ("accounts", waiver.accounts),
        ("account names", waiver.account_names),
        ("units", waiver.ous),
        ("Regions", waiver.regions),
        ("repositories", waiver.repositories),
        ("tags", tuple(f"{key}={value}" for key, value in waiver.tags.items())),
    ]
    return "; ".join(f"{name} {', '.join(values)}" for name, values in parts if values)


def _state(waiver: Waiver, setting: Exceptions) -> str:
    if setting.in_force(waiver):
        return "in force"
    return "too far ahead" if waiver.until > setting.today else "expired"


def _problem(waiver: Waiver, setting: Exceptions, reopened: int, *, unseen: bool) -> str:
    """Why *waiver* is not in force, as a clause; empty where it is. *unseen*: not all that it covers was evaluated."""
    if setting.in_force(waiver):
        return ""
    until = waiver.until.isoformat()
    if waiver.until > setting.today:
        return f"{until} is more than {setting.longest_days} days ahead"
    if not reopened and unseen:
        return f"it expired on {until}"
    if not reopened:
        return f"it expired on {until}, and no open finding matches it"
    return f"it expired on {until}, and {counted(reopened, 'finding')} {'are' if reopened > 1 else 'is'} open again"


def _not_evaluated(waiver: Waiver, results: Sequence[CheckResult], setting: Exceptions, scope_read: WaiverScope) -> str:
    """What part of the scope of *waiver* was not evaluated, as a clause; empty where all of it was."""
    broken = [one.check for one in results if one.error and _for_check((waiver,), one.check, setting.aliases)]
    if broken:
        return f"the check {broken[0]} failed to run"
    if any(_for_check((waiver,), check, setting.aliases) for check in scope_read.not_selected):
        return "the run was limited to some checks"
    # A pattern may match Regions that the run did not read.
    if scope_read.regions is not None and not (waiver.regions and scope_read.regions.issuperset(waiver.regions)):
        return "the run was limited to some Regions"
    named = _names_accounts(waiver)
    if scope_read.accounts is not None and not (
        named and all(one in scope_read.accounts for one in _accounts(waiver, setting))
    ):
        return "the run was limited to some accounts"
    for place in _places(waiver, scope_read.unread, setting):
        return f"{'/'.join(part for part in place if part) or 'the organization'} could not be read completely"
    for place in _places(waiver, scope_read.unread_tags if waiver.tags else (), setting):
        return f"the tags of some repositories in {place} were not read"
    return ""


def _places(waiver: Waiver, registries: Iterable[RegistryId], setting: Exceptions) -> Iterator[RegistryId]:
    """Those of *registries* that *waiver* may be about, in order."""
    named = _names_accounts(waiver)
    for account, region in sorted(registries):
        if region and waiver.regions and not _region_fits(waiver, region):
            continue
        if not account or not named or _account_fits(waiver, account, setting, unknown=True):
            yield RegistryId(account, region)


def _names_accounts(waiver: Waiver) -> bool:
    return bool(waiver.accounts or waiver.account_names or waiver.ous)


def _region_fits(waiver: Waiver, region: str) -> bool:
    return any(matches_text(pattern, region) for pattern in waiver.regions)


def _accounts(waiver: Waiver, setting: Exceptions) -> set[str]:
    """Accounts of *waiver*, listed or by their name or unit."""
    known = {*setting.account_ous, *setting.account_names}
    return {one for one in known if _account_fits(waiver, one, setting, unknown=True)} | set(waiver.accounts)


def _covered(waiver: Waiver, index: _Index, setting: Exceptions) -> frozenset[_Found]:
    """Every finding that *waiver* matches, in force or not."""
    if waiver.fingerprint:
        candidates = index.by_fingerprint.get(waiver.fingerprint, [])
        findings = [one for one in candidates if _for_check((waiver,), one.check, setting.aliases)]
    else:
        fitting = [result for result in index.results if _for_check((waiver,), result.check, setting.aliases)]
        findings = [one for result in fitting for one in result.findings]
    return frozenset((one.check, one.fingerprint) for one in findings if _covers(waiver, one, setting))


def _for_check(waivers: Sequence[Waiver], check: str, aliases: Mapping[str, Sequence[str]]) -> tuple[Waiver, ...]:
    names = (check, *aliases.get(check, ()))
    return tuple(
        waiver for waiver in waivers if any(fnmatchcase(name, pattern) for pattern in waiver.checks for name in names)
    )


def _marked(result: CheckResult, waivers: tuple[Waiver, ...], setting: Exceptions) -> CheckResult:
    if not waivers or not result.findings:
        return result
    named = frozenset(waiver.fingerprint for waiver in waivers if waiver.fingerprint)
    broad = tuple(waiver for waiver in waivers if not waiver.fingerprint)
    # Waivers of one finding each are not compared with every other finding.
    marked = (_mark(one, waivers if named.intersection(_marks(one)) else broad, setting) for one in result.findings)
    return dataclasses.replace(result, findings=tuple(marked))


def _mark(finding: Finding, waivers: tuple[Waiver, ...], setting: Exceptions) -> Finding:
    for waiver in waivers:
        if _covers(waiver, finding, setting):
            mark = WaiverMark(reason=waiver.reason, owner=waiver.owner, until=waiver.until.isoformat())
            return dataclasses.replace(finding, waiver=mark)
    return finding


def _covers(waiver: Waiver, finding: Finding, setting: Exceptions) -> bool:
    """Whether every given field of *waiver* matches *finding*; its checks were compared before."""
    if finding.status is Status.ERROR or (waiver.fingerprint and waiver.fingerprint not in _marks(finding)):
        return False
    if waiver.regions and not _region_fits(waiver, finding.region):
        return False
    # Unknown does not match.
    if _names_accounts(waiver) and not _account_fits(waiver, finding.account, setting, unknown=False):
        return False
    if not (waiver.repositories or waiver.tags):
        return True
    repository = finding.key.get("repository")
    if not isinstance(repository, str):
        return False
    if waiver.repositories and not any(fnmatchcase(repository, pattern) for pattern in waiver.repositories):
        return False
    held = setting.tags.get((finding.account, finding.region, repository), {}) if waiver.tags else {}
    return all(key in held and matches_text(value, held[key]) for key, value in waiver.tags.items())


def _marks(finding: Finding) -> tuple[str, ...]:
    """The fingerprints that name *finding* in a waiver: its own, and that of the UNKNOWN rows of its cause."""
    if finding.cause is None:
        return (finding.fingerprint,)
    return finding.fingerprint, group_fingerprint(finding.check, finding.cause)


def _account_fits(waiver: Waiver, account: str, setting: Exceptions, *, unknown: bool) -> bool:
    """Whether *account* is one of *waiver*; *unknown*: the result where its name or organizational unit is unknown."""
    if account in waiver.accounts:
        return True
    ou_path, organization_path = setting.account_ous.get(account, (None, None))
    inside = in_units(waiver.ous, ou_path=ou_path, organization_path=organization_path)
    named = in_account_names(waiver.account_names, setting.account_names.get(account))
    if inside or named:
        return True
    return unknown if inside is None or named is None else False
