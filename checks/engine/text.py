"""Renders rows as text: format strings over columns, whose nulls never read `None` or `nan`.

Besides those of ``str.format``, a field may have one of seven specifications:

- ``{shared_repositories:names}`` reads a JSON array of text as a list (`a, b and 3 more`);
- ``{missing_prefixes:prefixes}`` is the list of an array of prefixes (`team-a/*`); an empty one is *every repository*;
- ``{delete_replication:on or off}`` shows a boolean as `on` or `off`;
- ``{ignored_by_scope:if would allow else allows}`` is the first text where a boolean is true, else the second;
- ``{grant_missing_at:after ; missing in }`` is that text and the list of a JSON array, or empty where it has no member;
- ``{condition_problem:because}`` is a colon and the clause, or empty where there is none;
- ``{condition_problem:clause}`` is the clause, or empty where there is none;
- ``{images_missing:count image}`` puts a number before its noun, in the singular or the plural.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from checks.model import Row

NOT_KNOWN = "unknown"
"""Text of a null."""

_SHOWN = 8
"""Names shown of a list; the rest is counted."""

_COUNTED = re.compile(r"count [a-z]{1,20}")
_CHOICE = re.compile(r"if (.{0,160}) else (.{0,160})")
_AFTER = re.compile(r"after (.{0,160})")
_OWN = re.compile(f"{_COUNTED.pattern}|{_CHOICE.pattern}|{_AFTER.pattern}")
"""Specifications with an argument."""

_Renderer = Callable[[Any, str], str]
"""A value and a field's specification → words."""


def render(template: str, row: Row) -> str:
    """*template* filled with the columns of *row*. Raises KeyError for a column that the row does not have."""
    return "".join(
        [
            literal + renderer(row[name], specification) if name else literal
            for literal, name, specification, renderer in _parts(template)
        ]
    )


def fields(template: str) -> tuple[str, ...]:
    """The columns that *template* names, in order of first use."""
    return tuple(dict.fromkeys(name for _, name, _, _ in _parts(template) if name))


def is_plain(template: str) -> bool:
    """Whether *template*, which is untrusted, uses only plain columns and the specifications above.

    Any other specification goes to Python's ``format``, where a few characters can produce a text of any length.
    """
    return all(
        conversion is None and (not specification or specification in _RENDERERS or _OWN.fullmatch(specification))
        for _, name, specification, conversion in string.Formatter().parse(template)
        if name is not None
    )


@lru_cache(maxsize=1024)
def _parts(template: str) -> tuple[tuple[str, str, str, _Renderer], ...]:
    """(text, following column or empty, its specification, its renderer): parsed once for many rows."""
    return tuple(
        (literal, name or "", specification or "", _renderer(specification or ""))
        for literal, name, specification, _ in string.Formatter().parse(template)
    )


def _renderer(specification: str) -> _Renderer:
    if _CHOICE.fullmatch(specification):
        return _choice_text
    if specification.startswith("after "):
        return _list_text
    return _count_text if specification.startswith("count ") else _RENDERERS.get(specification, _plain_text)


def _plain_text(value: Any, specification: str) -> str:
    return format(value, specification) if specification and value is not None else in_words(value)


def in_words(value: object) -> str:
    """A cell as text: `unknown` for a null, `none` for an empty text or list, `true`, `1,234`."""
    if value is None:
        return NOT_KNOWN
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    if text.startswith("[") and text.endswith("]"):
        try:
            return names_text(names_in(text))
        except ValueError:
            return text
    return text or "none"


def _count_text(value: Any, specification: str) -> str:
    return counted(value, specification.removeprefix("count "))


def _choice_text(value: Any, specification: str) -> str:
    found = _CHOICE.fullmatch(specification)
    return (found[1] if value else found[2]) if found else ""


def _names_text(value: Any, _: str) -> str:
    return NOT_KNOWN if value is None else names_text(names_in(value))


def _list_text(value: Any, specification: str) -> str:
    members = names_in(value)
    return specification.removeprefix("after ") + names_text(members) if members else ""


def _switch_text(value: Any, _: str) -> str:
    return NOT_KNOWN if value is None else "on" if value else "off"


def _clause_text(value: Any, _: str) -> str:
    return f": {value}" if value else ""


def _bare_clause(value: Any, _: str) -> str:
    return str(value) if value else ""


def _prefixes_text(value: Any, _: str) -> str:
    return NOT_KNOWN if value is None else prefixes_text(names_in(value))


_RENDERERS: Mapping[str, _Renderer] = {
    "names": _names_text,
    "prefixes": _prefixes_text,
    "on or off": _switch_text,
    "because": _clause_text,
    "clause": _bare_clause,
}


def names_in(text: object) -> tuple[str, ...]:
    """The members of a JSON array of text; none for a null or an empty text.

    Raises ValueError where *text* is not a JSON array.
    """
    return _names_in(str(text)) if text else ()


@lru_cache(maxsize=4096)
def _names_in(text: str) -> tuple[str, ...]:
    """As `names_in`, cached: many rows have the same few lists."""
    members = json.loads(text)
    if not isinstance(members, list):
        raise ValueError(f"not a JSON array: {text}")
    return tuple(str(member) for member in members)


def names_text(names: tuple[str, ...]) -> str:
    """*names* as a list in words; an empty name is the prefix of every repository."""
    if not names:
        return "none"
    shown = [name or "every repository" for name in names[:_SHOWN]]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest else "")


def prefixes_text(prefixes: tuple[str, ...]) -> str:
    """*prefixes* as a list of the names that begin with them, so that none is taken for a repository."""
    return names_text(tuple(f"{prefix}*" if prefix else "" for prefix in prefixes))


def counted(number: object, noun: str) -> str:
    """`1 image`, `2 images`, `unknown images`."""
    if number is None:
        return f"{NOT_KNOWN} {_plural(noun)}"
    return f"{number:,} {noun if number == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    return noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
