"""From a row that did not pass to its finding: message, severity, location, evidence, remediation.

An exception in a message, severity or remediation does not remove the finding: the error is in its evidence under
`defect`, so the report shows both the failure and that its advice is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from checks.engine.gc import no_search_for_cycles
from checks.engine.text import in_words, render
from checks.model import (
    Check,
    Finding,
    Remediation,
    RemediationContext,
    Row,
    Severity,
    Status,
    UnknownCause,
    fingerprint,
)

DEFECT = "defect"
"""Evidence name of an error in the message, severity or remediation."""

_Answer = TypeVar("_Answer")


def broken(check: Check, error: str, context: RemediationContext) -> Finding:
    """The one ERROR finding of a check that could not be evaluated; *error* is the reason."""
    return Finding(
        check=check.id,
        status=Status.ERROR,
        severity=severity_of(check, context),
        account="",
        region="",
        resource=f"table {check.table.name}",
        key={},
        message=f"check error: {error}",
        evidence={},
        remediation=None,
        fingerprint=fingerprint(check.id, {}),
    )


def make_findings(
    check: Check, context: RemediationContext, rows: Iterable[tuple[Status, Row, int]]
) -> tuple[Finding, ...]:
    """One finding for each row with its status, FAIL or UNKNOWN, and its ordinal among the rows with its identity."""
    maker = _FindingMaker(check, context)
    with no_search_for_cycles():
        return tuple(maker.make(status, row, occurrence) for status, row, occurrence in rows)


class _FindingMaker:
    """Makes the findings of one check. Rows with equal evidence share one object."""

    def __init__(self, check: Check, context: RemediationContext) -> None:
        self._check = check
        self._context = context
        self._severity = _override(check, context)
        self._place = _place_columns(check)
        self._shown = tuple(dict.fromkeys((*check.expect.facts, *check.evidence)))
        self._evidence: dict[tuple[object, ...], Mapping[str, Any]] = {}

    def make(self, status: Status, row: Row, occurrence: int) -> Finding:
        check = self._check
        defects: list[str] = []
        key = {name: row[name] for name in check.table.key}
        template = check.unknown if status is Status.UNKNOWN else check.message
        resource = self._guarded(defects, "label", lambda: render(check.table.label, row))
        message = self._guarded(defects, "message", lambda: render(template, row))
        reason = self._guarded(defects, "reason", lambda: self._reason(status, row)) or ""
        severity = self._guarded(defects, "grade", lambda: self._graded(row))
        remediation = self._guarded(defects, "remediation", lambda: self._remediation(status, row))
        evidence = self._guarded(defects, "evidence", lambda: self._shared_evidence(row)) or {}
        expected, observed = self._guarded(defects, "comparison", lambda: self._compared(row)) or ("", "")
        account, region = (row[name] or "" if name else "" for name in self._place)
        return Finding(
            check=check.id,
            status=status,
            severity=severity or check.severity,
            account=account,
            region=region,
            resource=resource or " ".join(str(value) for value in key.values()),
            key=key,
            message=(message or check.title) + (f": {reason}" if reason else ""),
            evidence={**evidence, DEFECT: "; ".join(defects)} if defects else evidence,
            remediation=remediation,
            fingerprint=self._fingerprint(row, key, occurrence),
            fact=check.expect.facts[0] if check.expect.facts else "",
            expected=expected,
            observed=observed,
            cause=UnknownCause(reason=reason) if status is Status.UNKNOWN else None,
        )

    def _reason(self, status: Status, row: Row) -> str:
        """Why an UNKNOWN row is UNKNOWN, as the table states it; empty where it does not."""
        return render(self._check.unknown_reason, row) if status is Status.UNKNOWN else ""

    def _compared(self, row: Row) -> tuple[str, str]:
        """The expected and the observed value of the first fact, in words."""
        expect = self._check.expect
        return render(expect.expected, row), in_words(row[expect.facts[0]]) if expect.facts else ""

    def _fingerprint(self, row: Row, key: Mapping[str, Any], occurrence: int) -> str:
        table = self._check.table
        identity = {name: row[name] for name in table.identity} if table.identity else key
        return fingerprint(self._check.id, {**identity, "occurrence": occurrence} if occurrence > 1 else identity)

    @staticmethod
    def _guarded(defects: list[str], part: str, make: Callable[[], _Answer]) -> _Answer | None:
        try:
            return make()
        except Exception as error:  # Errors of a check's own functions are isolated here and recorded.
            defects.append(f"the {part} could not be determined ({type(error).__name__}: {error})")
            return None

    def _shared_evidence(self, row: Row) -> Mapping[str, Any]:
        values = tuple([row[name] for name in self._shown])
        # Types are part of the key: True, 1 and 1.0 are equal as keys but not as evidence.
        identity = (*values, *map(type, values))
        if identity not in self._evidence:
            self._evidence[identity] = dict(zip(self._shown, values, strict=True))
        return self._evidence[identity]

    def _graded(self, row: Row) -> Severity:
        if self._severity:
            return self._severity
        grade = row[self._check.graded] if self._check.graded else None
        return Severity(grade) if grade else self._check.severity

    def _remediation(self, status: Status, row: Row) -> Remediation | None:
        # Without evidence there is no remediation.
        return self._check.remediation(row, self._context) if status is Status.FAIL else None


def severity_of(check: Check, context: RemediationContext) -> Severity:
    """The severity of *check* where its row has none: that of the baseline, else that of the check."""
    return _override(check, context) or check.severity


def _override(check: Check, context: RemediationContext) -> Severity | None:
    for name in (check.id, *check.aliases):
        if name in context.baseline.severity:
            return context.baseline.severity[name]
    return None


def _place_columns(check: Check) -> tuple[str, str]:
    """The account and Region columns of a finding of *check*; empty where the table has none."""
    side = f"{check.at or 'source'}_" if check.table.two_sided else ""
    account, region = (name if name in check.table.names else "" for name in (f"{side}account", f"{side}region"))
    return account, region
