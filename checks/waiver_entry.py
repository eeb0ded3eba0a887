"""One more waiver in the text of a baseline or file of waivers: every other character stays as it was.

The place is found with ruamel.yaml's events; nothing is written anew, so comments, quotes and indentation survive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.baseline_yaml import BaselineError, Reading

NEW_FILE = "# Dated, reasoned exceptions; `ecr-audit run --waivers` reads this file.\nversion: 1\n"
"""What a file of waivers begins with."""

Fields = Mapping[str, str | Sequence[str]]
"""Fields of a waiver, in the order in which they are to be written."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.@/()+ -]*(?<! )")
"""Text that YAML reads as itself without quotes (no `: `, no ` #`), but for the words below."""
_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class CannotAppendError(Exception):
    """The text is written in a way into which no waiver can be put; the message holds the lines to put by hand."""


@dataclass(frozen=True, slots=True)
class _Place:
    """The value of the key `waivers` at the top of the file."""

    kind: str
    """`block`, `flow`, `empty` (that is `[]`), `missing`, or `other`."""
    start: int = 0
    """Where the value begins, as a position in the text."""
    end: int = 0
    """Where the value ends: of a block list its last leaf, of one in brackets its last entry."""
    indent: int = 2
    """Spaces before the `-` of a block list."""


def with_waiver(text: str, fields: Fields, name: str) -> str:
    """*text*, the contents of the file called *name*, with one waiver more at the end of its list.

    *text* must load. Raises CannotAppendError where the place cannot be found, or the outcome would not read as meant.
    """
    before = Reading(text, name).read()
    old = dict(before.value or {}) if before is not None else {}
    place = _place(text)
    new = _inserted(text, place, fields)
    wanted = {**old, "waivers": [*(old.get("waivers") or []), _plain(fields)]}
    if not _reads_as(new, wanted):
        lines = "\n".join(_lines(fields, 2))
        raise CannotAppendError(
            f"{name} is written in a way that cannot be added to; put this under `waivers:`\n{lines}"
        )
    return new


def _reads_as(text: str, wanted: Mapping[str, Any]) -> bool:
    reading = Reading(text, "")
    try:
        root = reading.read()
    except BaselineError:
        return False
    return root is not None and root.value == wanted and not reading.problems


def _plain(fields: Fields) -> dict[str, Any]:
    return {key: value if isinstance(value, str) else list(value) for key, value in fields.items()}


def _inserted(text: str, place: _Place, fields: Fields) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    block = "".join(f"{line}{newline}" for line in _lines(fields, place.indent))
    if place.kind == "missing":
        return f"{_ended(text, newline)}{newline}waivers:{newline}{block}"
    if place.kind == "flow":
        entry = ", ".join(f"{key}: {_value(value)}" for key, value in fields.items())
        return f"{text[: place.end]}, {{{entry}}}{text[place.end :]}"
    if place.kind == "empty":
        text = text[: place.start].rstrip(" ") + text[place.end :]
        at = place.start
    elif place.kind == "block":
        at = place.end
    else:
        return ""
    cut = at if at and text[at - 1 : at] == "\n" else text.find("\n", at) + 1
    return text[:cut] + block + text[cut:] if cut else f"{_ended(text, newline)}{block}"


def _ended(text: str, newline: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}{newline}"


def _place(text: str) -> _Place:
    """Where the list of waivers is: the value that follows the key at depth one."""
    from ruamel.yaml import YAML  # here, because importing it costs as much as the rest of the program's start

    depth, is_key, key, opened, last, inner = 0, True, "", None, 0, 0
    for event in YAML(typ="safe", pure=True).parse(text):
        kind = type(event).__name__
        if kind in ("MappingEndEvent", "SequenceEndEvent"):
            depth -= 1
            if depth == 1 and opened is not None:
                return _list_place(opened, event, last, inner)
            inner = event.end_mark.index
        elif kind in ("MappingStartEvent", "SequenceStartEvent", "ScalarEvent", "AliasEvent"):
            if depth == 1 and is_key:
                key = event.value if kind == "ScalarEvent" else ""
            elif depth == 1 and key == "waivers":
                if kind != "SequenceStartEvent":
                    return _Place("other")
                opened = event
            is_key = not is_key if depth == 1 else is_key
            last = inner = event.end_mark.index
            depth += kind.endswith("StartEvent")
    return _Place("missing")


def _list_place(start: Any, end: Any, leaf: int, entry: int) -> _Place:
    """*start* and *end*: ruamel.yaml's events of the list; *leaf* and *entry*: where the last of each in it ends."""
    if not start.flow_style:
        return _Place("block", start.start_mark.index, leaf, start.start_mark.column)
    if entry <= start.end_mark.index:
        return _Place("other" if start.anchor else "empty", start.start_mark.index, end.end_mark.index)
    return _Place("flow", start.start_mark.index, entry)


def _lines(fields: Fields, indent: int) -> Iterator[str]:
    for number, (key, value) in enumerate(fields.items()):
        yield f"{' ' * indent}{'- ' if number == 0 else '  '}{key}: {_value(value)}"


def _value(value: str | Sequence[str]) -> str:
    return _scalar(value) if isinstance(value, str) else f"[{', '.join(_scalar(one) for one in value)}]"


def _scalar(value: str) -> str:
    """*value* as one YAML scalar: plain where that is safe, else in double quotes."""
    if _DATE.fullmatch(value) or (_PLAIN.fullmatch(value) and value.lower() not in _WORDS):
        return value
    escaped = "".join(_escaped(char) for char in value)
    return f'"{escaped}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    code = ord(char)
    if char.isprintable():
        return char
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
