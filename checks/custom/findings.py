"""Findings of custom checks, about a row or a whole table."""

from __future__ import annotations

import json
from typing import Any

from checks.custom.files import OBSERVED, CustomCheck
from checks.engine.findings import severity_of
from checks.engine.great_expectations import bounded
from checks.engine.text import render
from checks.expectations import Expectation
from checks.model import (
    Check,
    CheckResult,
    Finding,
    Remediation,
    RemediationContext,
    Row,
    Status,
    UnknownCause,
    fingerprint,
)
from checks.tables import TABLES, Table

_SHOWN = 300
"""Characters of the arguments in a default message."""

_NO_TABLE = Table(name="", meaning="", key=(), columns=(), label="")


def check_of(own: CustomCheck) -> Check:
    """*own* as a `Check`, from which findings are made; it is not evaluated as one."""
    table = next((table for table in TABLES if table.name == own.table), _NO_TABLE)
    columns = () if own.error else own.columns
    shown = ", ".join(f"{name} is {{{name}}}" for name in columns)
    causes = " or ".join(dict.fromkeys((*columns, *own.when)))
    return Check(
        id=own.id,
        aliases=(),
        title=own.title,
        severity=own.severity,
        table=table,
        expect=Expectation(own.type, columns, own.arguments, expected=_braced(own.title)),
        message=own.message or f"{_braced(own.title)}: not met; {shown}",
        remediation=lambda row, _context: _remediation(own, row),
        unknown=f"{_braced(own.title)}: unknown, because {causes} could not be read",
        at=own.at,
    )


def broken_result(own: CustomCheck, error: str, context: RemediationContext) -> CheckResult:
    """The result of an expectation that could not be evaluated."""
    check = check_of(own)
    finding = Finding(
        check=own.id,
        status=Status.ERROR,
        severity=severity_of(check, context),
        account="",
        region="",
        resource=own.file,
        key={},
        message=f"the expectation could not be evaluated: {error}",
        evidence={"type": own.type, "arguments": bounded(dict(own.arguments))} if own.type else {},
        remediation=None,
        fingerprint=fingerprint(own.id, {}),
    )
    return CheckResult(own.id, dict.fromkeys(Status, 0) | {Status.ERROR: 1}, (finding,), error=error)


def table_finding(
    own: CustomCheck, status: Status, observed: Any, unknown: str, context: RemediationContext
) -> Finding:
    """The one finding of an expectation about a whole table. *unknown*: why it is unknown, as a clause."""
    seen = json.dumps(observed, default=str, ensure_ascii=False)[:_SHOWN]
    row = {OBSERVED: seen}
    asked = json.dumps(dict(own.arguments), default=str, ensure_ascii=False)[:_SHOWN]
    if status is Status.UNKNOWN:
        message = f"{own.title}: unknown, because {unknown}"
    else:
        default = f"{own.title}: not met; observed {seen}, expected {asked}"
        message = render(own.message, row) if own.message else default
    return Finding(
        check=own.id,
        status=status,
        severity=severity_of(check_of(own), context),
        account="",
        region="",
        resource=f"table {own.table}",
        key={"table": own.table},
        message=message,
        evidence={OBSERVED: observed, "arguments": bounded(dict(own.arguments))},
        remediation=_remediation(own, row) if status is Status.FAIL else None,
        fingerprint=fingerprint(own.id, {"table": own.table}),
        expected=asked,
        observed=seen,
        cause=UnknownCause(reason=unknown) if status is Status.UNKNOWN else None,
    )


def _remediation(own: CustomCheck, row: Row) -> Remediation:
    if not own.remediation:
        wording = f"Meet the expectation of the custom check {own.id}, or change it in {own.file}."
        return Remediation(summary=wording, manual=(f"Ask the owner of {own.file} what to do.",))
    first, *steps = (render(template, row) for template in own.remediation)
    return Remediation(summary=first if first.endswith(".") else f"{first}.", manual=tuple(steps) or (first,))


def _braced(text: str) -> str:
    """*text* as part of a format string."""
    return text.replace("{", "{{").replace("}", "}}")
