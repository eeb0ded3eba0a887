"""From a row that did not pass to the finding that is reported: words, severity, place, evidence, remedy.

A message, grade or remedy that raises never takes the finding away: the defect is told in the finding's evidence under
`defect`, because a reader must see both that something failed and that our advice about it is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from checks.engine.gc import no_search_for_cycles
from checks.engine.text import in_words, render
from checks.model import Check, Finding, Remediation, RemediationContext, Row, Severity, Status, fingerprint

DEFECT = "defect"
"""Evidence name under which a broken message, grade or remedy is told."""

_Answer = TypeVar("_Answer")


def broken(check: Check, error: str, context: RemediationContext) -> Finding:
    """The one ERROR finding of a check that could not be judged; *error* names what broke."""
    return Finding(
        check=check.id,
        status=Status.ERROR,
        severity=severity_of(check, context),
        account="",
        region="",
        resource=f"table {check.table.name}",
        key={},
        message=f"the check could not be carried out: {error}",
        evidence={},
        remediation=None,
        fingerprint=fingerprint(check.id, {}),
    )


def make_findings(
    check: Check, context: RemediationContext, rows: Iterable[tuple[Status, Row, int]]
) -> tuple[Finding, ...]:
    """One finding for each row with its status, FAIL or UNKNOWN, and which of the rows with its identity it is."""
    maker = _FindingMaker(check, context)
    with no_search_for_cycles():
        return tuple(maker.make(status, row, occurrence) for status, row, occurrence in rows)


class _FindingMaker:
    """Makes the findings of one check. Evidence of rows that read alike is made once and shared."""

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
            message=message or check.title,
            evidence={**evidence, DEFECT: "; ".join(defects)} if defects else evidence,
            remediation=remediation,
            fingerprint=self._fingerprint(row, key, occurrence),
            fact=check.expect.facts[0] if check.expect.facts else "",
            expected=expected,
            observed=observed,
        )

    def _compared(self, row: Row) -> tuple[str, str]:
        """What the first fact of the expectation should be, and what it is, in words."""
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
        except Exception as error:  # A check's own parts are isolated here, and the defect is recorded.
            defects.append(f"the {part} could not be worked out ({type(error).__name__}: {error})")
            return None

    def _shared_evidence(self, row: Row) -> Mapping[str, Any]:
        values = tuple([row[name] for name in self._shown])
        # Types belong to the identity: True, 1 and 1.0 are equal keys but not equal evidence.
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
        # Nothing is mended on the strength of evidence that is not there.
        return self._check.remediation(row, self._context) if status is Status.FAIL else None


def severity_of(check: Check, context: RemediationContext) -> Severity:
    """What a finding of *check* weighs where its row does not say: as the baseline says, else as the check does."""
    return _override(check, context) or check.severity


def _override(check: Check, context: RemediationContext) -> Severity | None:
    for name in (check.id, *check.aliases):
        if name in context.baseline.severity:
            return context.baseline.severity[name]
    return None


def _place_columns(check: Check) -> tuple[str, str]:
    """The columns that say where a finding of *check* lies; empty where the table has none."""
    side = f"{check.at or 'source'}_" if check.table.two_sided else ""
    account, region = (name if name in check.table.names else "" for name in (f"{side}account", f"{side}region"))
    return account, region
