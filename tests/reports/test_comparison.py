"""Two runs side by side: pairs of findings as rows, and the text of each; agreement with the summary of history."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.evidence import Scope
from audit.model import Question, Run, RunSummary
from audit.questions import Difference, Unasked
from audit.run_changes import State
from audit.visibility import Doubt, location_of
from checks.model import Finding, Gap, GapKind, Severity, Status, WaiverMark
from reports.comparison import compare
from reports.comparison_texts import RENDERERS
from reports.history import change_since
from tests.reports import runs
from tests.reports.making import link

HIGH, LOW = Severity.HIGH, Severity.LOW
WAIVER = WaiverMark("known", "me", "2027-01-01")
GAP = Gap("", "", "organizations:ListAccounts", GapKind.DENIED, "AccessDenied", "no", ("links",))


SOUND = runs.result("settings.encryption", passed=3)


def a_finding(number: int, what: tuple[Status, Severity, bool]) -> Finding:
    status, severity, waived = what
    key = link(f"{number:012d}", "eu-west-1")
    waiver = WAIVER if waived else None
    return runs.finding("grants.replication-allowed", severity, key, "no grant", status=status, waiver=waiver)


def a_run(findings: dict[int, tuple[Status, Severity, bool]], *, blind: bool = False, day: int = 23) -> Run:
    made = [a_finding(number, what) for number, what in findings.items()]
    run = runs.run_of([runs.result("grants.replication-allowed", made, passed=3)])
    moment = dt.datetime(2026, 11, day, 2, tzinfo=dt.UTC)
    return replace(run, id=f"202611{day}T020000Z-aaaaaa", started_at=moment, gaps=(GAP,) if blind else ())


MARK = a_finding(1, (Status.FAIL, HIGH, False)).fingerprint


def open_(severity: Severity = HIGH) -> tuple[Status, Severity, bool]:
    return Status.FAIL, severity, False


@pytest.mark.parametrize(
    ("before", "after", "blind", "state"),
    [
        (None, open_(), False, State.NEW),
        ((Status.UNKNOWN, HIGH, False), open_(), False, State.NEW),
        ((Status.FAIL, HIGH, True), open_(), False, State.NEW),
        (open_(), open_(), False, State.STILL),
        (open_(LOW), open_(HIGH), False, State.WORSE),
        (open_(HIGH), open_(LOW), True, State.BETTER),
        (open_(), (Status.FAIL, HIGH, True), False, State.WAIVED),
        (open_(), (Status.UNKNOWN, HIGH, False), False, State.NOT_EVALUATED),
        (open_(), None, True, State.NOT_EVALUATED),
        (open_(), None, False, State.FIXED),
        ((Status.UNKNOWN, HIGH, False), None, False, None),
        (None, (Status.FAIL, HIGH, True), False, None),
    ],
)
def test_what_became_of_a_finding(before, after, blind, state):
    first = a_run({1: before} if before else {}, day=22)
    second = a_run({1: after} if after else {}, blind=blind)
    entries = compare(first, second).entries
    assert [entry.state for entry in entries] == ([state] if state else [])


WHAT = st.tuples(st.sampled_from([Status.FAIL, Status.UNKNOWN]), st.sampled_from([HIGH, LOW]), st.booleans())
FINDINGS = st.dictionaries(st.integers(1, 8), WHAT)


@given(FINDINGS, FINDINGS, st.booleans())
def test_it_agrees_with_the_change_that_reports_tell(before, after, blind):
    first, second = a_run(before, day=22), a_run(after, blind=blind)
    open_then = {
        one.fingerprint: one.severity for one in first.findings if one.status is Status.FAIL and not one.waiver
    }
    locations = {one.fingerprint: location_of(one) for one in first.findings}
    change = change_since(second, RunSummary(first.id, first.started_at, True, open_then, locations=locations))
    found = {
        state: {one.finding.fingerprint for one in compare(first, second).entries if one.state is state}
        for state in State
    }
    assert found[State.NEW] == change.new
    assert found[State.FIXED] == change.fixed
    assert found[State.NO_LONGER_REQUIRED] == change.no_longer_required
    assert found[State.WAIVED] == change.waived
    assert found[State.NOT_EVALUATED] == change.not_evaluated
    assert found[State.WORSE] == change.worse
    assert found[State.BETTER] == change.better
    assert found[State.STILL] | found[State.WORSE] | found[State.BETTER] == change.still


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"gaps": (GAP,)}, Doubt.EVIDENCE),
        ({"results": (runs.result("grants.replication-allowed", error="KeyError: 'x'"), SOUND)}, Doubt.CHECK),
        ({"results": (SOUND,)}, Unasked.CHECK),
        ({"organization_id": "o-other"}, Unasked.ORGANIZATION),
        ({"question": Question(requirements="2", before="1", dropped=(MARK,))}, Unasked.REQUIREMENT),
        ({"question": Question(requirements="2", before="1")}, None),
        ({"question": Question(requirements="2")}, Doubt.REQUIREMENTS),
        ({"scope": Scope(regions=("eu-south-1",))}, Unasked.SCOPE),
        ({"scope": Scope(accounts=("100000000001",))}, Unasked.SCOPE),
        ({"results": (runs.result("grants.replication-allowed", idle=3),)}, Doubt.NOTHING),
        ({"results": a_run({1: (Status.UNKNOWN, HIGH, False)}).results}, Doubt.UNKNOWN),
    ],
)
def test_what_is_gone_is_fixed_or_there_is_a_reason_why_nobody_can_tell(change, reason):
    asked = Question(requirements="1")
    first = replace(a_run({1: open_()}, day=22), question=asked)
    second = replace(a_run({}), **{"question": asked, **change})
    comparison = compare(first, second)
    (entry,) = comparison.entries
    gone = State.NO_LONGER_REQUIRED if isinstance(reason, Unasked) else State.NOT_EVALUATED
    assert (entry.state, entry.reason) == (State.FIXED if reason is None else gone, reason)
    (record,) = json.loads(RENDERERS["json"](comparison))["findings"]
    assert record["reason"] == reason
    assert ("Not evaluated: " in RENDERERS["text"](comparison)) is isinstance(reason, Doubt)
    assert ("Not asked: " in RENDERERS["text"](comparison)) is isinstance(reason, Unasked)


def test_a_run_against_itself_has_nothing_but_what_is_still_open():
    run = runs.mixed_run()
    counts = compare(run, run).counts
    assert sum(counts.values()) == counts[State.STILL] > 0


def test_reasons_not_to_compare_are_told():
    run = runs.mixed_run()
    other = replace(
        run, organization_id="o-other", question=Question(requirements="0"), started_at=run.started_at + dt.timedelta(1)
    )
    comparison = compare(other, run)
    assert comparison.differences == (Difference.ORGANIZATION, Difference.REQUIREMENTS, Difference.ORDER)
    assert RENDERERS["text"](comparison).startswith("Note: These runs asked different questions")
    assert "new and fixed are swapped" in comparison.remarks[-1]
    assert not comparison.counts[State.FIXED]


def test_formats_hold_every_entry():
    first, second = a_run({1: open_(), 2: open_(LOW)}, day=22), a_run({2: open_(HIGH), 3: open_()})
    comparison = compare(first, second)
    document = json.loads(RENDERERS["json"](comparison))
    assert [one["state"] for one in document["findings"]] == ["new", "worse", "fixed"]
    rows = list(csv.DictReader(io.StringIO(RENDERERS["csv"](comparison))))
    assert [(row["STATE"], row["SEVERITY_BEFORE"], row["SEVERITY_AFTER"]) for row in rows] == [
        ("new", "", "high"), ("worse", "low", "high"), ("fixed", "high", "")
    ]  # fmt: skip
    for format_ in ("text", "markdown"):
        text = RENDERERS[format_](comparison)
        assert all(one["fingerprint"] in text for one in document["findings"])


def test_hostile_names_stay_names():
    run = runs.hostile_run()
    empty = replace(run, results=tuple(replace(one, findings=()) for one in run.results))
    for name, render in RENDERERS.items():
        text = render(compare(empty, run))
        assert "\x1b" not in text
        # JSON is for programs, and keeps names letter by letter.
        assert name == "json" or "\u202e" not in text
