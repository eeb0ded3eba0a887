"""Who hears what: laws that hold for every night, and the single rules one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.evidence import Scope
from audit.model import Age, Coverage, Question, Run
from audit.visibility import RunCoverage, location_of
from checks.baseline.schema import Waiver
from checks.baseline.waivers import Exceptions, apply_waivers
from checks.model import Finding, Gap, GapKind, RegistryId, Severity, Status, WaiverMark
from schedules.jobs.queue import JobState, Kind
from schedules.notifications.messages import compose
from schedules.notifications.model import Decision, Event, NotificationContext
from schedules.notifications.notify_on import NotifyOn
from schedules.notifications.rules import decide
from schedules.notifications.run_changes import run_changes
from tests.reports import runs
from tests.schedules import nights
from tests.schedules.nights import CHECKS, GRANTS, TAGS, gap, night_job, night_run, notification_context, problem

CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW
UNKNOWN = Status.UNKNOWN
WAIVER = WaiverMark("r", "o", "2026-12-31")

tells = st.builds(
    NotifyOn,
    always=st.booleans(),
    new=st.sampled_from([*Severity, "never"]),
    worse=st.booleans(),
    gaps=st.booleans(),
    recovery=st.booleans(),
    failed=st.booleans(),
    digest=st.sampled_from(["never", "daily", "weekly", "monthly"]),
)
problems = st.builds(
    problem,
    st.integers(1, 6),
    st.sampled_from(Severity),
    check=st.sampled_from(CHECKS),
    status=st.sampled_from([Status.FAIL, Status.FAIL, UNKNOWN]),
    waiver=st.sampled_from([None, None, WAIVER]),
)
gaps = st.builds(
    gap,
    st.sampled_from([nights.SEARCH, nights.PAYMENTS]),
    st.sampled_from(GapKind),
    st.sampled_from(["ecr:GetRegistryPolicy", "sts:AssumeRole"]),
)
contents = st.tuples(
    st.lists(problems, max_size=6, unique_by=lambda one: one.fingerprint),
    st.lists(gaps, max_size=3),
    st.sampled_from(["", "", "", GRANTS, TAGS]),
)
jobs = st.sampled_from([JobState.DONE, JobState.DONE, JobState.FAILED, JobState.MISSED, JobState.TIMED_OUT])


def a_run(night: int, content: tuple[list[Finding], list[Gap], str]) -> Run:
    found, missing, broken = content
    return night_run(night, found, missing, broken=broken)


@st.composite
def any_facts(draw: st.DrawFn) -> NotificationContext:
    """A night of any kind after up to three others."""
    past = [a_run(number, draw(contents)) for number in range(1, draw(st.integers(1, 4)))]
    night = len(past) + 1
    before = draw(st.none() | st.builds(night_job, st.just(max(1, night - 1)), jobs, st.sampled_from(["", "why"])))
    state = draw(st.sampled_from(JobState))
    if state is JobState.DONE:
        run = a_run(night, draw(contents))
        counts = st.integers(1, 9)
        ages = {one.fingerprint: Age(nights.at(1), draw(counts)) for one in run.findings}
        return notification_context(run, past, before=before, ages=ages)
    return notification_context(None, past, job=night_job(night, state, "why"), before=before)


def captured(notify_on: NotifyOn, context: NotificationContext, last_digest_at: dt.datetime | None = None) -> Decision:
    return decide(notify_on, context, last_digest_at=last_digest_at)


@given(tells, any_facts())
@settings(deadline=None, max_examples=150)
def test_a_decision_has_words_and_is_the_same_twice(notify_on: NotifyOn, context: NotificationContext) -> None:
    decision = captured(notify_on, context)
    assert decision == captured(notify_on, context)
    assert bool(decision.suppressed) != decision.goes
    for sentence in decision.texts or (decision.suppressed,):
        assert sentence.endswith(".")
        assert sentence == " ".join(sentence.split())
        assert "  " not in sentence
        assert ".." not in sentence
        assert len(sentence) > 10
    if decision.goes:
        message = compose(context, decision)
        assert message.subject
        assert message.changed
        assert message.document["event"] == decision.event.value
    assert decision.digest == any(reason.event is Event.DIGEST for reason in decision.reasons)


@given(tells, contents, contents)
@settings(deadline=None, max_examples=150)
def test_an_unchanged_night_is_quiet(
    notify_on: NotifyOn, content: tuple[list[Finding], list[Gap], str], earlier: tuple[list[Finding], list[Gap], str]
) -> None:
    notify_on = notify_on.model_copy(update={"always": False, "digest": "never"})
    past = [a_run(1, earlier), a_run(2, content)]
    assert captured(notify_on, notification_context(a_run(3, content), past)).reasons == ()


@given(tells, any_facts(), st.integers(1, 6))
@settings(deadline=None, max_examples=150)
def test_a_new_critical_failure_is_always_told(notify_on: NotifyOn, context: NotificationContext, number: int) -> None:
    """New: it passed in the run before, or a waiver covered it, or there is no run before."""
    if context.run is None:
        return
    mine = problem(number, CRITICAL)
    before = context.before_view
    if before is not None and any(
        one.fingerprint == mine.fingerprint and one.waiver is None for one in before.findings
    ):
        return
    others = [
        one for one in context.run.findings if one.fingerprint != mine.fingerprint and one.status is not Status.ERROR
    ]
    run = night_run((context.run.started_at - nights.FIRST).days + 1, [*others, mine], context.run.gaps)
    view = nights.view_of(run)
    history = context.view.change if context.view else None
    past = [nights.RunSummary(history.run, nights.at(1), True, _open(before))] if history and before else []
    told = captured(notify_on, replace(context, run=run, view=nights.build_view(run, past) if past else view))
    assert any(reason.event is Event.NEW for reason in told.reasons) == (notify_on.new != "never")


def _open(view: nights.ReportView) -> dict[str, Severity]:
    return {one.fingerprint: one.severity for one in view.findings if nights.is_open(one)}


@given(contents, contents)
@settings(deadline=None, max_examples=200)
def test_what_could_not_be_looked_at_never_reads_as_fixed(
    before: tuple[list[Finding], list[Gap], str], after: tuple[list[Finding], list[Gap], str]
) -> None:
    was, now = a_run(1, before), a_run(2, after)
    context = notification_context(now, [was])
    assert context.view is not None
    changes = run_changes(now, context.view, context)
    judged = {mark for one in now.findings for mark in one.row_fingerprints}
    for one in was.findings:
        if not nights.is_open(one):
            continue
        looked = RunCoverage(now).reaches(location_of(one))
        if one.fingerprint in judged or not looked:
            assert one.fingerprint not in changes.fixed
        else:
            assert one.fingerprint in changes.fixed
    decision = captured(NotifyOn(new="informational"), context)
    if changes.not_evaluated:
        assert not any("fixed" in reason for reason in decision.texts)
    told = compose(context, decision)
    fixed = [line for line in (*told.changed, *told.totals, told.subject) if "ixed" in line]
    assert all(f"{len(changes.fixed)} " in line for line in fixed)


def test_what_is_no_longer_required_is_no_recovery() -> None:
    failure = problem(1)
    was = night_run(1, [failure], question=Question(requirements="1"))
    dropped = Question(requirements="2", before="1", dropped=(failure.fingerprint,))
    context = notification_context(night_run(2, question=dropped), [was])
    assert context.run is not None
    assert context.view is not None
    changes = run_changes(context.run, context.view, context)
    assert (changes.fixed, changes.no_longer_required) == (frozenset(), {failure.fingerprint})
    assert not captured(DEFAULT, context).goes
    message = compose(context, captured(NotifyOn(always=True), context))
    assert any("No longer required" in line for line in message.changed)
    assert message.document["change"]["no_longer_required"] == 1


# One rule at a time.


def two(before: Iterable[Finding], after: Iterable[Finding], *missing: tuple[Gap, ...]) -> NotificationContext:
    was, now = missing or ((), ())
    return notification_context(night_run(2, after, now), [night_run(1, before, was)])


DEFAULT = NotifyOn()


@pytest.mark.parametrize(
    ("context", "notify_on", "event"),
    [
        (two([], [problem(1)]), DEFAULT, Event.NEW),
        (two([], [problem(1, MEDIUM)]), DEFAULT, None),
        (two([], [problem(1, MEDIUM)]), NotifyOn(new="medium"), Event.NEW),
        (two([], [problem(1, CRITICAL)]), NotifyOn(new="never"), None),
        (two([], [problem(1, waiver=WAIVER)]), NotifyOn(new="informational"), None),
        (two([problem(1, waiver=WAIVER)], [problem(1)]), DEFAULT, Event.NEW),
        (two([problem(1, waiver=WAIVER)], [problem(1, status=UNKNOWN)]), NotifyOn(gaps=False), Event.NEW),
        (two([problem(1, status=UNKNOWN)], [problem(1)]), DEFAULT, Event.NEW),
        (two([problem(1, MEDIUM)], [problem(1)]), DEFAULT, Event.WORSE),
        (two([problem(1, MEDIUM)], [problem(1)]), NotifyOn(worse=False), None),
        (two([problem(1, LOW)], [problem(1, MEDIUM)]), DEFAULT, None),
        (two([problem(1)], [problem(1, MEDIUM)]), NotifyOn(recovery=False), None),
        (two([problem(1)], []), DEFAULT, Event.RECOVERED),
        (two([problem(1)], []), NotifyOn(recovery=False), None),
        (two([problem(1)], []), NotifyOn(new="critical"), None),
        (two([problem(1)], []), NotifyOn(new="never"), None),
        (two([problem(1), problem(2)], [problem(2)]), DEFAULT, None),
        (two([problem(1), problem(2, LOW)], [problem(2, LOW)]), DEFAULT, Event.RECOVERED),
        (two([problem(1)], [problem(1, waiver=WAIVER)]), DEFAULT, None),
        (two([problem(1), problem(2)], [problem(1, waiver=WAIVER)]), DEFAULT, None),
        (two([problem(1)], [problem(1, status=UNKNOWN)]), NotifyOn(gaps=False), None),
        (two([problem(1)], [], (), (gap(""),)), NotifyOn(gaps=False), None),
        (two([problem(1)], [], (), (gap(),)), NotifyOn(gaps=False), Event.RECOVERED),
        (two([], [], (), (gap(),)), DEFAULT, Event.GAPS),
        (two([], [], (), (gap(),)), NotifyOn(gaps=False), None),
        (two([], [], (gap(),), (gap(),)), DEFAULT, None),
        (two([], [], (gap(),), ()), DEFAULT, Event.RECOVERED),
        (two([], [], (gap(),), ()), NotifyOn(gaps=False), None),
        (two([], [], (gap(), gap(nights.PAYMENTS)), (gap(nights.PAYMENTS),)), DEFAULT, Event.RECOVERED),
        (two([], [], (gap(), gap(kind=GapKind.THROTTLED)), (gap(kind=GapKind.THROTTLED),)), DEFAULT, None),
        (two([], [], (gap(),), (gap(nights.PAYMENTS),)), DEFAULT, Event.GAPS),
        (two([], [problem(1, status=UNKNOWN)]), DEFAULT, Event.GAPS),
        (two([], [problem(1, status=UNKNOWN, waiver=WAIVER)]), DEFAULT, None),
        (two([], [problem(1, status=UNKNOWN)], (gap(nights.VAULT),), (gap(nights.VAULT),)), DEFAULT, None),
    ],
)
def test_rules(context: NotificationContext, notify_on: NotifyOn, event: Event | None) -> None:
    decision = captured(notify_on, context)
    assert (decision.event if decision.goes else None) is event, decision


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([gap(kind=GapKind.DENIED)], [gap(kind=GapKind.DENIED_BY_SCP)], False),
        ([gap(kind=GapKind.ROLE_MISSING, operation="sts:AssumeRole")], [gap()], False),
        ([gap()], [gap(kind=GapKind.ROLE_MISSING, operation="sts:AssumeRole")], True),
        ([gap(kind=GapKind.THROTTLED)], [gap(nights.PAYMENTS, GapKind.THROTTLED)], False),
        ([gap(kind=GapKind.THROTTLED)], [gap(f"{n:012d}", GapKind.THROTTLED) for n in range(6)], False),
        ([gap(kind=GapKind.THROTTLED)], [gap(f"{n:012d}", GapKind.THROTTLED) for n in range(7)], True),
        ([gap(kind=GapKind.THROTTLED)], [gap(nights.PAYMENTS, GapKind.TIMED_OUT)], True),
    ],
)
def test_gaps_that_are_news(before: list[Gap], after: list[Gap], told: bool) -> None:
    """The same place missing for another reason is none; passing reasons are counted, not placed."""
    assert captured(DEFAULT, two([], [], tuple(before), tuple(after))).goes is told


def test_a_gap_of_the_whole_organization_that_stays_is_not_over() -> None:
    """It names no account; what is compared is where the read failed, not how a report writes that."""
    lasting = gap("", operation="organizations:ListAccounts")
    stays = notification_context(night_run(2, [], [lasting]), [night_run(1, [], [lasting])])
    assert stays.run is not None
    assert stays.view is not None
    assert run_changes(stays.run, stays.view, stays).gaps_over == 0
    assert not captured(DEFAULT, stays).goes
    over = notification_context(night_run(2, [], [gap()]), [night_run(1, [], [gap(), lasting])])
    assert captured(DEFAULT, over).event is Event.RECOVERED


def test_a_repository_more_where_nothing_can_be_decided_is_no_news() -> None:
    blind = [problem(1, check=TAGS, status=UNKNOWN)]
    more = [*blind, problem(2, check=TAGS, status=UNKNOWN)]
    assert not captured(DEFAULT, two(blind, more, (gap(),), (gap(),))).goes


def test_a_check_that_broke_is_told_and_fixes_nothing() -> None:
    context = notification_context(night_run(2, broken=GRANTS), [night_run(1, [problem(1)])])
    decision = captured(DEFAULT, context)
    assert list(decision.texts) == ["Evidence gaps: 1 check ended with an error."]
    assert "0 fixed, 1 not evaluated again" in compose(context, decision).text


def test_a_check_that_broke_fixes_nothing_that_cannot_be_told_apart() -> None:
    """Where nothing is kept of where the findings of the run before lay, any may be the broken check's."""
    run, past = night_run(2, broken=TAGS), night_run(1, [problem(1)])
    context = replace(notification_context(run, [past]), before_view=None)
    known = captured(DEFAULT, context)
    assert "1 fixed" in compose(context, known).text, "the check of the finding did not break"
    nowhere = replace(nights.summary(past), locations={})
    context = replace(context, view=nights.build_view(run, [nowhere]))
    assert "0 fixed, 1 not evaluated" in compose(context, captured(DEFAULT, context)).text


