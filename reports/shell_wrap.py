"""Shell text fitted to a page without changing what it does.

A printed page wraps long lines, and a copy from the page contains the line breaks. So lines are wrapped beforehand
where a line break has no effect: after a backslash between words, between two pieces of one quoted word, between
tokens of a JSON or
JMESPath here-document, between words of a comment. A line without such a place (a document whose text
must not change) stays whole and is reported, so that the page can say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(?P<end>[A-Za-z_][A-Za-z0-9_]*)\1")
_INDENT = "    "


@dataclass(frozen=True, slots=True)
class PageLines:
    """Lines for a page of a fixed number of columns."""

    blocks: tuple[str, ...]
    """Each is one or more lines that nothing may separate, not even a comment."""
    whole: bool
    """Whether every line and every block fits a page; if not, a copy from the page may contain a wrong line break."""

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.blocks)

    @property
    def count(self) -> int:
        """Number of lines; 0 for no block."""
        return self.text.count("\n") + 1 if self.blocks else 0


def fit(script: str, columns: int, rows: int) -> PageLines:
    """The script in lines of at most *columns* characters and blocks of at most *rows* lines, wherever that is safe."""
    if not script.strip():
        return PageLines((), whole=True)
    blocks = tuple("\n".join(lines) for lines in _blocks(script.rstrip("\n"), columns))
    whole = all(
        block.count("\n") < rows and all(len(line) <= columns for line in block.split("\n")) and _copies(block)
        for block in blocks
    )
    return PageLines(blocks, whole)


def _copies(block: str) -> bool:
    """Whether a block survives a copy from the page, which drops empty lines and trailing blanks."""
    return "\n" not in block or all(line == line.rstrip() != "" for line in block.split("\n"))


def _blocks(script: str, columns: int) -> Iterator[list[str]]:
    end = ""  # delimiter of the here-document that we are in
    quote = ""  # a quotation that began on an earlier line: nothing inside it may be touched
    block: list[str] = []
    for line in script.split("\n"):
        if end:
            block += [line] if line == end else _document_lines(line, end, columns)
            end = "" if line == end else end
        else:
            began_quoted = bool(quote)
            scan = _scan(line, quote)
            quote = scan.open_quote
            heredoc = None if began_quoted else _HEREDOC.search(line)
            end = heredoc["end"] if heredoc else ""
            untouched = len(line) <= columns or began_quoted or quote
            block += [line] if untouched else _broken(line, scan, columns)
        if not (end or quote or block[-1].endswith("\\")):
            yield block
            block = []
    if block:
        yield block


def _broken(line: str, scan: _Scan, columns: int) -> Iterator[str]:
    if line.lstrip().startswith("#"):
        return _comment_lines(line, columns)
    return _command_lines(line, scan, columns)


@dataclass(frozen=True, slots=True)
class _Scan:
    """Where a command line may be broken."""

    blanks: tuple[int, ...]
    """Positions of blanks between words."""
    inside: dict[int, str]
    """Position after a blank inside a quoted word → the quotation mark of that word."""
    open_quote: str


def _scan(line: str, quote: str) -> _Scan:
    blanks: list[int] = []
    inside: dict[int, str] = {}
    word: list[int] = []  # breaks inside the quotation that is being read
    nested = False  # whether it holds a substitution, in which the rules of quoting begin anew
    position = 0
    while position < len(line):
        char = line[position]
        if char == "\\" and quote != "'":
            position += 2
            continue
        if quote:
            nested = nested or (quote == '"' and (char == "`" or line.startswith("$(", position)))
            if char == quote:
                inside.update({} if nested else dict.fromkeys(word, quote))
                quote = ""
            elif char == " ":
                word.append(position + 1)
        elif char in "'\"":
            quote, word, nested = char, [], False
        elif char == "#" and (position == 0 or line[position - 1] in " \t"):
            break  # a comment reaches to the end of the line: a backslash in it joins nothing
        elif char == " ":
            blanks.append(position)
        position += 1
    return _Scan(tuple(blanks), inside, quote)


def _command_lines(line: str, scan: _Scan, columns: int) -> Iterator[str]:
    margin = len(line) - len(line.lstrip(" "))
    blanks = [position for position in scan.blanks if position >= margin]
    start, lead = 0, ""
    while len(lead) + len(line) - start > columns:
        room = start + columns - len(lead)
        between = max((one for one in blanks if start < one <= room - 2), default=0)
        within = max((one for one in scan.inside if start + 1 < one <= room - 2), default=0)
        if within > between + 24 or (within and not between):
            # A quoted word longer than the line: its next piece must begin in the first column, or it gets a blank.
            quote = scan.inside[within]
            yield f"{lead}{line[start:within]}" + ("'\\" if quote == "'" else "\\")
            start, lead = within, "'" if quote == "'" else ""
            continue
        cut = between or min((one for one in blanks if one > start), default=0)
        if not cut:
            break
        yield f"{lead}{line[start:cut]} \\"
        start = cut + 1
        word_ends = min((one for one in blanks if one > start), default=len(line))
        indent = " " * margin + _INDENT
        lead = indent if len(indent) + word_ends - start + 2 <= columns else ""
    yield lead + line[start:]


def _comment_lines(line: str, columns: int) -> Iterator[str]:
    lead = line[: len(line) - len(line.lstrip())] + "#"
    current = lead
    for word in line.lstrip().lstrip("#").split():
        if current != lead and len(current) + 1 + len(word) > columns:
            yield current
            current = lead
        current += f" {word}"
    yield current


def _document_lines(line: str, delimiter: str, columns: int) -> Iterator[str]:
    """A line of a here-document; only JSON and JMESPath, recognized by the delimiter, may be broken between tokens."""
    if len(line) <= columns:
        breaks: list[int] = []
    elif delimiter.startswith("JSON"):
        breaks = _breaks(line, quotes='"', after=",[{:")
    elif delimiter.startswith("QUERY"):
        breaks = _breaks(line, quotes="\"'", after=" ,")  # a literal in backquotes is JSON, and may be broken too
    else:
        breaks = []
    indent = " " * (len(line) - len(line.lstrip(" ")) + 2)
    start, lead = 0, ""
    while len(lead) + len(line) - start > columns and (later := [one for one in breaks if one > start]):
        cut = max((one for one in later if one <= start + columns - len(lead)), default=later[0])
        yield lead + line[start:cut].rstrip(" ")
        start, lead = cut, indent
        while line[start] == " ":
            start += 1
    yield lead + line[start:]


def _breaks(line: str, *, quotes: str, after: str) -> list[int]:
    """Positions behind the characters of *after* that are outside of quotations; never the end of the line."""
    found, position, quote = [], 0, ""
    while position < len(line):
        char = line[position]
        if quote and char == "\\":
            position += 2
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in quotes:
            quote = char
        elif char in after:
            found.append(position + 1)
        position += 1
    return [one for one in found if line[one:].strip()]
