"""The sections of the checks in a printed report: which findings of which check are shown, within a budget of lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from audit.model import Run
from checks.model import Finding, Remediation, Severity
from reports.breakdown import CheckView
from reports.check_texts import paragraphs
from reports.commands import CommandBook
from reports.formats.json_values import json_line, json_value
from reports.formats.pdf_commands import CommandPages, Commands, command_pages, commands_note
from reports.text import comparison, counted, day_text, fair_shares, not_shown, sentence, shortened
from reports.view import ReportView

OBJECTS_EACH = {
    Severity.CRITICAL: 10, Severity.HIGH: 5, Severity.MEDIUM: 3, Severity.LOW: 2, Severity.INFORMATIONAL: 1,
}  # fmt: skip
"""Failures shown of one check, by its severity."""
FEW_OBJECTS = 60
"""Up to this number, all failures are shown whatever their severity, except in the longest lists."""
OBJECTS_TOTAL = 150
"""Failures shown of all checks."""
LINES_TOTAL = 1_500
"""Lines of the sections of all checks, as `_lines` estimates them: about thirty pages at most."""
REPEATED = 16
"""Evidence of fewer characters is shown even where the message contains it."""
LONGEST_TEXT = 1_200
"""Characters shown of one message or name."""
LONGEST_EVIDENCE = 240
"""Characters shown of one piece of evidence."""
_SAYS_NOTHING = ("unknown", "yes", "no", "none")
"""Values that the message states already, since they are what the check evaluates."""
_COLUMNS = 104
"""Characters of a printed line, about."""
_HEAD_LINES = 6
"""Lines that the heading of a check takes besides its prose."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One failure as shown."""

    number: int
    finding: Finding
    where: tuple[str, ...]
    """Account, Region and severity, where the name of the resource does not contain them."""
    message: str
    comparison: str
    """What was expected and what was observed."""
    evidence: tuple[tuple[str, str], ...]
    fix: str
    steps: tuple[str, ...]
    new: bool
    """New in this run, where an earlier run exists."""


@dataclass(frozen=True, slots=True)
class CheckDetail:
    """The section of one check."""

    check: CheckView
    anchor: str
    why: str
    """Why it matters, in short."""
    since: str
    """Date of the oldest open failure of the check; empty where it is unknown."""
    shown: tuple[Shown, ...]
    hidden: str
    commands: tuple[Commands, ...]
    commands_note: str


@dataclass(frozen=True, slots=True)
class Details:
    """The sections that are printed, and a sentence about those that are not."""

    sections: tuple[CheckDetail, ...]
    """Checks with open failures, worst first, then checks with errors."""
    hidden: str
    commands: CommandPages


def details_of(run: Run, view: ReportView) -> Details:
    """Select the sections: short lists whole, long ones cut, and whole sections left out only as the last resort."""
    broken = (check for check in view.checks if not check.open and check.error)
    checks = [*view.worst_first, *broken]
    wanted = [min(len(check.open), max(OBJECTS_EACH.values())) for check in checks]
    if sum(wanted) > FEW_OBJECTS:
        wanted = [min(count, OBJECTS_EACH[check.severity]) for check, count in zip(checks, wanted, strict=True)]
    shares = fair_shares(wanted, each=max(OBJECTS_EACH.values()), total=OBJECTS_TOTAL)
    sections = [_section(run, view, check, share) for check, share in zip(checks, shares, strict=True)]
    kept = _within_budget(sections)
    book = CommandBook(run)
    pages = command_pages([one.check for one in kept], [len(one.shown) for one in kept], book)
    return Details(
        sections=tuple(_ended(section, pages, book) for section in kept),
        hidden=not_shown(len(checks) - len(kept), len(checks), "check", "checks", file="findings.csv"),
        commands=pages,
    )


def account_label(run: Run, account: str) -> str:
    """`100000000001 (name)`, the id alone where no name is known, and words where there is no account."""
    if not account:
        return "no single account"
    name = run.account_names.get(account, "")
    return f"{account} ({name})" if name else account


def _within_budget(sections: Sequence[CheckDetail]) -> list[CheckDetail]:
    """Sections of at most `LINES_TOTAL` lines together: the longest lose findings first; whole sections are left out
    last."""
    kept = list(sections)
    lines = [[_lines(shown) for shown in section.shown] for section in kept]
    heads = [_HEAD_LINES + _rows(section.why) for section in kept]
    total = sum(heads) + sum(map(sum, lines))
    while total > LINES_TOTAL and any(len(of) > 1 for of in lines):
        longest = max((at for at, of in enumerate(lines) if len(of) > 1), key=lambda at: sum(lines[at]))
        total -= lines[longest].pop()
    while total > LINES_TOTAL and kept:
        total -= heads[len(kept) - 1] + sum(lines[len(kept) - 1])
        kept.pop()
    return [replace(section, shown=section.shown[: len(of)]) for section, of in zip(kept, lines, strict=False)]


