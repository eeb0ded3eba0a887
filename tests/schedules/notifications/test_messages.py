"""Messages as people get them: golden texts, bounds, and a document that keeps its schema."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from audit.model import Age, Coverage
from audit.store.summary import summarize
from checks.model import GapKind, RegistryId, Severity, Status, WaiverMark
from reports.verdict import VerdictLevel
from schedules.jobs.queue import JobState
from schedules.notifications.digests import Digest, digest_of
from schedules.notifications.messages import LONGEST_SUBJECT, LONGEST_TEXT, compose, html_of
from schedules.notifications.model import Event, Message, NotificationContext
from schedules.notifications.notify_on import NotifyOn
from schedules.notifications.rules import decide
from tests.reports.runs import HOSTILE
from tests.schedules import nights
from tests.schedules.nights import IMAGES, TAGS, WAIVER, gap, night_job, night_run, notification_context, problem

GOLDEN = Path(__file__).parent / "messages"
SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "message.schema.json").read_text())
CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW
SOON = WaiverMark("Migration of the vault", "platform@example.com", "2026-11-10")
ALWAYS = NotifyOn(always=True, new="low", digest="weekly")


def first_run() -> NotificationContext:
    return notification_context(night_run(1, [problem(1, CRITICAL), problem(2), problem(3, LOW, check=TAGS)], [gap()]))


def first_run_compliant() -> NotificationContext:
    return notification_context(night_run(1))


def quiet() -> NotificationContext:
    found = [problem(1), problem(2, waiver=SOON), problem(3, waiver=SOON), problem(4, waiver=WAIVER)]
    return notification_context(night_run(2, found), [night_run(1, found)])


def three_new() -> NotificationContext:
    before = night_run(1, [problem(1), problem(2, MEDIUM)])
    return notification_context(night_run(2, [problem(2, MEDIUM), problem(3), problem(4), problem(5)]), [before])


def many_new() -> NotificationContext:
    found = [problem(number, list(Severity)[number % 5], check=IMAGES) for number in range(37)]
    return notification_context(night_run(2, found), [night_run(1)])


def worse() -> NotificationContext:
    before = night_run(1, [problem(1, MEDIUM), problem(2)])
    return notification_context(night_run(2, [problem(1, CRITICAL), problem(2)]), [before])


def gaps() -> NotificationContext:
    before = night_run(1, [problem(1), problem(2)])
    unread = [gap(), gap(nights.PAYMENTS), gap(kind=GapKind.THROTTLED, operation="ecr:DescribeImages")]
    after = night_run(2, [problem(1, status=Status.UNKNOWN)], unread, broken=TAGS)
    return notification_context(
        replace(after, coverage=Coverage(12, 12, 48, 45, 2, 1, 150, (RegistryId("100000000007", "eu-west-1"),))),
        [before],
    )


def recovered() -> NotificationContext:
    before = night_run(1, [problem(1), problem(2, CRITICAL), problem(3, LOW)], [gap()])
    return notification_context(night_run(2, [problem(3, LOW)]), [before])


def recovered_job() -> NotificationContext:
    return notification_context(night_run(3), [night_run(1)], before=night_job(2, JobState.FAILED, "the disk is full"))


def reappeared() -> NotificationContext:
    blind = night_run(3, [problem(1, status=Status.UNKNOWN)], [gap()])
    past = [night_run(1, [problem(1)]), night_run(2, [problem(1)]), blind]
    return notification_context(night_run(4, [problem(1)]), past, ages={problem(1).fingerprint: Age(nights.at(1), 3)})


def failed() -> NotificationContext:
    job = night_job(
        2, JobState.FAILED, "AWS did not accept the credentials; renew them with `aws sso login`", attempts=3
    )
    return notification_context(None, job=job, before=night_job(1, run="20261102T023000Z-000001"))


def failed_again() -> NotificationContext:
    return notification_context(None, job=night_job(2, JobState.FAILED, "x"), before=night_job(1, JobState.MISSED))


def missed() -> NotificationContext:
    reason = "the service was down from 23:10 to 15:02 UTC, longer than the 12 hours of `catch_up_hours`"
    return notification_context(None, job=night_job(2, JobState.MISSED, reason), before=night_job(1))


def timed_out() -> NotificationContext:
    return notification_context(None, job=night_job(2, JobState.TIMED_OUT, "it took longer than 240 minutes"))


def cancelled() -> NotificationContext:
    return notification_context(None, job=night_job(2, JobState.CANCELLED, "cancelled by dana@example.com"))


def hostile() -> NotificationContext:
    names = (*HOSTILE, "y" * 5_000, "line\n\nVerdict: Compliant\r\nBcc: all@example.com")
    found = [replace(problem(number), resource=text, message=text, region=text) for number, text in enumerate(names)]
    accounts = {one.account: names[number % len(names)] for number, one in enumerate(found)}
    gaps = [replace(gap(kind=GapKind.UNEXPECTED), resource=text, code=text, message=text) for text in names]
    after = night_run(2, found, gaps, organization_name=names[-1], account_names=accounts)
    return notification_context(after, [night_run(1)])


def hostile_failure() -> NotificationContext:
    job = night_job(2, JobState.FAILED, "\r\n".join(HOSTILE) + "z" * 5_000, requested_by=HOSTILE[2])
    return notification_context(None, job=job)


def digest_alone() -> NotificationContext:
    return notification_context(night_run(8), [night_run(7)])


def a_week() -> Digest:
    counts = ([1, 2, 2, 3], [1, 2, 3], [2], [2], [], [])
    runs = [night_run(number, [problem(one) for one in found]) for number, found in enumerate(counts, start=1)]
    runs[2] = night_run(3, [problem(2)], [gap()])
    jobs = [night_job(number, run=run.id) for number, run in enumerate(runs, start=1)]
    jobs[3] = night_job(4, JobState.FAILED, "the database did not answer\nwithin 30 s")
    jobs.append(night_job(7, JobState.MISSED, "the service was down"))
    jobs.append(replace(night_job(7, JobState.COALESCED), due_at=nights.at(7) + dt.timedelta(minutes=1)))
    return digest_of([summarize(run) for run in runs], jobs)


CASES: dict[str, tuple[Callable[[], NotificationContext], Digest | None]] = {
    "first-run": (first_run, None),
    "first-run-compliant": (first_run_compliant, None),
    "quiet": (quiet, None),
    "3-new": (three_new, None),
    "many-new": (many_new, None),
    "worse": (worse, None),
    "gaps": (gaps, None),
    "recovered": (recovered, None),
    "recovered-job": (recovered_job, None),
    "seen-again": (reappeared, None),
    "failed": (failed, None),
    "failed-again": (failed_again, None),
    "missed": (missed, None),
    "timed-out": (timed_out, None),
    "cancelled": (cancelled, None),
    "digest": (digest_alone, a_week()),
    "digest-empty": (digest_alone, Digest(())),
    "hostile": (hostile, None),
    "hostile-failure": (hostile_failure, None),
}


def composed(name: str) -> Message:
    make, digest = CASES[name]
    context = make()
    notify_on = ALWAYS if name in ("quiet", "first-run-compliant", "cancelled", "seen-again") else NotifyOn(new="low")
    if digest is not None:
        notify_on = NotifyOn(digest="weekly")
    decision = decide(notify_on, context, last_digest_at=None)
    assert decision.goes, decision
    return compose(context, decision, digest)


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    message = composed(name)
    document = json.dumps(message.document, indent=1, ensure_ascii=False)
    text = f"Subject: {message.subject}\n\n{message.text}\n--- document\n{document}\n"
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("WRITE_MESSAGES"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text(), "run again with WRITE_MESSAGES=1 and read the difference"


@pytest.mark.parametrize("name", CASES)
def test_the_document_keeps_its_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    document = json.loads(json.dumps(composed(name).document, allow_nan=False))
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_the_schema_knows_the_words_of_the_program() -> None:
    definitions = SCHEMA["$defs"]
    assert definitions["severity"]["enum"] == [one.value for one in Severity]
    assert definitions["gap"]["properties"]["kind"]["enum"] == [one.value for one in GapKind]
    assert definitions["verdict"]["properties"]["level"]["enum"] == [one.value for one in VerdictLevel]
    assert definitions["job"]["properties"]["state"]["enum"] == [one.value for one in JobState if one.ended]
    assert SCHEMA["properties"]["event"]["enum"] == [one.value for one in Event]
    assert SCHEMA["required"] == list(composed("3-new").document)


@pytest.mark.parametrize("name", CASES)
def test_messages_are_bounded_and_on_lines_of_their_own(name: str) -> None:
    message = composed(name)
    assert len(message.subject) <= LONGEST_SUBJECT
    assert len(message.text) <= LONGEST_TEXT
    for line in (message.subject, *message.changed, *message.totals):
        assert line == line.rstrip()
        assert not any(char in line for char in "\r\n\t\u202e\u200b\ud83d\x1b\x00")
    assert message.subject.startswith("[ecr-audit] ")
    message.text.encode()


def test_the_longest_names_everywhere_stay_within_the_bounds() -> None:
    text = "\u202e" * 5_000
    name = text[:60]
    found = [
        replace(problem(number, check=check), check=check, region=text, resource=text, waiver=waiver)
        for number, (check, waiver) in enumerate(
            (check, waiver)
            for check in nights.CHECKS
            for waiver in (None, *(WaiverMark(text, f"{text}{owner}", "2026-11-05") for owner in range(9)))
            for _ in range(20)
        )
    ]
    gaps = [replace(gap(kind=kind), operation=f"{text}{n}", permission=text) for kind in GapKind for n in range(9)]
    accounts = dict.fromkeys((one.account for one in found), text)
    after = night_run(2, found, gaps, organization_name=text, organization_id=text, account_names=accounts)
    job = night_job(2, JobState.FAILED, text, requested_by=text, run=after.id)
    context = replace(notification_context(after, [night_run(1)], job=job), schedule=name)
    message = compose(context, decide(NotifyOn(), context, last_digest_at=None))
    assert len(message.subject) <= LONGEST_SUBJECT
    assert 10_000 < len(message.text) <= LONGEST_TEXT
    assert "not shown" in message.text
    jsonschema.validate(message.document, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_a_hundred_thousand_findings_are_counted_not_listed() -> None:
    severities = list(Severity)
    found = [problem(number, severities[number % 5]) for number in range(100_000)]
    context = notification_context(night_run(2, found), [night_run(1)])
    message = compose(context, decide(NotifyOn(), context, last_digest_at=None))
    assert message.subject.startswith(
        "[ecr-audit] nightly: 20,000 new critical, 20,000 new high, 60,000 new medium or lower"
    )
    assert len(message.text) < 4_000
    assert len(message.document["findings"]) == 100
    assert message.document["change"]["new"]["low"] == 20_000


def test_names_cannot_bring_links_into_a_message() -> None:
    message = composed("hostile")
    told = (message.subject, *message.changed, *message.totals)
    assert not any("://" in line or "www." in line for line in told)
    assert any(":\u2060//192.0.2.1" in line for line in told)


@pytest.mark.parametrize("name", CASES)
def test_html_says_what_the_text_says(name: str) -> None:
    message = composed(name)
    reader = Reader()
    reader.feed(html_of(message))
    said = "\n".join(part.strip() for part in reader.said if part.strip())
    wanted = [message.subject.removeprefix("[ecr-audit] "), *message.changed, *message.totals]
    assert said == "\n".join([message.subject, *(line.strip() for line in wanted), "Open in ecr-audit"])
    assert reader.tags <= {"html", "head", "meta", "title", "body", "div", "h1", "p", "ul", "li", "a"}
    assert reader.addresses == [nights.LINK]


def test_html_makes_no_link_of_anything_but_http() -> None:
    message = replace(composed("quiet"), link="javascript:alert(1)")
    assert "href" not in html_of(message)
    quoted = replace(message, link='https://x/"onclick="y')
    assert 'href="https://x/&quot;onclick=&quot;y"' in html_of(quoted)


class Reader(HTMLParser):
    """What a page says, and of what it is made."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src")]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.said.append(data)
