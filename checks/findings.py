"""From a row that did not pass to the finding that is reported: words, severity, place, evidence, remedy.

A message, grade or remedy that raises never takes the finding away: the defect is told in the finding's evidence under
`defect`, because a reader must see both that something failed and that our advice about it is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from checks.model import Check, Finding, Remedy, RemedyContext, Row, Severity, Status, fingerprint
from checks.wording import fields, tell

DEFECT = "defect"
"""Evidence name under which a broken message, grade or remedy is told."""

_Answer = TypeVar("_Answer")


def broken(check: Check, error: str, context: RemedyContext) -> Finding:
    """The one ERROR finding of a check that could not be judged; *error* names what broke."""
    return Finding(
        check=check.id,
        status=Status.ERROR,
        severity=_override(check, context) or check.severity,
        account="",
        region="",
        resource=f"table {check.table.name}",
        key={},
        message=f"the check could not be carried out: {error}",
        evidence={},
        remedy=None,
        fingerprint=fingerprint(check.id, {}),
    )


@dataclass(slots=True)
class FindingMaker:
    """Makes the findings of one check. Texts and evidence of rows that read alike are made once and shared."""

    check: Check
    context: RemedyContext
    _texts: dict[tuple[object, ...], str] = field(default_factory=dict)
    _evidence: dict[tuple[object, ...], Mapping[str, Any]] = field(default_factory=dict)
    _fields: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def make(self, status: Status, row: Row) -> Finding:
        """The finding about *row*, which is FAIL or UNKNOWN."""
        check = self.check
        defects: list[str] = []
        key = {name: row[name] for name in check.table.key}
        resource = self._guarded(defects, "label", lambda: self._told(check.table.label, row))
        message = self._guarded(defects, "message", lambda: self._told(self._template(status), row))
        severity = self._guarded(defects, "grade", lambda: self._severity(row))
        remedy = self._guarded(defects, "remedy", lambda: self._remedy(status, row))
        evidence = self._guarded(defects, "evidence", lambda: self._shown(row)) or {}
        account, region = _place(check, row)
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
            remedy=remedy,
            fingerprint=fingerprint(check.id, key),
        )

    @staticmethod
    def _guarded(defects: list[str], part: str, make: Callable[[], _Answer]) -> _Answer | None:
        try:
            return make()
        except Exception as error:  # A check's own parts are isolated here, and the defect is recorded.
            defects.append(f"the {part} could not be worked out ({type(error).__name__}: {error})")
            return None

    def _template(self, status: Status) -> str:
        return self.check.unknown if status is Status.UNKNOWN else self.check.message

    def _told(self, template: str, row: Row) -> str:
        if template not in self._fields:
            self._fields[template] = fields(template)
        values = (template, *(row[name] for name in self._fields[template]))
        if values not in self._texts:
            self._texts[values] = tell(template, row)
        return self._texts[values]

    def _shown(self, row: Row) -> Mapping[str, Any]:
        names = dict.fromkeys((self.check.judged, *self.check.evidence))
        values = tuple(row[name] for name in names)
        # Types belong to the identity: True, 1 and 1.0 are equal keys but not equal evidence.
        identity = (*values, *(type(value) for value in values))
        if identity not in self._evidence:
            self._evidence[identity] = dict(zip(names, values, strict=True))
        return self._evidence[identity]

    def _severity(self, row: Row) -> Severity:
        override = _override(self.check, self.context)
        if override:
            return override
        grade = row[self.check.graded] if self.check.graded else None
        return Severity(grade) if grade else self.check.severity

    def _remedy(self, status: Status, row: Row) -> Remedy | None:
        # Nothing is mended on the strength of evidence that is not there.
        return self.check.remedy(row, self.context) if status is Status.FAIL else None


def _override(check: Check, context: RemedyContext) -> Severity | None:
    for name in (check.id, *check.aliases):
        if name in context.baseline.severity:
            return context.baseline.severity[name]
    return None


def _place(check: Check, row: Row) -> tuple[str, str]:
    side = f"{check.at or 'source'}_" if check.table.two_sided else ""
    columns = (f"{side}account", f"{side}region")
    account, region = (row[name] if name in check.table.names else "" for name in columns)
    return account or "", region or ""
