"""YAML scalars and comments: escapes text from AWS or users, so that it cannot break a line or change its meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ESCAPES = {'"': '\\"', "\\": "\\\\"}


def quoted(text: str) -> str:
    """*text* as a YAML scalar in double quotes, on one line."""
    return '"' + "".join(_ESCAPES.get(character) or _visible(character) for character in text) + '"'


def _visible(character: str) -> str:
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def flow(texts: Iterable[str]) -> str:
    """A YAML list on one line, every entry in quotes."""
    return f"[{', '.join(quoted(text) for text in texts)}]"


def remark(text: str, maximum: int = 240) -> str:
    """*text* for a comment: one line, printable, at most *maximum* characters."""
    line = re.sub(r"\s+", " ", "".join(one if one.isprintable() or one.isspace() else "�" for one in text)).strip()
    return line if len(line) <= maximum else f"{line[: maximum - 1]}…"


def some_of(texts: Sequence[str], shown: int) -> str:
    """The first *shown* of *texts*, and how many more there are."""
    more = len(texts) - shown
    return ", ".join(texts[:shown]) + (f" and {more} more" if more > 0 else "")
