"""summary.md: a short summary for a pull request or a chat: verdict, changes, worst failures and responsible accounts.

GitHub's flavour of Markdown. Names from AWS are escaped: they can neither open a table cell, a link or an HTML element
nor mention a user with `@`. It is short by design and names the files with the details.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from audit.model import Run
from checks.model import Finding, Severity
from reports.sanitize import one_line
from reports.text import SEVERITY_MARKS, SEVERITY_WORDS, counted, listed, moment_text, number, sentence
from reports.view import ReportView

WORST = 10
"""Findings listed."""
ACCOUNTS = 5
LONGEST = 300
"""Characters of one message."""

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$&])")


def render(run: Run, view: ReportView) -> dict[str, bytes]:
    """`summary.md` as UTF-8."""
    return {"summary.md": ("\n".join(_lines(run, view)) + "\n").encode()}


def escaped(text: str) -> str:
    """Text from outside as literal Markdown on one line, at most `LONGEST` characters of it."""
    text = one_line(text)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}…"
    # A word joiner keeps `@name` from mentioning a user, and addresses from becoming links.
    return _SPECIAL.sub(r"\\\1", text).replace("@", "@\u2060").replace("://", ":\u2060//").replace("www.", "www\u2060.")


def _lines(run: Run, view: ReportView) -> Iterator[str]:
    yield f"## {view.conclusion.mark} {view.conclusion.word}: Amazon ECR replication of {escaped(view.organization)}"
    yield ""
    yield escaped_sentences(view.conclusion.sentences)
    yield ""
    yield from _tallies(view)
    if view.change:
        yield ""
        yield f"**Changes.** {escaped(view.change.sentence)}"
    yield from _worst(view)
    yield from _actors(view)
    yield from _missing(view)
    yield ""
    yield (
        f"Run `{run.id}` of {moment_text(run.started_at)}, ecr-audit {escaped(run.program_version)}; all findings "
        "with their commands are in findings.csv and report.pdf of this run."
    )


def escaped_sentences(sentences: tuple[str, ...]) -> str:
    """Sentences of the verdict in one paragraph."""
    return " ".join(escaped(one) for one in sentences)


def _tallies(view: ReportView) -> Iterator[str]:
    heads = [f"{SEVERITY_MARKS[severity]} {SEVERITY_WORDS[severity]}" for severity in Severity]
    yield f"| {' | '.join([*heads, '? Unknown', 'Waived'])} |"
    yield f"|{' ---: |' * (len(heads) + 2)}"
    figures = [*(view.open[severity] for severity in Severity), view.unknown, sum(view.waived.values())]
    yield f"| {' | '.join(number(figure) for figure in figures)} |"


def _worst(view: ReportView) -> Iterator[str]:
    failures = [finding for check in view.worst_first for finding in check.open]
    if not failures:
        return
    failures.sort(key=lambda finding: finding.severity.rank)
    shown = failures[:WORST]
    yield ""
    yield "| Severity | Failure | Since | Fingerprint |"
    yield "| --- | --- | --- | --- |"
    for finding in shown:
        mark = f"{SEVERITY_MARKS[finding.severity]} {SEVERITY_WORDS[finding.severity]}"
        yield f"| {mark} | {escaped(sentence(finding.message))} | {_since(finding, view)} | `{finding.fingerprint}` |"
    if len(failures) > len(shown):
        yield ""
        yield f"{counted(len(failures) - len(shown), 'further failure is', 'further failures are')} not listed here."


def _since(finding: Finding, view: ReportView) -> str:
    age = view.ages.get(finding.fingerprint)
    if age is None:
        return ""
    return "new" if age.runs == 1 and view.change else f"{age.first_seen:%Y-%m-%d}"


def _actors(view: ReportView) -> Iterator[str]:
    acting = [account for account in view.accounts if account.failures]
    if not acting:
        return
    named = [
        f"{escaped(f'{one.account} {one.name}'.strip() or 'no single account')} "
        f"({counted(one.failures, 'failure', 'failures')})"
        for one in acting[:ACCOUNTS]
    ]
    if len(acting) > ACCOUNTS:
        named.append(counted(len(acting) - ACCOUNTS, "further account", "further accounts"))
    yield ""
    yield f"**Accounts with open failures.** {listed(named)}."


def _missing(view: ReportView) -> Iterator[str]:
    if view.gap_groups:
        count = sum(group.count for group in view.gap_groups)
        yield ""
        reads = counted(count, "read", "reads")
        yield f"**Evidence gaps.** {reads} failed; the results that depend on them are unknown."
