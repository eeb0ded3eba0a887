"""What the PDF shows of a run: the bounded selection, with a sentence for everything that is left out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from audit.model import Run
from checks.model import Finding, Remedy, Script, Severity
from reports.bounds import fair_shares, not_shown, shortened
from reports.breakdown import AccountView, CheckView
from reports.check_texts import paragraphs
from reports.commands import SCRIPT_FOLDER, CommandBook
from reports.formats.json_values import json_line, json_value
from reports.formats.pdf_pictures import Picture, pictures_of
from reports.gap_groups import GapGroup, GapRow
from reports.shell_lines import PageLines, fit
from reports.view import ReportView
from reports.words import counted, listed, number, sentence

OBJECTS_EACH = {
    Severity.CRITICAL: 10, Severity.HIGH: 6, Severity.MEDIUM: 3, Severity.LOW: 2, Severity.INFORMATIONAL: 2,
}  # fmt: skip
"""Failing objects shown of one check, by its severity."""
OBJECTS_TOTAL = 160
"""Failing objects shown of all checks."""
UNDECIDED_NAMED = 3
"""Undecided objects named of one check; what would decide them stands with the gaps."""
ACCOUNTS = 40
WAIVED = 60
SCRIPTS = 40
GAP_ROWS, GAP_PLACES = 40, 12
TOLD_TWICE = 16
"""Evidence of fewer characters is shown even where the message contains it."""
SCRIPTS_NAMED = 4
LONGEST_TEXT = 1_200
"""Characters shown of one message, name or piece of evidence."""
COMMAND_COLUMNS, COMMAND_ROWS = 108, 68
"""What fits on a page of commands, with a heading above."""
COMMAND_LINES = 240
"""Longer commands are not printed: the run's scripts are named instead."""
COMMANDS_EACH, COMMAND_LINES_TOTAL = 1, 560
"""Commands printed of one check, and lines printed of all."""


