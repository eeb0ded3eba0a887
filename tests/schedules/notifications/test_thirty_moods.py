"""Thirty nights each of several moods, through the real store, ledger and views: who heard what, night by night.

A file of `moods/` has a line a night: what the night is like, and behind ` | ` what each delivery heard. Words of a
night: `C1 H2 M3 L4` are open failures by severity and number, with `?` undecided, with `w` under a waiver; `gap:NAME`
and `slow:NAME` are reads denied and throttled there (`#1`: where failure 1 has its source); `broken` is a check that
broke; `failed`, `missed`, `timed-out` and `cancelled` are jobs without a run, `failed:WHY` for that reason; `hand:`
before a word is a run by hand at noon of the day before; `-` is nothing at all.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from audit.model import Run
from audit.store import Store, open_store
from checks.model import Finding, Gap, GapKind, Severity, Status, WaiverMark
from schedules.jobs.queue import Job, JobQueue, JobState, Kind
from schedules.notifications.context import notification_context
from schedules.notifications.digests import digest_of
from schedules.notifications.messages import compose
from schedules.notifications.model import NotificationContext
from schedules.notifications.notify_on import NotifyOn
from schedules.notifications.rules import decide
from tests.schedules.nights import PAYMENTS, SEARCH, TAGS, VAULT, at, gap, night_run, problem

MOODS = Path(__file__).parent / "moods"
TELLS = {
    "oncall": NotifyOn(new="critical", gaps=False),
    "team": NotifyOn(digest="weekly"),
    "auditor": NotifyOn(new="never", failed=False, recovery=False, digest="monthly"),
    "archive": NotifyOn(always=True),
}
SEVERITIES = {"C": Severity.CRITICAL, "H": Severity.HIGH, "M": Severity.MEDIUM, "L": Severity.LOW}
PLACES = {"search": SEARCH, "payments": PAYMENTS, "vault": VAULT}
STATES = {
    "failed": JobState.FAILED,
    "missed": JobState.MISSED,
    "timed-out": JobState.TIMED_OUT,
    "cancelled": JobState.CANCELLED,
}
WAIVER = WaiverMark("until it is moved", "platform@example.com", "2027-06-30")


@pytest.mark.parametrize("mood", sorted(path.stem for path in MOODS.glob("*.txt")))
def test_thirty_nights(mood: str, tmp_path: Path) -> None:
    lines = (MOODS / f"{mood}.txt").read_text().splitlines()
    world = World(open_store(str(tmp_path / "store")))
    told = [line if line.startswith("#") else world.night(line.partition(" | ")[0].rstrip()) for line in lines]
    if os.environ.get("WRITE_MOODS"):
        (MOODS / f"{mood}.txt").write_text("\n".join(told) + "\n")
    assert world.entries == 30
    assert told == lines, "run again with WRITE_MOODS=1 and read the difference"


class World:
    """A schedule, its store, and the deliveries that hear of it."""

    def __init__(self, store: Store) -> None:
        self.store, self.entries, self.now = store, 0, at(1)
        self.queue = JobQueue(store.engine, lambda: self.now)
        self.digests: dict[str, dt.datetime] = {}

    def night(self, line: str) -> str:
        """Let a night be as the line says, and say who heard what."""
        self.entries += 1
        words = line.split()[1:]
        if manual_steps := [word.removeprefix("hand:") for word in words if word.startswith("hand:")]:
            noon = at(self.entries) - dt.timedelta(hours=14)
            run = night_run(self.entries, *content(manual_steps))
            self.store.save(replace(run, id=f"{noon:%Y%m%dT%H%M%SZ}-00000a", started_at=noon), {})
        job = self.job([word for word in words if not word.startswith("hand:")])
        context = notification_context(job, self.store, self.queue, "https://audit.example.com", self.now)
        captured = " ".join(f"{name}={self.captured(name, notify_on, context)}" for name, notify_on in TELLS.items())
        return f"{line:<39} | {captured}"

    def job(self, words: list[str]) -> Job:
        """The night's job with its outcome."""
        self.now = at(self.entries)
        promised = {"deliveries": list(TELLS)}
        job = self.queue.enqueue(Kind.AUDIT, by="schedule", schedule="nightly", due_at=self.now, request=promised)
        assert job is not None
        self.queue.begin(job.id, "me")
        state, _, why = words[0].partition(":")
        if state not in STATES:
            run = night_run(self.entries, *content(words), broken=TAGS if "broken" in words else "")
            self.store.save(run, {}, job=job.id)
            self.queue.made(job.id, "me", run.id)
        self.now += dt.timedelta(minutes=5)
        self.queue.end(
            job.id, "me", STATES.get(state, JobState.DONE), why or ("" if state not in STATES else "a reason")
        )
        ended = self.queue.get(job.id)
        assert ended is not None
        return ended

    def captured(self, name: str, notify_on: NotifyOn, context: NotificationContext) -> str:
        """The event that a delivery heard of; `+digest` where a summary went along; a dash for silence."""
        decision = decide(notify_on, context, last_digest_at=self.digests.get(name))
        if not decision.goes:
            assert decision.suppressed
            return "-"
        digest = digest_of(self.store.list(), self.queue.list(schedule="nightly")) if decision.digest else None
        message = compose(context, decision, digest)
        event = str(message.document["event"])
        assert event == decision.event.value
        if not decision.digest:
            return event
        self.digests[name] = self.now
        return event if event == "digest" else f"{event}+digest"


def content(words: Iterable[str]) -> tuple[list[Finding], list[Gap]]:
    """Findings and gaps of a night's words."""
    found: list[Finding] = []
    gaps: list[Gap] = []
    for word in words:
        kind, _, place = word.partition(":")
        if kind in ("gap", "slow"):
            made = gap(PLACES.get(place, ""), GapKind.DENIED if kind == "gap" else GapKind.THROTTLED)
            source = replace(made, account=f"{int(place[1:]):012d}", region="eu-central-1") if place[0] == "#" else made
            gaps.append(source)
        elif word[0] in SEVERITIES:
            number = int(word[1:].rstrip("?w"))
            status = Status.UNKNOWN if "?" in word else Status.FAIL
            waiver = WAIVER if word.endswith("w") else None
            found.append(problem(number, SEVERITIES[word[0]], status=status, waiver=waiver))
    return found, gaps


def test_a_mood_is_read_as_meant() -> None:
    found, gaps = content(["C1", "H2?", "M3w", "gap:search", "slow:vault", "broken", "-"])
    assert [(one.severity.value[0], one.status.value, bool(one.waiver)) for one in found] == [
        ("c", "fail", False), ("h", "unknown", False), ("m", "fail", True),
    ]  # fmt: skip
    assert [one.kind for one in gaps] == [GapKind.DENIED, GapKind.THROTTLED]
    assert isinstance(night_run(1, found, gaps), Run)