def _lines(shown: Shown) -> int:
    """Estimate of the printed lines of one finding."""
    evidence = sum(len(name) + len(value) + 4 for name, value in shown.evidence)
    name = shown.finding.resource[:LONGEST_TEXT] + " · ".join(shown.where)
    prose = (name, shown.message, shown.comparison, shown.fix, *shown.steps)
    return 1 + sum(map(_rows, prose)) + -(-evidence // _COLUMNS)


def _rows(text: str) -> int:
    return -(-len(text) // _COLUMNS) + text.count("\n")


def _section(run: Run, view: ReportView, check: CheckView, share: int) -> CheckDetail:
    return CheckDetail(
        check=check,
        anchor=f"check-{check.text.id.replace('.', '-')}",
        why=_why(check),
        since=since_text(check.open, view),
        shown=tuple(_shown(run, view, check, one, at) for at, one in enumerate(check.open[:share], start=1)),
        hidden="",
        commands=(),
        commands_note="",
    )


def _why(check: CheckView) -> str:
    """The first paragraph of why it matters; below high its first sentence, the rest is in checks.csv."""
    first = next(iter(paragraphs(check.text.why)), "")
    if check.severity not in (Severity.CRITICAL, Severity.HIGH):
        first = re.split(r"(?<=[.:;!?]) (?=[A-Z])", first, maxsplit=1)[0]
    return shortened(first, LONGEST_TEXT, file="checks.csv")


def _ended(section: CheckDetail, pages: CommandPages, book: CommandBook) -> CheckDetail:
    """The section with its sentences about hidden findings and commands."""
    check, count = section.check, len(section.check.open)
    one, many = check.noun
    printed = pages.of(check)
    return replace(
        section,
        hidden=not_shown(count - len(section.shown), count, f"failing {one}", f"failing {many}", file="findings.csv"),
        commands=printed,
        commands_note=commands_note(check, printed, book),
    )


def since_text(findings: Iterable[Finding], view: ReportView) -> str:
    """`since 12 November 2026`, by the oldest of the findings; empty where no age is known."""
    ages = [age.first_seen for finding in findings if (age := view.ages.get(finding.fingerprint))]
    return f"since {day_text(min(ages))}" if ages else ""


def _shown(run: Run, view: ReportView, check: CheckView, finding: Finding, position: int) -> Shown:
    remediation = finding.remediation
    return Shown(
        number=position,
        finding=finding,
        where=tuple(_where(run, check, finding)),
        message=sentence(shortened(finding.message, LONGEST_TEXT, file="findings.csv")),
        comparison=shortened(comparison(finding), LONGEST_EVIDENCE, file="findings.csv"),
        evidence=tuple(_evidence(finding)),
        fix=sentence(shortened(remediation.summary, LONGEST_TEXT, file="findings.csv")) if remediation else "",
        steps=_steps(remediation, position),
        new=bool(view.change and finding.fingerprint in view.change.new),
    )


def _where(run: Run, check: CheckView, finding: Finding) -> Iterator[str]:
    """Account, Region and severity where the name of the resource does not contain them."""
    named = finding.resource
    name = run.account_names.get(finding.account, "")
    if finding.account not in named:
        yield account_label(run, finding.account)
    elif name:
        yield shortened(name, 120, file="findings.csv")
    if finding.region and finding.region not in named:
        yield finding.region
    if finding.severity is not check.severity:
        yield finding.severity.value


def _steps(remediation: Remediation | None, position: int) -> tuple[str, ...]:
    """Manual steps, in full for the first finding of a check: those of the others differ in names only."""
    if remediation is None or not remediation.manual:
        return ()
    if position > 1:
        return (
            (
                f"{counted(len(remediation.manual), 'manual step', 'manual steps')}, as above; findings.csv has the "
                "full text."
            ),
        )
    return tuple(shortened(step, LONGEST_TEXT, file="findings.csv") for step in remediation.manual)


def _evidence(finding: Finding) -> Iterator[tuple[str, str]]:
    """Evidence in words, where it adds to the message."""
    message = finding.message.casefold()
    for name, value in finding.evidence.items():
        if name == finding.fact:
            continue
        text = _value_text(value)
        if text in _SAYS_NOTHING:
            continue
        if len(text) < REPEATED or text.casefold() not in message:
            yield str(name).replace("_", " "), shortened(text, LONGEST_EVIDENCE, file="findings.csv")


def _value_text(value: object) -> str:
    plain: object = json_value(value)
    if plain is None:
        return "unknown"
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    if isinstance(plain, str) and (found := _list_in(plain)) is not None:
        plain = found
    if isinstance(plain, list) and all(isinstance(one, (str, int)) for one in plain):
        return ", ".join(str(one) or '""' for one in plain) or "none"
    return (plain if isinstance(plain, str) else json_line(plain)) or "none"


def _list_in(text: str) -> list[object] | None:
    """The list that compact JSON text holds, None for any other text; the tables keep lists as such text."""
    try:
        parsed = json.loads(text) if text.startswith("[") else None
    except ValueError:  # text that only begins like a list is shown as it is
        return None
    return parsed if isinstance(parsed, list) else None
