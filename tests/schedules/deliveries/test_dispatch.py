"""From promises to receipts: each delivery by itself, bounded, resumed with the same key, told when it failed."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from schedules.deliveries import dispatch
from schedules.deliveries import task as errand_module
from schedules.deliveries.folder import FolderDelivery
from schedules.deliveries.receipts import Receipts, ReceiptState
from schedules.deliveries.retry import (
    ATTEMPTS,
    BOUND_SECONDS,
    DATABASE_ATTEMPTS,
    LONGEST_PAUSE_SECONDS,
    LaterError,
    attempts,
)
from schedules.deliveries.securityhub import SecurityHubDelivery
from schedules.deliveries.slack import SlackDelivery
from schedules.deliveries.smtp import SmtpDelivery
from schedules.deliveries.webhook import WebhookDelivery
from schedules.notifications.model import DeliveryError
from schedules.notifications.notify_on import NotifyOn
from tests.reports import mixed, runs
from tests.schedules.deliveries.mailboxes import Post, mail_server
from tests.schedules.deliveries.receivers import Answer, receiver
from tests.schedules.deliveries.world import NOW, Pauses, clock, settings

SECRET = "3f9c1a-not-to-be-told-7c"  # pragma: allowlist secret
ALWAYS = {"always": True}
NOTHING = {"new": "never", "worse": False, "gaps": False, "recovery": False, "failed": False}
SENT, QUIET, FAILED, TRYING = ReceiptState.SENT, ReceiptState.SUPPRESSED, ReceiptState.FAILED, ReceiptState.PENDING


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)


@pytest.fixture
def run(world):
    kept = runs.small_run()
    world.store.save(kept, {})
    return kept


def hook(url, **more):
    return settings(WebhookDelivery, url=url, secret={"env": "HOOK_SECRET"}, notify_on=ALWAYS, **more)


def folder(path, **more):
    return settings(FolderDelivery, folder=str(path), **{"attach": ["csv"], **more})


def mailbox(port, **more):
    values = {
        "host": "127.0.0.1",
        "tls": "none",
        "sender": "a@example.com",
        "to": ["b@example.com"],
        "notify_on": ALWAYS,
    }
    return settings(SmtpDelivery, port=port, **{**values, **more})


def test_every_promise_has_a_receipt_in_its_order(world, run, tmp_path):
    with receiver(Answer()) as web:
        promised = {"z-hook": hook(web.url), "a-folder": folder(tmp_path / "out")}
        context = world.context(run=run)
        receipts = world.deliver(context, promised)
    assert [(one.delivery, one.state, one.attempts, one.kept) for one in receipts] == [
        ("z-hook", SENT, 1, True), ("a-folder", SENT, 1, True),
    ]  # fmt: skip
    assert world.receipts.of(context.job.id) == receipts[::-1], "kept by name"
    assert web.got[0].headers["Idempotency-Key"] == f"{context.job.id}.z-hook"
    assert receipts[0].run == run.id
    assert receipts[0].detail["reasons"]
    assert receipts[0].detail["digest"] is False
    below = tmp_path / "out" / "nightly" / run.id
    assert {path.name for path in below.iterdir()} >= {"findings.csv", "message.txt"}


def test_scripts_go_along_where_they_are_asked_for(world, tmp_path):
    run = mixed.mixed_run()
    assert run.scripts
    promised = {"a": folder(tmp_path / "a"), "b": folder(tmp_path / "b", scripts=False)}
    world.deliver(world.context(run=run), promised, store=None)
    assert {path.name for path in (tmp_path / "a").rglob("*.sh")} == {one.name for one in run.scripts}
    assert list((tmp_path / "b").rglob("*.sh")) == []


def test_a_quiet_delivery_says_why(world, run, tmp_path):
    with receiver(Answer()) as web:
        calm = hook(web.url).model_copy(update={"notify_on": NotifyOn(**NOTHING)})
        (receipt,) = world.deliver(world.context(run=run), {"calm": calm})
    assert (receipt.state, receipt.attempts, web.got) == (QUIET, 0, [])
    assert receipt.reason


def test_security_hub_is_quiet_without_a_run(world):
    hub = settings(SecurityHubDelivery, region="eu-west-1", endpoint_url="http://127.0.0.1:9")
    (receipt,) = world.deliver(world.context(), {"hub": hub})
    assert (receipt.state, receipt.attempts) == (QUIET, 0)


def test_a_job_without_a_run_is_told_as_text(world, tmp_path):
    post = Post()
    with mail_server(post) as port:
        mail = mailbox(port)
        receipts = world.deliver(world.context(), {"mail": mail, "out": folder(tmp_path / "out")})
    assert [one.state for one in receipts] == [SENT, SENT]
    assert list(post.mails[0].iter_attachments()) == []
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["message.txt"]


def test_one_that_fails_blocks_no_other(world, run, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SLACK_URL", "https://")
    with receiver(Answer(500, b"down")) as down, receiver(Answer(403, b"no")) as refusing, receiver(Answer()) as up:
        promised = {
            "down": hook(down.url), "refusing": hook(refusing.url), "in-the-way": folder(tmp_path / "file"),
            "slack": settings(SlackDelivery, url={"env": "SLACK_URL"}, notify_on=ALWAYS),
            "missing": settings(WebhookDelivery, url=up.url, secret={"env": "NOT_SET"}, notify_on=ALWAYS),
            "up": hook(up.url), "out": folder(tmp_path / "out"),
        }  # fmt: skip
        receipts = {one.delivery: one for one in world.deliver(world.context(run=run), promised)}
    states = {name: (one.state, one.attempts) for name, one in receipts.items()}
    assert states == {
        "down": (FAILED, ATTEMPTS), "refusing": (FAILED, 1), "in-the-way": (FAILED, ATTEMPTS), "slack": (FAILED, 1),
        "missing": (FAILED, 1), "up": (SENT, 1), "out": (SENT, 1),
    }  # fmt: skip
    assert f"after {ATTEMPTS} attempts" in receipts["down"].reason
    assert {got.headers["Idempotency-Key"] for got in down.got} == {down.got[0].headers["Idempotency-Key"]}


def failing(error):
    raise error


def test_pauses_grow_at_random_within_the_bound():
    taken = []
    for _ in range(40):
        pauses = Pauses()
        with pytest.raises(DeliveryError):
            attempts(pauses)(failing, DeliveryError("down", again=True))
        assert len(pauses.slept) == ATTEMPTS - 1
        taken.append(pauses.slept)
    for number, limit in enumerate((4, 8, 16, 32)):
        values = [slept[number] for slept in taken]
        assert max(values) <= limit <= LONGEST_PAUSE_SECONDS
        assert max(values) - min(values) > limit / 3, "full jitter: they differ"


def test_all_pauses_together_stay_within_the_bound():
    pauses = Pauses()
    with pytest.raises(LaterError):
        attempts(pauses)(failing, LaterError("busy", seconds=250))
    assert pauses.slept == [250, 250]
    assert sum(pauses.slept) <= BOUND_SECONDS


def test_what_the_receiver_asks_for_is_waited(world, run):
    with receiver(Answer(429, b"", {"Retry-After": "90"}), Answer()) as web:
        (receipt,) = world.deliver(world.context(run=run), {"hook": hook(web.url)})
    assert (receipt.state, receipt.attempts, world.pause.slept) == (SENT, 2, [90])


def test_a_longer_wait_than_the_bound_ends_it(world, run):
    with receiver(Answer(503, b"", {"Retry-After": "7200"})) as web:
        (receipt,) = world.deliver(world.context(run=run), {"hook": hook(web.url)})
    assert (receipt.state, receipt.attempts, world.pause.slept) == (FAILED, 1, [])


def test_what_is_settled_is_not_done_again_and_what_failed_is(world, run, tmp_path):
    context = world.context(run=run)
    with receiver(*[Answer(500)] * ATTEMPTS, Answer()) as flaky, receiver(Answer()) as up:
        promised = {"flaky": hook(flaky.url), "up": hook(up.url)}
        first = world.deliver(context, promised)
        second = world.deliver(context, promised)
        third = world.deliver(context, promised)
    assert [one.state for one in first] == [FAILED, SENT]
    assert [(one.state, one.attempts) for one in second] == [(SENT, ATTEMPTS + 1), (SENT, 1)]
    assert third == second
    assert (len(flaky.got), len(up.got)) == (ATTEMPTS + 1, 1)


class Killed(BaseException):
    """A process that dies: nothing catches it."""


@pytest.mark.parametrize("at", ["attempt", "sent"])
def test_a_process_that_dies_around_the_attempt_leaves_a_promise_and_the_next_one_uses_the_same_key(world, run, at):
    class Dying(Receipts):
        def attempt(self, job, delivery):
            super().attempt(job, delivery)
            if at == "attempt":
                raise Killed
            return True

        def sent(self, *arguments, **named):
            raise Killed

    context = world.context(run=run)
    threading.excepthook, hook_before = (lambda _: None), threading.excepthook
    try:
        with receiver(Answer()) as web:
            world.deliver(context, {"hook": hook(web.url)}, receipts=Dying(world.store.engine, clock))
            (left,) = world.receipts.of(context.job.id)
            assert (left.state, left.attempts) == (TRYING, 1)
            (receipt,) = world.deliver(context, {"hook": hook(web.url)})
    finally:
        threading.excepthook = hook_before
    assert (receipt.state, receipt.attempts) == (SENT, 2)
    assert len(web.got) == (1 if at == "attempt" else 2)
    assert len({got.headers["Idempotency-Key"] for got in web.got}) == 1
    assert len({got.body for got in web.got}) == 1


class Away(Receipts):
    """A database that is away for some calls of some methods."""

    def __init__(self, engine, away):
        super().__init__(engine, clock)
        self.away = dict(away)

    def _maybe(self, name):
        if self.away.get(name, 0) > 0:
            self.away[name] -= 1
            raise sa.exc.OperationalError("UPDATE …", {}, Exception("connection refused"))

    def promise(self, *arguments, **named):
        self._maybe("promise")
        return super().promise(*arguments, **named)

    def attempt(self, *arguments):
        self._maybe("attempt")
        return super().attempt(*arguments)

    def sent(self, *arguments, **named):
        self._maybe("sent")
        return super().sent(*arguments, **named)


@pytest.mark.parametrize("call", ["promise", "attempt", "sent"])
def test_a_database_that_comes_back_is_waited_for(world, run, call):
    with receiver(Answer()) as web:
        away = Away(world.store.engine, {call: DATABASE_ATTEMPTS - 1})
        (receipt,) = world.deliver(world.context(run=run), {"hook": hook(web.url)}, receipts=away)
    assert (receipt.state, receipt.attempts, receipt.kept, len(web.got)) == (SENT, 1, True, 1)
    assert len(world.pause.slept) == DATABASE_ATTEMPTS - 1


def test_a_server_that_goes_and_comes_back_while_we_deliver(served, server, tmp_path):
    """The database stops when the message has arrived, and is there again after the first pause."""

    def stopping(_):
        server.stop()
        return Answer()

    def pause(_seconds):
        if server.process is None:
            server.start()

    context = served.context(run=runs.small_run())
    with receiver(stopping) as web:
        (receipt,) = served.deliver(context, {"hook": hook(web.url)}, store=None, pause=pause)
    assert (receipt.state, receipt.kept, len(web.got)) == (SENT, True, 1)
    assert served.receipts.of(context.job.id) == (receipt,)


def test_without_a_promise_nothing_is_sent(world, run):
    with receiver(Answer()) as web:
        away = Away(world.store.engine, {"promise": 10_000})
        context = world.context(run=run)
        receipts = world.deliver(context, {"a": hook(web.url), "b": hook(web.url)}, receipts=away)
    assert [(one.state, one.kept) for one in receipts] == [(FAILED, False)] * 2
    assert "nothing was sent" in receipts[0].reason
    assert web.got == []
    assert world.receipts.of(context.job.id) == ()


def test_a_receipt_that_cannot_be_kept_is_told_and_the_next_process_repeats_with_the_same_key(world, run):
    with receiver(Answer()) as web:
        away = Away(world.store.engine, {"sent": 10_000, "attempt": 10_000})
        context = world.context(run=run)
        (receipt,) = world.deliver(context, {"hook": hook(web.url)}, receipts=away)
        assert (receipt.state, receipt.kept, receipt.attempts) == (SENT, False, 1)
        assert "could not be stored" in receipt.reason
        assert world.receipts.of(context.job.id)[0].state is TRYING
        world.deliver(context, {"hook": hook(web.url)})
    assert len({got.headers["Idempotency-Key"] for got in web.got}) == 1
    assert len(web.got) == 2


def test_a_report_that_cannot_be_made_is_named_and_the_message_goes(world, run, tmp_path, monkeypatch):
    from schedules.deliveries import attachments

    made = []

    def broken(store, run, view, format):
        made.append(format)
        if format == "pdf":
            raise RuntimeError("Pango\r\nis missing")
        return {f"findings.{format}": b"x"}

    monkeypatch.setattr(attachments, "rendered", broken)
    post = Post()
    with mail_server(post) as port, receiver(Answer()) as web:
        mail = mailbox(port, attach=["pdf", "csv"])
        promised = {"mail": mail, "out": folder(tmp_path, attach=["csv", "pdf"]), "hook": hook(web.url)}
        with capture_logs():
            told = world.deliver(world.context(run=run), promised)
        receipts = {one.delivery: one for one in told}
    assert {one.state for one in receipts.values()} == {SENT}
    assert sorted(made) == ["csv", "pdf"], "each format once"
    assert "pdf report is missing" in receipts["mail"].reason
    assert "Pango is missing" in post.mails[0].get_body(["plain"]).get_content()
    assert [part.get_filename() for part in post.mails[0].iter_attachments()] == ["findings.csv"]
    assert receipts["hook"].reason == ""


def test_a_slow_report_holds_up_nobody_who_needs_none(world, run, tmp_path, monkeypatch):
    from schedules.deliveries import attachments

    captured = threading.Event()

    def slow(store, run, view, format):
        assert captured.wait(20), "the webhook waited for the report"
        return {"report.pdf": b"%PDF"}

    monkeypatch.setattr(attachments, "rendered", slow)

    def answer(_):
        captured.set()
        return Answer()

    with receiver(answer) as web:
        receipts = world.deliver(
            world.context(run=run), {"out": folder(tmp_path, attach=["pdf"]), "hook": hook(web.url)}
        )
    assert {one.state for one in receipts} == {SENT}


def test_who_has_the_mail_does_not_get_it_again(world, run):
    answers = {"a@example.com": ["250 OK"], "b@example.com": ["451 Greylisted", "451 Greylisted", "250 OK"]}
    post = Post(recipients=lambda address: answers[address].pop(0))
    with mail_server(post) as port:
        mail = mailbox(port, to=list(answers), attach=[])
        (receipt,) = world.deliver(world.context(run=run), {"mail": mail})
    assert (receipt.state, receipt.attempts) == (SENT, 3)
    assert [envelope.rcpt_tos for envelope in post.envelopes] == [["a@example.com"], ["b@example.com"]]


def test_a_defect_is_a_receipt_and_no_exception(world, run, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(errand_module, "compose", broken)
    with capture_logs() as logged:
        (receipt,) = world.deliver(world.context(run=run), {"out": folder(tmp_path)})
    assert receipt.state is FAILED
    assert "ZeroDivisionError" in receipt.reason
    assert [one["event"] for one in logged] == ["delivery-broke", "delivery"]


def test_a_receiver_without_end_is_given_up(world, run, tmp_path, monkeypatch):
    monkeypatch.setattr(dispatch, "BOUND_SECONDS", 0.1)
    monkeypatch.setattr(dispatch, "GRACE_SECONDS", 0.1)
    monkeypatch.setattr(dispatch, "_LOOK_SECONDS", 0.05)
    release, done = threading.Event(), threading.Event()

    def endless(_):
        release.wait(20)
        done.set()
        return Answer(500)

    with receiver(endless) as web:
        context = world.context(run=run)
        receipts = world.deliver(context, {"hook": hook(web.url), "out": folder(tmp_path)})
        assert [one.state for one in receipts] == [FAILED, SENT]
        assert "did not finish" in receipts[0].reason
        release.set()
        assert done.wait(20)
        for thread in threading.enumerate():
            if thread.name == "delivery-hook":
                thread.join(20)
        assert len(web.got) == 1, "no further attempt after it was given up"
    assert world.receipts.get(context.job.id, "hook").state is FAILED


def test_what_arrived_late_after_all_counts_as_sent(world):
    job = world.job()
    world.receipts.promise(job.id, "hook")
    world.receipts.failed(job.id, "hook", "given up")
    world.receipts.sent(job.id, "hook", {"digest": False})
    assert world.receipts.get(job.id, "hook").state is SENT


def test_a_digest_is_remembered_by_its_receipt(world, run, tmp_path):
    out = folder(tmp_path).model_copy(update={"notify_on": NotifyOn(**NOTHING, digest="weekly")})
    before = world.done_job(run, finished_at=NOW - dt.timedelta(days=7))
    context = replace(world.context(run=run), before=before)
    (receipt,) = world.deliver(context, {"out": out})
    assert (receipt.state, receipt.detail["digest"]) == (SENT, True)
    assert world.receipts.last_digest_at("nightly", "out") == NOW
    (second,) = world.deliver(replace(context, job=world.done_job(run)), {"out": out})
    assert (second.state, second.detail) == (QUIET, {})
