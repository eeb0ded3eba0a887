"""Parses the text of a check's docstring: paragraphs, lists, code and links. No markup is trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SPAN = re.compile(r"`+(?P<code>[^`]+)`+|(?P<link>https://[^\s<>()\"'`]+[^\s<>()\"'`.,;:])")
_ENTRY = re.compile(r"^\s*(?:[-*]|\d+\.)\s+")
_STRESS = re.compile(r"(?<![\w*/])\*{1,2}(\w[^*]*\w)\*{1,2}(?![\w*])")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line: `kind` is `text`, `code` or `link`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a list."""

    listed: bool
    lines: tuple[tuple[Span, ...], ...]
    """The paragraph alone, or the entries of the list."""


def blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a section, in order."""
    return tuple(_blocks(text))


def spans(line: str) -> tuple[Span, ...]:
    """The spans of a line: text in backquotes is code, text that begins with `https://` is a link."""
    return tuple(_spans(line))


def _blocks(text: str) -> Iterator[Block]:
    for chunk in re.split(r"\n\s*\n", text.strip("\n")):
        entries: list[str] = []
        before: list[str] = []
        for line in chunk.splitlines():
            if _ENTRY.match(line):
                entries.append(_ENTRY.sub("", line).strip())
            elif entries:
                entries[-1] += f" {line.strip()}"
            else:
                before.append(line.strip())
        if paragraph := " ".join(filter(None, before)):
            yield Block(listed=False, lines=(spans(paragraph),))
        if entries:
            yield Block(listed=True, lines=tuple(map(spans, entries)))


def _spans(line: str) -> Iterator[Span]:
    at = 0
    for match in _SPAN.finditer(line):
        if plain := line[at : match.start()]:
            yield Span("text", _STRESS.sub(r"\1", plain))
        yield Span("code", match["code"]) if match["code"] else Span("link", match["link"])
        at = match.end()
    if rest := line[at:]:
        yield Span("text", _STRESS.sub(r"\1", rest))
