"""A comparison as text for a terminal, JSON, CSV or Markdown."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from audit.questions import Unasked
from audit.run_changes import State
from audit.visibility import Doubt
from checks.model import Severity
from reports.comparison import ComparedFinding, RunComparison
from reports.formats.columns import Column
from reports.formats.csv import cell, write_rows
from reports.formats.json_values import json_value
from reports.formats.markdown import escaped
from reports.sanitize import one_line
from reports.text import NOTHING, SEVERITY_MARKS, SEVERITY_WORDS, counted, moment_text, number, sentence, stamp

STATE_WORDS = {
    State.NEW: "New",
    State.WORSE: "More severe than before",
    State.NOT_EVALUATED: "Not evaluated again",
    State.STILL: "Still open",
    State.BETTER: "Less severe than before",
    State.WAIVED: "Now waived",
    State.NO_LONGER_REQUIRED: "No longer required",
    State.FIXED: "Fixed",
}
STATE_MARKS = {
    State.NEW: "+",
    State.WORSE: "↑",
    State.NOT_EVALUATED: "?",
    State.STILL: "=",
    State.BETTER: "↓",
    State.WAIVED: "~",
    State.NO_LONGER_REQUIRED: "–",
    State.FIXED: "✔",
}
REASON_WORDS: Mapping[Doubt | Unasked, str] = {
    Doubt.UNKNOWN: "its result is unknown in the later run",
    Doubt.CHECK: "its check ended with an error in the later run",
    Doubt.EVIDENCE: "a read of its account or registry failed",
    Doubt.NOTHING: "the later run evaluated nothing",
    Doubt.REQUIREMENTS: "the requirements differ, and the later run was not evaluated under those of the earlier run",
    Unasked.ORGANIZATION: "the later run audited another organization or account",
    Unasked.CHECK: "its check was not part of the later run",
    Unasked.SCOPE: "it is outside the scope of the later run",
    Unasked.REQUIREMENT: "the requirement is gone or changed",
}
VERSION = 1
"""Of the JSON shape."""

_COLUMNS = (
    Column("STATE", "new, worse, not_evaluated, still, better, waived, no_longer_required or fixed"),
    Column("SEVERITY_BEFORE", "Severity in the earlier run; empty where it was not open"),
    Column("SEVERITY_AFTER", "Severity in the later run; empty where it is not open"),
    Column("CHECK_ID", "Id of the check"),
    Column("ACCOUNT_UID", "Account id, twelve digits"),
    Column("REGION", "AWS Region"),
    Column("RESOURCE_NAME", "What the finding is about"),
    Column("STATUS_EXTENDED", "What is or was wrong"),
    Column("FINDING_UID", "Sixteen hex digits, the same in both runs"),
    Column("REASON", "Why it was not evaluated, or why it is no longer required; else empty"),
)


def as_text(comparison: RunComparison) -> str:
    """For a terminal: the totals, then every change; findings that are still open are only counted."""
    return "\n".join(_text_lines(comparison)) + "\n"


def as_json(comparison: RunComparison) -> str:
    """One document with every entry."""
    document = {
        "version": VERSION,
        "before": {"run": comparison.before.id, "started_at": stamp(comparison.before.started_at)},
        "after": {"run": comparison.after.id, "started_at": stamp(comparison.after.started_at)},
        "counts": {state.value: count for state, count in comparison.counts.items()},
        "differences": comparison.differences,
        "remarks": comparison.remarks,
        "findings": [_record(entry) for entry in comparison.entries],
    }
    return json.dumps(json_value(document), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def as_csv(comparison: RunComparison) -> str:
    """One row an entry, RFC 4180."""
    stream = io.StringIO(newline="")
    write_rows(stream, _COLUMNS, (_cells(entry) for entry in comparison.entries))
    return stream.getvalue()


def as_markdown(comparison: RunComparison) -> str:
    """For a pull request or a chat message."""
    return "\n".join(_markdown_lines(comparison)) + "\n"


RENDERERS: Mapping[str, Callable[[RunComparison], str]] = MappingProxyType(
    {"text": as_text, "json": as_json, "csv": as_csv, "markdown": as_markdown}
)
"""Format name → renderer."""


def _text_lines(comparison: RunComparison) -> Iterator[str]:
    yield from (f"Note: {one_line(remark)}" for remark in comparison.remarks)
    yield f"From {comparison.before.id} ({moment_text(comparison.before.started_at)})"
    yield f"to   {comparison.after.id} ({moment_text(comparison.after.started_at)})"
    yield ""
    for state, count in comparison.counts.items():
        yield f"{STATE_MARKS[state]} {STATE_WORDS[state]:<28} {number(count):>8}"
    for state in State:
        entries = [entry for entry in comparison.entries if entry.state is state]
        if not entries or state is State.STILL:
            continue
        yield ""
        yield f"{STATE_WORDS[state]}:"
        for entry in entries:
            yield f"  {STATE_MARKS[state]} {_severities(entry)}  {entry.finding.check}  {entry.finding.fingerprint}"
            yield f"      {one_line(sentence(entry.finding.message))}"
            if entry.reason is not None:
                what = "Not evaluated" if state is State.NOT_EVALUATED else "Not asked"
                yield f"      {what}: {REASON_WORDS[entry.reason]}."
    if comparison.counts[State.STILL]:
        yield ""
        yield f"{counted(comparison.counts[State.STILL], 'finding is', 'findings are')} still open and not listed here."


def _severities(entry: ComparedFinding) -> str:
    if entry.before and entry.after and entry.before is not entry.after:
        return f"{_severity(entry.before)} → {_severity(entry.after)}"
    return _severity(entry.after or entry.before)


def _severity(severity: Severity | None) -> str:
    return f"{SEVERITY_MARKS[severity]} {SEVERITY_WORDS[severity]}" if severity else NOTHING


def _record(entry: ComparedFinding) -> dict[str, object]:
    finding = entry.finding
    return {
        "state": entry.state,
        "reason": entry.reason,
        "severity_before": entry.before,
        "severity_after": entry.after,
        "check": finding.check,
        "account": finding.account,
        "region": finding.region,
        "resource": finding.resource,
        "message": finding.message,
        "fingerprint": finding.fingerprint,
    }


def _cells(entry: ComparedFinding) -> tuple[str, ...]:
    finding = entry.finding
    return (
        entry.state.value,
        entry.before.value if entry.before else "",
        entry.after.value if entry.after else "",
        cell(finding.check),
        cell(finding.account),
        cell(finding.region),
        cell(finding.resource),
        cell(finding.message),
        finding.fingerprint,
        entry.reason.value if entry.reason else "",
    )


def _markdown_lines(comparison: RunComparison) -> Iterator[str]:
    yield f"## Replication audit: `{comparison.before.id}` → `{comparison.after.id}`"
    yield ""
    for remark in comparison.remarks:
        yield f"> {escaped(remark)}"
        yield ""
    shown = [(state, count) for state, count in comparison.counts.items() if count]
    heads = [f"{STATE_MARKS[state]} {STATE_WORDS[state]}" for state, _ in shown]
    yield f"| {' | '.join(heads) or 'No open failure in either run'} |"
    yield f"|{' ---: |' * max(1, len(shown))}"
    yield f"| {' | '.join(number(count) for _, count in shown) or NOTHING} |"
    changed = [entry for entry in comparison.entries if entry.state is not State.STILL]
    if not changed:
        return
    yield ""
    yield "| Change | Severity | Finding | Fingerprint |"
    yield "| --- | --- | --- | --- |"
    for entry in changed[:50]:
        message = escaped(sentence(entry.finding.message))
        state = f"{STATE_MARKS[entry.state]} {STATE_WORDS[entry.state]}"
        yield f"| {state} | {_severities(entry)} | {message} | `{entry.finding.fingerprint}` |"
    if len(changed) > 50:
        yield ""
        yield f"{counted(len(changed) - 50, 'further change is', 'further changes are')} not listed here."
