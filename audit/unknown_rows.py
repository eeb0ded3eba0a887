"""UNKNOWN rows: the cause of each, and one finding for the rows of one check that have the same cause.

One read that fails in one account can leave tens of thousands of results unknown. A run keeps one finding for each
check and cause, with the number of its rows, their registries and some examples; `unknown_rows` lists every row.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from typing import Any

from checks.model import (
    CheckResult,
    Finding,
    Gap,
    GapKind,
    RegistryId,
    RegistryRows,
    RowGroup,
    Status,
    UnknownCause,
    WaiverMark,
    fingerprint,
    group_fingerprint,
)
from checks.tables import NOUNS
from checks.texts import CheckText

EXAMPLES = 5
"""Rows that a finding names."""

_PAIRS = (("destination_account", "destination_region"), ("account", "region"), ("source_account", "source_region"))
_KINDS = {kind: position for position, kind in enumerate(GapKind)}
_EVERYTHING = frozenset((GapKind.ROLE_MISSING, GapKind.CREDENTIALS, GapKind.REGION_DISABLED, GapKind.ACCOUNT_INACTIVE))
"""Kinds of a gap that leave nothing readable, whatever the operation."""


NOT_AUDITED = "a registry outside the organization, or outside the scope of the run, was not read"
"""The reason of a row about a registry that the run did not plan to read."""


def with_causes(
    results: Iterable[CheckResult],
    gaps: Iterable[Gap],
    texts: Iterable[CheckText],
    planned: Set[RegistryId] = frozenset(),
) -> tuple[CheckResult, ...]:
    """*results*, row by row, with the cause of every UNKNOWN finding.

    It is, in this order: a read in a registry of the row that failed and that the check needs; the reason that the row
    states; any other read that failed there and affects the table; that a registry of the row is not one of *planned*,
    which the run was to read (empty: not known).
    """
    causes = _Causes(gaps, {text.id: text for text in texts}, planned)
    return tuple(
        replace(result, findings=tuple(causes.explained(finding) for finding in result.findings))
        if result.counts.get(Status.UNKNOWN)
        else result
        for result in results
    )


def places_of(finding: Finding) -> tuple[RegistryId, ...]:
    """The registries that the row of *finding* is about, the one that receives replicas first."""
    key = finding.key
    named = [RegistryId(str(key.get(account) or ""), str(key.get(region) or "")) for account, region in _PAIRS]
    own = RegistryId(finding.account, finding.region)
    return tuple(dict.fromkeys(place for place in (*named, own) if place.account))


class _Causes:
    """The failed reads of a run by registry."""

    def __init__(
        self, gaps: Iterable[Gap], texts: Mapping[str, CheckText], planned: Set[RegistryId] = frozenset()
    ) -> None:
        self._gaps: dict[RegistryId, list[Gap]] = defaultdict(list)
        for gap in sorted(gaps, key=lambda gap: (_KINDS[gap.kind], gap.operation)):
            if gap.kind is not GapKind.FEATURE_DISABLED:
                self._gaps[RegistryId(gap.account, gap.region)].append(gap)
        self._texts, self._planned = texts, planned
        self._found: dict[tuple[str, tuple[RegistryId, ...]], tuple[Gap | None, Gap | None]] = {}

    def explained(self, finding: Finding) -> Finding:
        """*finding* with its cause, if it is UNKNOWN."""
        if finding.status is not Status.UNKNOWN:
            return finding
        needed, other = self._failed_reads(finding)
        stated = finding.cause or UnknownCause()
        gap = needed or (None if stated.reason else other)
        if gap is not None:
            return replace(finding, cause=UnknownCause(gap.kind, gap.operation, gap.permission))
        if not stated.reason and self._planned and not set(filter(_is_one, places_of(finding))) <= self._planned:
            return replace(finding, cause=UnknownCause(reason=NOT_AUDITED))
        return replace(finding, cause=stated)

    def _failed_reads(self, finding: Finding) -> tuple[Gap | None, Gap | None]:
        """A failed read that the check needs, and any that affects its table, at the registries of *finding*."""
        key = (finding.check, places_of(finding))
        if key not in self._found:
            text = self._texts.get(finding.check) or CheckText(finding.check, finding.check)
            gaps = [gap for place in (*key[1], RegistryId("", "")) for gap in self._at(place)]
            needed = next((gap for gap in gaps if _needs(text, gap)), None)
            self._found[key] = needed, next((gap for gap in gaps if text.table in gap.tables), None)
        return self._found[key]

    def _at(self, place: RegistryId) -> Iterator[Gap]:
        yield from self._gaps.get(RegistryId(place.account, ""), ())
        if place.region:
            yield from self._gaps.get(place, ())

    def unread(self, finding: Finding) -> Iterator[RegistryId]:
        """Where the read failed that is the cause of *finding*."""
        cause = finding.cause
        if cause is None or cause.kind is None:
            if cause is not None and cause.reason == NOT_AUDITED:
                yield from (place for place in places_of(finding) if _is_one(place) and place not in self._planned)
            return
        for place in places_of(finding):
            for gap in self._at(place):
                if (gap.kind, gap.operation) == (cause.kind, cause.operation):
                    yield RegistryId(gap.account, gap.region)


def _is_one(place: RegistryId) -> bool:
    """Whether it is one registry, not a whole account."""
    return bool(place.account and place.region)


def _needs(text: CheckText, gap: Gap) -> bool:
    """Whether the check of *text* needs the read that failed; of a custom check only its table is known."""
    if gap.kind in _EVERYTHING or gap.operation == "sts:AssumeRole":
        return bool(gap.account)
    if not text.permissions:
        return text.table in gap.tables
    return gap.operation in text.permissions or gap.permission in text.permissions


def folded(
    results: Iterable[CheckResult],
    gaps: Iterable[Gap],
    texts: Iterable[CheckText],
    planned: Set[RegistryId] = frozenset(),
) -> tuple[CheckResult, ...]:
    """*results* with one finding for the UNKNOWN rows of a check that have the same cause and the same waiver.

    It stands where the first of its rows stood. Counts stay those of rows. *results* have causes, by
    `with_causes` from the same *gaps*, *texts* and *planned*.
    """
    known = {text.id: text for text in texts}
    causes = _Causes(gaps, known, planned)
    return tuple(
        replace(result, findings=tuple(_folded(result.findings, known.get(result.check), causes)))
        if result.counts.get(Status.UNKNOWN)
        else result
        for result in results
    )


def _folded(findings: Iterable[Finding], text: CheckText | None, causes: _Causes) -> Iterator[Finding]:
    groups: dict[tuple[UnknownCause, WaiverMark | None], list[Finding]] = defaultdict(list)
    order: list[Finding | tuple[UnknownCause, WaiverMark | None]] = []
    for finding in findings:
        if finding.status is not Status.UNKNOWN or finding.group is not None:
            order.append(finding)
            continue
        key = (finding.cause or UnknownCause(), finding.waiver)
        if key not in groups:
            order.append(key)
        groups[key].append(finding)
    waivers = defaultdict(list)
    for cause, waiver in groups:
        waivers[cause].append(waiver)
    for entry in order:
        if isinstance(entry, Finding):
            yield entry
        else:
            yield _group(groups[entry], waivers[entry[0]], text, causes)


def _group(rows: list[Finding], waivers: list[WaiverMark | None], text: CheckText | None, causes: _Causes) -> Finding:
    """The finding for *rows*; *waivers*: all marks among the rows of its check and cause."""
    first = rows[0]
    cause = first.cause or UnknownCause()
    registries = Counter((row.account, row.region) for row in rows)
    group = RowGroup(
        count=len(rows),
        registries=tuple(RegistryRows(*place, count) for place, count in sorted(registries.items())),
        unread=tuple(sorted({place for row in rows for place in causes.unread(row)})),
        examples=tuple(row.resource for row in rows[:EXAMPLES]),
        fingerprints=tuple(sorted(row.fingerprint for row in rows)),
    )
    mark = _fingerprint(first, cause, waivers)
    if len(rows) == 1:
        return replace(first, cause=cause, group=group, fingerprint=mark)
    _, many = NOUNS.get(text.table if text else "", ("result", "results"))
    accounts = {account for account, _ in registries}
    where = f" in {len(registries):,} registries" if len(registries) > 1 and many != "registries" else ""
    return Finding(
        check=first.check,
        status=Status.UNKNOWN,
        severity=min((row.severity for row in rows), key=lambda severity: severity.rank),
        account=first.account if len(accounts) == 1 else "",
        region=first.region if len(registries) == 1 else "",
        resource=f"{len(rows):,} {many}",
        key={},
        message=_message(text.title if text else first.check, f"{len(rows):,} {many}{where}", cause),
        evidence={},
        remediation=None,
        fingerprint=mark,
        waiver=first.waiver,
        cause=cause,
        group=group,
    )


def _fingerprint(first: Finding, cause: UnknownCause, waivers: list[WaiverMark | None]) -> str:
    """That of check and cause; where waivers cover some of its rows, each waived part has a fingerprint of its own."""
    waiver = first.waiver
    if waiver is None or waivers == [waiver]:
        return group_fingerprint(first.check, cause)
    distinct = {"waived_by": waiver.owner, "waived_until": waiver.until, "waived_for": waiver.reason}
    return fingerprint(first.check, {"unknown": "", **cause.identity, **distinct})


def _message(title: str, rows: str, cause: UnknownCause) -> str:
    why = cause_text(cause)
    return f"“{title}” is unknown for {rows}" + (f": {why}" if why else "")


def cause_text(cause: UnknownCause) -> str:
    """*cause* as a clause; empty where none is known."""
    if cause.kind is None:
        return cause.reason
    return f"{cause.operation} failed ({cause.kind.value.replace('_', ' ')})"


def row_records(results: Iterable[CheckResult], groups: Iterable[CheckResult]) -> Iterator[Mapping[str, Any]]:
    """A row of the table `unknown_rows` for each UNKNOWN row of *results*; *groups*: the same results, folded."""
    for result, group in zip(results, groups, strict=True):
        found = {mark: one for one in group.findings if one.group for mark in one.group.fingerprints}
        for finding in result.findings:
            if finding.status is Status.UNKNOWN:
                yield _record(finding, found[finding.fingerprint])


def _record(row: Finding, group: Finding) -> Mapping[str, Any]:
    cause = row.cause or UnknownCause()
    return {
        "check": row.check,
        "fingerprint": row.fingerprint,
        "finding": group.fingerprint,
        "account": row.account,
        "region": row.region,
        "resource": row.resource,
        "row_key": json.dumps(dict(row.key), separators=(",", ":"), ensure_ascii=False, default=str),
        "message": row.message,
        "cause_kind": cause.kind.value if cause.kind else "",
        "cause_operation": cause.operation,
        "cause_reason": cause.reason,
        "waived": row.waiver is not None,
    }
