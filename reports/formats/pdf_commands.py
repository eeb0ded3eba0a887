"""The commands that a printed report shows: a common header, printed once, and one block per finding.

Every script begins with the same functions. They are printed once; a reader copies that header and any block below it
into one file, which runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.model import Finding
from reports.breakdown import CheckView
from reports.commands import SCRIPT_FOLDER, CommandBook
from reports.shell_wrap import PageLines, fit
from reports.text import counted, listed

COMMAND_COLUMNS, COMMAND_ROWS = 108, 68
"""What fits on a page of commands, with a heading above."""
COMMAND_LINES = 120
"""Longer commands are not printed: the run's scripts are named instead."""
COMMAND_LINES_TOTAL = 350
"""Lines of commands printed of all checks, the common header included."""
SCRIPTS_NAMED = 4

_GUARD = "command -v aws"
"""First words of the line that ends the common header."""


@dataclass(frozen=True, slots=True)
class Commands:
    """The printed commands of one finding."""

    label: str
    """`C1`, `C2` … in printed order."""
    anchor: str
    check: str
    """Title of the check."""
    number: int
    """Number of the finding in its check."""
    finding: Finding
    page: PageLines
    safe: bool


@dataclass(frozen=True, slots=True)
class CommandPages:
    """All printed commands."""

    header: PageLines
    """The common header; empty where no command is printed."""
    printed: tuple[Commands, ...]
    not_printed: str
    """How many checks have commands that are not printed, and the files that hold them; empty where all are."""

    def of(self, check: CheckView) -> tuple[Commands, ...]:
        """The printed commands of one check."""
        return tuple(one for one in self.printed if one.finding.check == check.text.id)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A script in parts."""

    opening: str
    """Lines before the functions that every script has."""
    functions: dict[str, str]
    """By name, in order."""
    own: str
    """Its own comments, and everything after the functions."""


def command_pages(checks: Sequence[CheckView], shares: Sequence[int], book: CommandBook) -> CommandPages:
    """The commands of the first finding of every check, worst check first, within the limit on lines.

    *shares*: how many findings of each check are shown; commands are printed for shown findings only.
    """
    chosen: list[tuple[CheckView, int, Finding, PageLines]] = []
    opening, functions, left, unprinted = "", dict[str, str](), COMMAND_LINES_TOTAL, 0
    for check, share in zip(checks, shares, strict=True):
        first = next(_with_commands(check, share, book), None)
        if first is None:
            continue
        position, finding, script = first
        parts = _parts_of(script)
        page = fit(parts.own, COMMAND_COLUMNS, COMMAND_ROWS) if parts else None
        if parts is None or page is None or not _belongs(parts, opening, functions) or page.count > COMMAND_LINES:
            unprinted += 1
            continue
        more = sum(text.count("\n") + 1 for name, text in parts.functions.items() if name not in functions)
        if page.count + more > left:
            unprinted += 1
            continue
        left -= page.count + more
        opening = parts.opening
        functions.update(parts.functions)
        chosen.append((check, position, finding, page))
    header = "\n".join((opening, *functions.values())) if chosen else ""
    return CommandPages(
        header=fit(header, COMMAND_COLUMNS, COMMAND_ROWS),
        printed=tuple(_printed(at, *one) for at, one in enumerate(chosen, start=1)),
        not_printed=_not_printed(unprinted, printed=bool(chosen)),
    )


def commands_note(check: CheckView, printed: Sequence[Commands], book: CommandBook) -> str:
    """The scripts with the commands that are not printed here."""
    shown = {one.finding.fingerprint for one in printed}
    others = [one for one in check.open if one.fingerprint not in shown]
    scripts = sorted({name for one in others for name in book.scripts_of(one)})
    if not scripts:
        return ""
    named = [f"{SCRIPT_FOLDER}/{name}" for name in scripts[:SCRIPTS_NAMED]]
    if len(scripts) > SCRIPTS_NAMED:
        named.append(counted(len(scripts) - SCRIPTS_NAMED, "further script", "further scripts"))
    return f"Scripts for the other findings: {listed(named)}." if printed else f"Scripts: {listed(named)}."


def _with_commands(check: CheckView, share: int, book: CommandBook) -> Iterator[tuple[int, Finding, str]]:
    for position, finding in enumerate(check.open[:share], start=1):
        if script := book.of(finding):
            yield position, finding, script


def _belongs(parts: _Parts, opening: str, functions: dict[str, str]) -> bool:
    """Whether the functions and options of a script agree with the header that is printed already."""
    same = all(functions.get(name, text) == text for name, text in parts.functions.items())
    return same and opening in ("", parts.opening)


def _printed(at: int, check: CheckView, position: int, finding: Finding, page: PageLines) -> Commands:
    return Commands(
        label=f"C{at}",
        anchor=f"commands-{finding.fingerprint}",
        check=check.text.title,
        number=position,
        finding=finding,
        page=page,
        safe=bool(finding.remediation and finding.remediation.safe),
    )


def _parts_of(script: str) -> _Parts | None:
    """The script in parts; None for a script with another structure, which a run of another version may hold."""
    lines = script.rstrip("\n").split("\n")
    ends = next((at for at, line in enumerate(lines) if line.startswith(_GUARD)), None)
    if ends is None or not lines[0].startswith("#!"):
        return None
    opening, functions, comments, name = [lines[0]], dict[str, str](), [], ""
    for line in lines[1:ends]:
        if name:
            functions[name] += f"\n{line}"
            name = "" if line == "}" else name
        elif "() {" in line and not line.startswith("#"):
            name = line.partition("(")[0]
            functions[name] = line
        elif line.startswith("#"):
            comments.append(line)
        else:
            opening.append(line)
    if name:
        return None
    shown = comments[: next((at for at, line in enumerate(comments) if line == "#"), len(comments))]
    return _Parts("\n".join(opening), functions, "\n".join((*shown, *lines[ends:])))


def _not_printed(count: int, *, printed: bool) -> str:
    if not count:
        return ""
    of = counted(count, *(("further check", "further checks") if printed else ("check", "checks")))
    return f"The commands of {of} are not printed here; see findings.json and the folder {SCRIPT_FOLDER}."