def test_nothing_is_over_while_something_else_is_open() -> None:
    decision = captured(DEFAULT, two([problem(1)], [problem(2)]))
    assert decision.texts == ("New findings: 1 high failure is new.",)


def test_a_run_that_judged_nothing_fixes_nothing_and_is_told() -> None:
    empty = replace(night_run(2), results=tuple(runs.result(check) for check in CHECKS))
    decision = captured(DEFAULT, notification_context(empty, [night_run(1, [problem(1)])]))
    assert decision.texts == ("Evidence gaps: no check could be evaluated.",)


def test_a_registry_lost_without_a_reason_is_told_once() -> None:
    lost = Coverage(12, 12, 48, 47, 0, 0, 150, (RegistryId("100000000003", "eu-west-1"),))
    first, second = (replace(night_run(night), coverage=lost) for night in (2, 3))
    assert captured(DEFAULT, notification_context(first, [night_run(1)])).goes
    assert not captured(DEFAULT, notification_context(second, [night_run(1), first])).goes
    found_again = notification_context(night_run(4), [night_run(1), first, second])
    assert captured(DEFAULT, found_again).texts == ("Recovered: the evidence is complete again.",)


def test_what_is_seen_again_after_a_blind_night_is_not_new() -> None:
    mark = problem(1).fingerprint
    blind = night_run(3, [problem(1, status=UNKNOWN)], [gap()])
    past = [night_run(1, [problem(1)]), night_run(2, [problem(1)]), blind]
    context = notification_context(night_run(4, [problem(1)]), past, ages={mark: Age(nights.at(1), 3)})
    suppressed = captured(NotifyOn(recovery=False), context).suppressed
    assert suppressed.startswith("1 failure that was unknown in the previous run is still open. ")
    told = captured(DEFAULT, context)
    assert told.texts == ("Recovered: the evidence is complete again.",)
    assert "Still open, after a run in which they were unknown" in compose(context, told).text
    worse = notification_context(night_run(4, [problem(1, CRITICAL)]), past, ages={mark: Age(nights.at(1), 3)})
    seen_once = notification_context(night_run(4, [problem(1)]), past, ages={mark: Age(nights.at(1), 2)})
    seen_since = notification_context(night_run(4, [problem(1)]), past, ages={mark: Age(nights.at(3), 3)})
    for other in (worse, seen_once, seen_since):
        assert captured(DEFAULT, other).event is Event.NEW