@dataclass(frozen=True, slots=True)
class Commands:
    """The printed commands of one finding."""

    anchor: str
    check: str
    """Title of the check."""
    number: int
    """Number of the object in its check."""
    finding: Finding
    page: PageLines
    safe: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One failing or undecided object as shown."""

    number: int
    finding: Finding
    account: str
    """Id and name."""
    message: str
    evidence: tuple[tuple[str, str], ...]
    fix: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckDetail:
    """The section of one check."""

    check: CheckView
    anchor: str
    why: str
    """The first paragraph of why it matters."""
    shown: tuple[Shown, ...]
    hidden: str
    commands: tuple[Commands, ...]
    commands_note: str


@dataclass(frozen=True, slots=True)
class UndecidedRow:
    """The undecided rows of one check for one reason."""

    check: CheckView
    count: int
    reason: str
    """Message of the first of them."""
    named: tuple[str, ...]
    hidden: str


@dataclass(frozen=True, slots=True)
class WaivedRow:
    """One waived finding."""

    finding: Finding
    title: str
    account: str


@dataclass(frozen=True, slots=True)
class GapSection:
    """Gaps of one reason."""

    group: GapGroup
    rows: tuple[GapRow, ...]
    hidden: str


@dataclass(frozen=True, slots=True)
class Content:
    """Everything bounded that the template needs besides the view."""

    details: tuple[CheckDetail, ...]
    """Checks with open failures, worst first, then broken ones."""
    undecided: tuple[UndecidedRow, ...]
    """By check in catalogue order."""
    accounts: tuple[AccountView, ...]
    accounts_hidden: str
    waived: tuple[WaivedRow, ...]
    waived_hidden: str
    passed: tuple[CheckView, ...]
    idle: tuple[CheckView, ...]
    gaps: tuple[GapSection, ...]
    scripts: tuple[Script, ...]
    """In the order in which to run them."""
    scripts_hidden: str
    pictures: tuple[Picture, ...]
    calls: tuple[tuple[str, int, int, int], ...]
    """Operation, requests sent, and how many of them were denied and throttled."""


def content_of(run: Run, view: ReportView) -> Content:
    """Select what is printed."""
    titles = {check.text.id: check.text.title for check in view.checks}
    waived = tuple(one for one in view.findings if one.waiver is not None)
    return Content(
        details=_details(run, view),
        undecided=tuple(_undecided(check) for check in view.checks if check.undecided),
        accounts=view.accounts[:ACCOUNTS],
        accounts_hidden=not_shown(
            len(view.accounts) - ACCOUNTS, len(view.accounts), "account", "accounts", file="findings.csv"
        ),
        waived=tuple(WaivedRow(one, titles[one.check], account_label(run, one.account)) for one in waived[:WAIVED]),
        waived_hidden=not_shown(
            len(waived) - WAIVED, len(waived), "waived finding", "waived findings", file="findings.csv"
        ),
        passed=tuple(check for check in view.checks if check.passed_clean),
        idle=tuple(check for check in view.checks if check.idle),
        gaps=_gap_sections(view),
        scripts=tuple(sorted(run.scripts, key=lambda script: script.name)[:SCRIPTS]),
        scripts_hidden=not_shown(
            len(run.scripts) - SCRIPTS, len(run.scripts), "script", "scripts", file=f"the folder {SCRIPT_FOLDER}"
        ),
        pictures=pictures_of(view),
        calls=tuple(
            (name, sent, run.refused.get(name, 0), run.throttled.get(name, 0))
            for name, sent in sorted(run.calls.items())
        ),
    )


def account_label(run: Run, account: str) -> str:
    """`100000000001 (name)`, the id alone where no name is known, and words where there is no account."""
    if not account:
        return "no single account"
    name = run.account_names.get(account, "")
    return f"{account} ({name})" if name else account


def places_text(row: GapRow) -> str:
    """The places of a gap row, bounded, with what is left out said."""
    if len(row.places) <= GAP_PLACES:
        return ", ".join(row.places)
    more = len(row.places) - GAP_PLACES
    return f"{', '.join(row.places[:GAP_PLACES])} and {number(more)} more, all in gaps.csv"


def _gap_sections(view: ReportView) -> tuple[GapSection, ...]:
    groups = view.gap_groups
    shares = fair_shares([len(group.rows) for group in groups], each=GAP_ROWS, total=GAP_ROWS)
    return tuple(
        GapSection(
            group=group,
            rows=group.rows[:share],
            hidden=not_shown(
                len(group.rows) - share, len(group.rows), "kind of read", "kinds of read", file="gaps.csv"
            ),
        )
        for group, share in zip(groups, shares, strict=True)
    )


def _details(run: Run, view: ReportView) -> tuple[CheckDetail, ...]:
    broken = (check for check in view.checks if not check.open and check.error)
    checks = [*view.worst_first, *broken]
    wanted = [min(len(check.open), OBJECTS_EACH[check.severity]) for check in checks]
    open_shares = fair_shares(wanted, each=max(OBJECTS_EACH.values()), total=OBJECTS_TOTAL)
    book = CommandBook(run)
    printed = _printed_commands(checks, open_shares, book)
    return tuple(
        _detail(run, check, share, book, printed[check.text.id])
        for check, share in zip(checks, open_shares, strict=True)
    )


def _detail(run: Run, check: CheckView, share: int, book: CommandBook, commands: tuple[Commands, ...]) -> CheckDetail:
    one, many = check.noun
    return CheckDetail(
        check=check,
        anchor=f"check-{check.text.id.replace('.', '-')}",
        why=next(iter(paragraphs(check.text.why)), ""),
        shown=tuple(_shown(run, finding, position) for position, finding in enumerate(check.open[:share], start=1)),
        hidden=not_shown(
            len(check.open) - share, len(check.open), f"failing {one}", f"failing {many}", file="findings.csv"
        ),
        commands=commands,
        commands_note=_commands_note(check, commands, book),
    )  # fmt: skip


def _undecided(check: CheckView) -> UndecidedRow:
    one, many = check.noun
    named = tuple(dict.fromkeys(finding.resource for finding in check.undecided))
    return UndecidedRow(
        check=check,
        count=len(check.undecided),
        reason=sentence(shortened(check.undecided[0].message, LONGEST_TEXT, file="findings.csv")),
        named=tuple(shortened(name, LONGEST_TEXT, file="findings.csv") for name in named[:UNDECIDED_NAMED]),
        hidden=not_shown(len(named) - UNDECIDED_NAMED, len(named), one, many, file="findings.csv"),
    )


def _shown(run: Run, finding: Finding, position: int) -> Shown:
    remedy = finding.remedy
    return Shown(
        number=position,
        finding=finding,
        account=account_label(run, finding.account),
        message=sentence(shortened(finding.message, LONGEST_TEXT, file="findings.csv")),
        evidence=tuple(_evidence(finding)),
        fix=sentence(shortened(remedy.summary, LONGEST_TEXT, file="findings.csv")) if remedy else "",
        steps=_steps(remedy, position),
    )


def _steps(remedy: Remedy | None, position: int) -> tuple[str, ...]:
    """Steps for a person, whole for the first object of a check: those of the others differ in names only."""
    if remedy is None or not remedy.manual:
        return ()
    if position > 1:
        return (
            f"{counted(len(remedy.manual), 'step', 'steps')} for a person, as above; in findings.csv word by word.",
        )
    return tuple(shortened(step, LONGEST_TEXT, file="findings.csv") for step in remedy.manual)


def _evidence(finding: Finding) -> Iterable[tuple[str, str]]:
    """Evidence in words; what the message says already, letter by letter, is not said twice."""
    message = finding.message.casefold()
    for name, value in finding.evidence.items():
        text = _value_text(value)
        if len(text) < TOLD_TWICE or text.casefold() not in message:
            yield str(name).replace("_", " "), shortened(text, LONGEST_TEXT, file="findings.csv")


def _value_text(value: object) -> str:
    plain: object = json_value(value)
    if plain is None:
        return "not known"
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
    except ValueError:  # text that only begins like a list, and is shown as it is
        return None
    return parsed if isinstance(parsed, list) else None


def _printed_commands(
    checks: list[CheckView], shares: tuple[int, ...], book: CommandBook
) -> dict[str, tuple[Commands, ...]]:
    """Which commands are printed: the first of every check, worst check first, while lines are left."""
    printed: dict[str, list[Commands]] = {check.text.id: [] for check in checks}
    left = COMMAND_LINES_TOTAL
    for check, share in zip(checks, shares, strict=True):
        for position, finding in enumerate(check.open[:share], start=1):
            if len(printed[check.text.id]) == COMMANDS_EACH:
                break
            page = fit(book.of(finding), COMMAND_COLUMNS, COMMAND_ROWS)
            if not page.count or page.count > min(COMMAND_LINES, left):
                continue
            left -= page.count
            anchor = f"commands-{finding.fingerprint}"
            safe = bool(finding.remedy and finding.remedy.safe)
            printed[check.text.id].append(Commands(anchor, check.text.title, position, finding, page, safe))
    return {check: tuple(commands) for check, commands in printed.items()}


def _commands_note(check: CheckView, printed: tuple[Commands, ...], book: CommandBook) -> str:
    """Where the commands are that are not printed here."""
    shown = {one.finding.fingerprint for one in printed}
    others = [one for one in check.open if one.fingerprint not in shown]
    scripts = sorted({name for one in others for name in book.scripts_of(one)})
    if not scripts:
        return ""
    named = [f"{SCRIPT_FOLDER}/{name}" for name in scripts[:SCRIPTS_NAMED]]
    if len(scripts) > SCRIPTS_NAMED:
        named.append(counted(len(scripts) - SCRIPTS_NAMED, "further script", "further scripts"))
    what = "The other objects are mended by" if printed else "Mended by"
    return f"{what} {listed(named)}."
