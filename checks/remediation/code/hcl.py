"""HCL, Terraform's language: strings, values and blocks. Source: HCL native syntax specification."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TEMPLATE = re.compile(r"(\$+|%+)(?=\{)")
_CLOSED = re.compile(r"\{[^{}]*\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def text(value: str) -> str:
    """*value* as a quoted string that means exactly it: no interpolation, no directive, on one line."""
    return f'"{_TEMPLATE.sub(_literal, "".join(map(_escaped, value)))}"'


def value(item: Any) -> str:
    """JSON *item* as an expression, over several lines where it has members."""
    if isinstance(item, str):
        return text(item)
    if isinstance(item, bool):
        return "true" if item else "false"
    if item is None:
        return "null"
    if isinstance(item, int | float):
        return str(item)
    if isinstance(item, Mapping):
        members = [f"{_key(str(key))} = {value(member)}" for key, member in item.items()]
        return _braced("{", members, "}")
    return _braced("[", [f"{value(member)}," for member in item], "]")


def block(head: str, *parts: str) -> str:
    """A block with its *parts*, one below the other."""
    return _braced(f"{head} {{", parts, "}")


def labelled(kind: str, *labels: str) -> str:
    """The head of a block with *labels*."""
    return " ".join((kind, *map(text, labels)))


def attribute(name: str, item: Any) -> str:
    """An argument that is JSON *item*."""
    return f"{name} = {value(item)}"


def _braced(opening: str, members: Iterable[str], closing: str) -> str:
    lines = [f"  {line}" for member in members for line in member.split("\n")]
    return "\n".join((opening, *lines, closing)) if lines else f"{opening}{closing}"


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else text(name)


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"


def _literal(match: re.Match[str]) -> str:
    """`$${x}` is a literal `${x}`; several signs in a row, or an unclosed brace, are written as escapes."""
    signs = match[1]
    closed = _CLOSED.match(match.string, match.end())
    return signs * 2 if len(signs) == 1 and closed else f"\\u{ord(signs[0]):04x}" * len(signs)