@pytest.mark.parametrize(
    ("earlier", "blind"),
    [
        (problem(1, CRITICAL, waiver=WAIVER), problem(1, CRITICAL, status=UNKNOWN, waiver=WAIVER)),
        (problem(1, HIGH), problem(1, HIGH, status=UNKNOWN)),
    ],
)
def test_another_failure_of_then_does_not_stand_for_one_that_was_waived_or_mattered_less(
    earlier: Finding, blind: Finding
) -> None:
    """The figures alone would have room: another critical failure was open, which is mended now."""
    mark = problem(1).fingerprint
    past = [night_run(night, [earlier, problem(2, CRITICAL)]) for night in (1, 2)] + [night_run(3, [blind])]
    context = notification_context(night_run(4, [problem(1, CRITICAL)]), past, ages={mark: Age(nights.at(1), 3)})
    assert captured(DEFAULT, context).event is Event.NEW


def test_a_waiver_that_ran_out_makes_its_findings_new_again() -> None:
    """With the code that marks findings and the code that compares runs."""
    waiver = Waiver(checks=(GRANTS,), reason="until the vault is moved", owner="me", until=nights.at(2).date())
    made = [night_run(night, [problem(1)]) for night in (1, 2, 3, 4)]
    made = [
        replace(run, results=apply_waivers(run.results, (waiver,), Exceptions(run.started_at.date()))) for run in made
    ]
    ages = {problem(1).fingerprint: Age(nights.at(1), 3)}
    events = []
    for night, run in enumerate(made):
        decision = captured(DEFAULT, notification_context(run, made[:night], ages=ages))
        events.append(decision.event if decision.goes else None)
    assert events == [None, None, Event.NEW, None]


