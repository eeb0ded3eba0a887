"""What is told, as plain sentences and as JSON values: first what changed, then the totals, then a link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from audit.model import Run
from checks.model import Severity
from reports.verdict import open_text
from reports.view import ReportView
from reports.words import SEVERITY_WORDS, counted, number
from schedules.jobs import State
from schedules.model import Decision, Event, Facts, Message
from schedules.telling.digests import Digest, digest_lines, period_text, shift_text
from schedules.telling.document import document_of
from schedules.telling.news import News, news_of
from schedules.telling.page import html_of
from schedules.telling.rules import BAD
from schedules.telling.sentences import (
    cancelled_line,
    change_lines,
    failure_lines,
    named,
    nothing_line,
    short,
    total_lines,
)

__all__ = ["LONGEST_SUBJECT", "LONGEST_TEXT", "compose", "html_of"]

LONGEST_SUBJECT = 150
LONGEST_TEXT = 20_000
"""Characters of a message's text."""
_LONGEST_PART = 9_500
"""Characters of what changed, and of the totals."""
_SERIOUS = (Severity.CRITICAL, Severity.HIGH)


def compose(facts: Facts, decision: Decision, digest: Digest | None = None) -> Message:
    """The message about *facts* for a delivery that *decision* lets go; *digest* where it says that one is due."""
    run, view = facts.run, facts.view
    news = news_of(run, view, facts) if run is not None and view is not None else None
    event = decision.event
    totals = (
        total_lines(run, view, news, facts.now.date())
        if run is not None and view is not None and news is not None
        else ()
    )
    return Message(
        subject=_subject(facts, news, event, digest),
        changed=_bounded(_changed(facts, run, view, news, digest)),
        totals=_bounded(totals),
        link=facts.link,
        document=document_of(facts, decision, event, news, digest),
    )


def _changed(
    facts: Facts, run: Run | None, view: ReportView | None, news: News | None, digest: Digest | None
) -> Iterator[str]:
    if facts.job.state is State.CANCELLED:
        yield cancelled_line(facts.job)
    elif run is None or facts.job.state in BAD:
        yield from failure_lines(facts)
    elif facts.before is not None and facts.before.state in BAD:
        yield "There is a run again; the job before had none."
    if run is not None and view is not None and news is not None:
        lines = tuple(change_lines(run, view, news))
        yield from lines or (nothing_line(news),)
    if digest is not None:
        yield from digest_lines(digest)


def _bounded(lines: Iterable[str]) -> tuple[str, ...]:
    """As many of the lines as there is room for."""
    kept: list[str] = []
    room, left = _LONGEST_PART, 0
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            left += 1
        else:
            kept.append(line)
    return (*kept, f"{counted(left, 'more line is', 'more lines are')} left out here.") if left else tuple(kept)


def _subject(facts: Facts, news: News | None, event: Event, digest: Digest | None) -> str:
    name = facts.schedule or "by hand"
    text = f"[ecr-audit] {name}: {_headline(facts, news, event, digest)}"
    known = facts.view or facts.before_view
    run = facts.run
    organization = (run.organization_name or run.organization_id) if run is not None else ""
    organization = organization or (known.organization if known is not None else "")
    suffix = f" ({named(organization, 48)})" if organization else ""
    return f"{short(text, LONGEST_SUBJECT - len(suffix) - 1)}{suffix}"


def _headline(facts: Facts, news: News | None, event: Event, digest: Digest | None) -> str:
    if facts.job.state is State.CANCELLED:
        return "cancelled"
    if event is Event.FAILED or news is None or facts.view is None:
        return _failed_headline(facts)
    if event is Event.DIGEST and digest is not None and digest.nights:
        return _digest_headline(digest)
    changes = list(_changes(news))
    if news.first:
        open_ = f"{open_text(facts.view.open)} open" if facts.view.failures else facts.view.conclusion.word
        return f"first run, {open_}"
    if event is Event.GAPS:
        changes = ["evidence missing", *_evidence(news, facts.view), *changes]
    elif event is Event.RECOVERED:
        return f"recovered, {', '.join([*_recovered(facts, news), *changes])}"
    return ", ".join(changes) or f"nothing new, {facts.view.conclusion.word}"


def _failed_headline(facts: Facts) -> str:
    words = {State.FAILED: "failed", State.MISSED: "missed", State.TIMED_OUT: "took too long"}
    return f"no run, {words.get(facts.job.state, 'cannot be read')}"


def _digest_headline(digest: Digest) -> str:
    parts = [f"digest, {period_text(digest)}"]
    parts += [
        f"{SEVERITY_WORDS[severity].lower()} {shift}"
        for severity in _SERIOUS
        if (shift := shift_text(digest, severity))
    ]
    if digest.without_run:
        parts.append(f"{number(len(digest.without_run))} without a run")
    return ", ".join(parts)


def _changes(news: News) -> Iterator[str]:
    counts = Counter(finding.severity for finding in news.new)
    yield from (f"{number(counts[one])} new {SEVERITY_WORDS[one].lower()}" for one in _SERIOUS if counts[one])
    if lower := sum(counts[one] for one in Severity if one not in _SERIOUS):
        yield f"{number(lower)} new below high"
    if news.worse:
        yield f"{number(len(news.worse))} worse"
    if news.fixed:
        yield f"{number(len(news.fixed))} fixed"


def _evidence(news: News, view: ReportView) -> Iterator[str]:
    if news.gaps:
        yield f"{counted(len(news.gaps), 'read', 'reads')} failed"
    if news.undecided:
        yield f"{number(len(news.undecided))} undecided"
    if news.broken:
        yield f"{counted(len(news.broken), 'check', 'checks')} broke"
    if not (news.gaps or news.undecided or news.broken):
        yield view.conclusion.word


def _recovered(facts: Facts, news: News) -> Iterator[str]:
    if facts.before is not None and facts.before.state in BAD:
        yield "there is a run again"
    if news.complete_again:
        yield "evidence complete"
