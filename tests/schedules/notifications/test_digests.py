"""A digest sums up what it is given, in any order, and stays short."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.store.summary import RunListEntry, summarize
from checks.model import Severity
from schedules.jobs.queue import Job, JobState
from schedules.notifications.digests import Digest, digest_lines, digest_of, period_text
from tests.schedules.nights import gap, night_job, night_run

EMPTY = summarize(night_run(1))

counts = st.none() | st.tuples(*(st.integers(0, 9) for _ in Severity))
"""Open failures by severity of a night's run; None where the night has no run."""


def period(entries: list[tuple[int, ...] | None]) -> tuple[list[RunListEntry], list[Job]]:
    lines, jobs = [], []
    for night, found in enumerate(entries, start=1):
        if found is None:
            jobs.append(night_job(night, JobState.FAILED, "why"))
            continue
        failing = {severity.value: count for severity, count in zip(Severity, found, strict=True)}
        line = replace(EMPTY, id=f"run-{night}", failing=failing)
        lines.append(line)
        jobs.append(night_job(night, run=line.id))
    return lines, jobs


@given(st.lists(counts, max_size=12), st.randoms())
@settings(deadline=None, max_examples=60)
def test_figures_add_up_in_any_order(entries: list[tuple[int, ...] | None], random: object) -> None:
    lines, jobs = period(entries)
    digest = digest_of(lines, jobs)
    random.shuffle(lines)  # type: ignore[attr-defined]
    random.shuffle(jobs)  # type: ignore[attr-defined]
    assert digest_of(lines, jobs) == digest
    assert len(digest.entries) == len(entries)
    assert sum(digest.outcomes.values()) == len(entries)
    assert len(digest.runs) + len(digest.without_run) == len(entries)
    totals = [sum(found) for found in entries if found is not None]
    if totals:
        assert digest.moved(1) - digest.moved(-1) == totals[-1] - totals[0]
    text = list(digest_lines(digest))
    assert all(line == line.rstrip() and "\n" not in line for line in text)
    assert text[0].startswith("Digest: ")


def test_runs_of_others_are_left_out_and_pruned_runs_are_nights_all_the_same() -> None:
    digest = digest_of([replace(EMPTY, id="somebody's")], [night_job(1, run="pruned"), night_job(2, JobState.RUNNING)])
    assert digest.runs == ()
    assert digest.outcomes == {JobState.DONE: 1}
    assert list(digest_lines(digest)) == ["Digest: 1 job, 2 November 2026.", "  Outcomes: 1 done."]


def test_a_month_of_failing_hours_is_counted() -> None:
    first = night_job(1, JobState.FAILED, "no network\n" * 100)
    jobs = [replace(first, id=str(hour), due_at=first.requested_at + dt.timedelta(hours=hour)) for hour in range(744)]
    lines = list(digest_lines(digest_of([], jobs)))
    assert lines[0] == "Digest: 744 jobs, 2 November 2026 to 3 December 2026."
    assert lines[-1] == "  and 734 more jobs without a run."
    assert len(lines) == 13
    assert max(map(len, lines)) < 300


def test_incomplete_evidence_is_told() -> None:
    run = night_run(2, [], [gap()])
    digest = digest_of([EMPTY, summarize(run)], [night_job(1, run=EMPTY.id), night_job(2, run=run.id)])
    assert "  Evidence was incomplete in 1 of 2 runs." in list(digest_lines(digest))
    nothing_open = "  No run found an open failure among the check results that could be evaluated."
    assert nothing_open in list(digest_lines(digest))


def test_no_job_is_a_digest_too() -> None:
    assert list(digest_lines(Digest(()))) == ["Digest: no job has ended since the last digest."]
    assert period_text(digest_of([], [night_job(1)])) == "2 November 2026"
