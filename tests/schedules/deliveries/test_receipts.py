"""One receipt a promise: begun before the first attempt, settled once, counted over all processes."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from schedules.deliveries.receipts import REASON_LENGTH, Receipts, ReceiptState
from schedules.jobs.queue import JobQueue, Kind
from tests.schedules.deliveries.world import NOW, world_in


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request, tmp_path):
    return world_in(tmp_path / "store") if request.param == "sqlite" else request.getfixturevalue("served")


def test_a_promise_is_a_row_before_anything_is_sent(world):
    job = world.job()
    first = world.receipts.promise(job.id, "mail", "RUN")
    assert (first.state, first.attempts, first.run, first.at) == (ReceiptState.PENDING, 0, "RUN", NOW)
    assert world.receipts.promise(job.id, "mail") == first
    assert world.receipts.of(job.id) == (first,)


def test_attempts_are_counted_until_it_is_settled(world):
    job = world.job()
    world.receipts.promise(job.id, "mail")
    assert world.receipts.attempt(job.id, "mail")
    assert world.receipts.failed(job.id, "mail", "away")
    assert world.receipts.attempt(job.id, "mail")
    assert world.receipts.sent(job.id, "mail", {"id": "x", "digest": False})
    assert not world.receipts.attempt(job.id, "mail")
    (kept,) = world.receipts.of(job.id)
    assert (kept.state, kept.attempts, kept.reason, kept.detail["id"]) == (ReceiptState.SENT, 2, "", "x")


@pytest.mark.parametrize("late", ["failed", "suppressed", "sent"])
def test_what_was_sent_stays_sent(world, late):
    job = world.job()
    world.receipts.promise(job.id, "mail")
    world.receipts.sent(job.id, "mail", {"id": "x"})
    what = {"sent": ({"id": "y"},), "failed": ("no",), "suppressed": ("no",)}[late]
    assert not getattr(world.receipts, late)(job.id, "mail", *what)
    assert world.receipts.of(job.id)[0].detail == {"id": "x"}


def test_failing_and_staying_quiet_need_no_promise(world):
    job = world.job()
    world.receipts.failed(job.id, "gone", "no delivery is called so")
    world.receipts.suppressed(job.id, "calm", "nothing new")
    states = {one.delivery: one.state for one in world.receipts.of(job.id)}
    assert states == {"gone": ReceiptState.FAILED, "calm": ReceiptState.SUPPRESSED}


def test_a_receipt_needs_its_job(world):
    with pytest.raises(sa.exc.IntegrityError):
        world.receipts.promise("nobody", "mail")


def test_reasons_are_one_short_line(world):
    job = world.job()
    world.receipts.failed(job.id, "mail", "a\r\nb\x00\u202e" + "x" * 5_000)
    (kept,) = world.receipts.of(job.id)
    assert kept.reason.startswith("a b<U+0000><U+202E>")
    assert len(kept.reason) == REASON_LENGTH


def test_the_last_digest_is_the_last_that_was_sent_by_this_delivery_for_this_schedule(world):
    at = {"now": NOW}
    receipts = Receipts(world.store.engine, lambda: at["now"])
    assert receipts.last_digest_at("nightly", "mail") is None
    for day, state, digest in [(1, "sent", True), (2, "sent", False), (3, "failed", True), (4, "suppressed", True)]:
        at["now"] = NOW + dt.timedelta(days=day)
        job = world.job()
        receipts.promise(job.id, "mail")
        if state == "suppressed":
            receipts.suppressed(job.id, "mail", "x")
        elif state == "sent":
            receipts.sent(job.id, "mail", {"digest": digest})
        else:
            receipts.failed(job.id, "mail", "x", {"digest": digest})
    assert receipts.last_digest_at("nightly", "mail") == NOW + dt.timedelta(days=1)
    assert receipts.last_digest_at("nightly", "other") is None
    assert receipts.last_digest_at("weekly", "mail") is None


def test_two_who_promise_at_once_keep_one_row(world):
    job = world.job()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: world.receipts.promise(job.id, "mail"), range(16)))
    assert len(world.receipts.of(job.id)) == 1
    assert len({one.at for one in found}) == 1


@pytest.mark.parametrize(
    ("states", "captured"),
    [
        ([], ""),
        (["sent"], ""),
        (["failed", "suppressed"], ""),
        (["sent", "failed"], 0),
        (["sent", "failed", "pending"], 0),
        (["sent", "failed", "suppressed", "failed"], 2),
        (["failed", "failed"], None),
        ([None, "failed"], None),
        (["sent", None], ""),
    ],
)
def test_who_missed_an_alarm_goes_on_from_where_they_heard_last(world, states, captured):
    queue = JobQueue(world.store.engine, lambda: NOW)
    entries = [
        queue.enqueue(Kind.AUDIT, by="schedule", schedule="by-night", due_at=NOW + dt.timedelta(days=day))
        for day in range(len(states) + 1)
    ]
    for night, state in zip(entries, states, strict=False):
        if state is not None:
            world.receipts.promise(night.id, "mail")
        if state == "sent":
            world.receipts.sent(night.id, "mail", {})
        if state in ("suppressed", "failed"):
            getattr(world.receipts, state)(night.id, "mail", "x")
    world.receipts.promise(entries[-1].id, "mail")
    world.receipts.promise(entries[0].id, "other")
    wanted = entries[captured].id if isinstance(captured, int) else captured
    assert world.receipts.last_notified(entries[-1], "mail") == wanted