# First runs.


def test_a_first_run_is_told_once_and_a_clean_one_not() -> None:
    open_ = notification_context(night_run(1, [problem(1), problem(2, LOW)]))
    assert captured(DEFAULT, open_).texts == ("New findings: first run of the schedule; 1 high failure is new.",)
    assert not captured(DEFAULT, notification_context(night_run(2, [problem(1)]), [night_run(1, [problem(1)])])).goes
    assert (
        captured(DEFAULT, notification_context(night_run(1))).suppressed
        == "First run of the schedule; no failure at or above high is open."
    )
    assert captured(DEFAULT, notification_context(night_run(1, [], [gap()]))).event is Event.GAPS


def test_a_run_by_hand_before_the_first_of_a_schedule_hides_nothing() -> None:
    run = night_run(2, [problem(1)])
    context = notification_context(run, [night_run(1, [problem(1)])])
    assert captured(DEFAULT, replace(context, before=None, before_view=None)).goes


def test_a_run_before_that_cannot_be_read_leaves_what_history_tells() -> None:
    context = notification_context(night_run(2, [problem(1)]), [night_run(1, [problem(1)])])
    assert "1 high" not in str(captured(DEFAULT, replace(context, before_view=None)).texts)


def test_without_history_the_run_before_is_compared_with() -> None:
    """So many runs by hand lay between that the history does not reach back to the schedule's own."""
    past = [night_run(1), night_run(2, [problem(1), problem(2)])]
    run = night_run(3, [problem(1), problem(3)])
    context = replace(notification_context(run, past), view=nights.view_of(run))
    decision = captured(DEFAULT, context)
    assert decision.texts == ("New findings: 1 high failure is new.",)
    assert (
        "Since the run of 3 November 2026, 02:30 UTC: 1 new, 1 still open, 1 fixed." in compose(context, decision).text
    )


def test_another_scope_is_another_first_run() -> None:
    scoped = replace(night_run(2, [problem(1)]), scope=Scope(regions=("eu-west-1",)))
    context = notification_context(scoped, [night_run(1, [problem(1)])])
    assert context.view is not None
    context = replace(context, view=nights.view_of(scoped))
    assert captured(DEFAULT, context).goes


# Jobs without a run.


def failure(
    state: JobState, reason: str = "why", *, night: int = 2, before: nights.Job | None = None
) -> NotificationContext:
    return notification_context(None, job=night_job(night, state, reason), before=before)


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.MISSED, JobState.TIMED_OUT])
def test_failures_are_told_at_first_then_once_a_week(state: JobState) -> None:
    told = []
    before = night_job(1)
    for night in range(2, 23):
        context = failure(
            state, f"attempt {night} of job 20261103T02-{night:06x} did not end", night=night, before=before
        )
        told.append(captured(DEFAULT, context).goes)
        before = context.job
    assert [night for night, goes in enumerate(told, start=2) if goes] == [2, 8, 15, 22]  # then each Monday


def test_another_failure_is_told_at_once() -> None:
    assert captured(
        DEFAULT, failure(JobState.FAILED, "disk full", before=night_job(1, JobState.FAILED, "no network"))
    ).goes
    assert captured(DEFAULT, failure(JobState.MISSED, "why", before=night_job(1, JobState.FAILED, "why"))).goes
    assert not captured(NotifyOn(failed=False), failure(JobState.FAILED)).goes
    assert captured(NotifyOn(failed=False, always=True), failure(JobState.FAILED)).goes


def test_the_run_after_a_failure_is_told_where_the_failure_was() -> None:
    context = notification_context(night_run(3), [night_run(1)], before=night_job(2, JobState.FAILED, "x"))
    assert captured(DEFAULT, context).texts == ("Recovered: a run was produced again.",)
    assert not captured(NotifyOn(failed=False), context).goes
    assert not captured(NotifyOn(recovery=False), context).goes


def test_a_person_who_cancels_knows_it() -> None:
    context = failure(JobState.CANCELLED, "cancelled by dana")
    assert captured(DEFAULT, context).suppressed.startswith("The job was cancelled by dana. ")
    assert captured(NotifyOn(always=True), context).goes


@pytest.mark.parametrize("state", [JobState.COALESCED, JobState.WAITING, JobState.RUNNING])
def test_what_is_no_outcome_of_its_own_is_told_to_nobody(state: JobState) -> None:
    assert not captured(NotifyOn(always=True, digest="daily"), failure(state)).goes


def test_a_report_that_somebody_asked_for_is_told_to_nobody() -> None:
    context = notification_context(night_run(2, [problem(1)]), [night_run(1)])
    assert not captured(NotifyOn(always=True), replace(context, job=replace(context.job, kind=Kind.REPORT))).goes


# Digests.


@pytest.mark.parametrize(
    ("digest", "last", "now", "due"),
    [
        ("daily", (2026, 11, 2, 23, 59), (2026, 11, 3, 0, 0), True),
        ("daily", (2026, 11, 3, 0, 0), (2026, 11, 3, 23, 59), False),
        ("weekly", (2026, 11, 2, 2), (2026, 11, 8, 23), False),
        ("weekly", (2026, 11, 8, 23), (2026, 11, 9, 0), True),
        ("weekly", (2026, 12, 31, 2), (2027, 1, 1, 2), False),  # one ISO week
        ("weekly", (2025, 12, 31, 2), (2026, 12, 31, 2), True),
        ("monthly", (2026, 11, 30, 23), (2026, 12, 1, 0), True),
        ("monthly", (2026, 11, 1, 0), (2026, 11, 30, 23), False),
        ("daily", (2026, 11, 4, 0), (2026, 11, 3, 0), False),  # a clock that went back
        ("never", (2025, 1, 1, 0), (2026, 11, 3, 0), False),
    ],
)
def test_digests_are_due(digest: str, last: tuple[int, ...], now: tuple[int, ...], due: bool) -> None:
    notify_on = NotifyOn.model_validate({"digest": digest})
    moment, present = (dt.datetime(*when, tzinfo=dt.UTC) for when in (last, now))  # type: ignore[arg-type]
    context = replace(two([], []), now=present)
    assert captured(notify_on, context, moment).digest is due


def test_periods_begin_in_utc() -> None:
    berlin = dt.timezone(dt.timedelta(hours=1))
    context = replace(two([], []), now=dt.datetime(2026, 11, 3, 0, 30, tzinfo=berlin))
    assert not captured(NotifyOn(digest="daily"), context, dt.datetime(2026, 11, 2, 1, tzinfo=dt.UTC)).digest


def test_before_the_first_digest_the_job_before_counts() -> None:
    notify_on = NotifyOn(digest="weekly")
    assert not captured(notify_on, notification_context(night_run(1))).digest  # nothing to sum up yet
    assert not captured(notify_on, notification_context(night_run(2), [night_run(1)])).digest
    assert captured(notify_on, notification_context(night_run(8), [night_run(7)])).digest
    assert captured(notify_on, failure(JobState.FAILED, night=8, before=night_job(7, JobState.FAILED, "why"))).digest
    manual_steps = replace(notification_context(night_run(8), [night_run(7)]), schedule="")
    assert not captured(notify_on, manual_steps).digest


def test_a_digest_goes_with_whatever_else_is_told() -> None:
    context = notification_context(night_run(8, [problem(1)]), [night_run(7)])
    decision = captured(NotifyOn(digest="weekly"), context)
    assert decision.event is Event.NEW
    assert decision.digest


# Alarms that come and go.


def test_an_alarm_that_comes_and_goes_is_told_each_time_and_its_end_twice() -> None:
    made = [night_run(night, [problem(1)] if night % 2 else []) for night in range(1, 13)]
    events = []
    for night, run in enumerate(made):
        decision = captured(DEFAULT, notification_context(run, made[:night]))
        events.append(decision.event.value if decision.goes else "quiet")
    assert events == ["new-findings", "recovered"] * 2 + ["new-findings", "quiet"] * 4
