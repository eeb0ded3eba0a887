"""Globs of IAM (`*`, `?`) and policy variables such as `${aws:PrincipalAccount}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from checks.iam.condition_keys import MULTIVALUED, Context, carried, certain, is_key

ANY_ONE = None
"""Stands for `?` in a piece."""

Piece = str | tuple[str | None, ...]
"""Text between two `*`: plain, or one element a character where it holds a `?`."""

_VARIABLE = re.compile(r"\$\{(\$|[^}$]*)\}")
_ESCAPES = ("*", "?", "$")
"""`${*}`, `${?}` and `${$}` are those characters themselves (IAM user guide, reference_policies_variables.html)."""


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled pattern. One piece: no `*` in it."""

    pieces: tuple[Piece, ...]
    variable: bool = False
    """Whether the pattern has a policy variable. It is matched as `*`: a match is then only *possible*."""

    def matches(self, text: str) -> bool:
        """Whether the whole *text* matches."""
        first = self.pieces[0]
        if len(self.pieces) == 1:
            return len(text) == len(first) and _at(first, text, 0)
        last = self.pieces[-1]
        end = len(text) - len(last)
        if end < len(first) or not _at(first, text, 0) or not _at(last, text, end):
            return False
        position = len(first)
        for piece in self.pieces[1:-1]:
            found = _find(piece, text, position, end)
            if found < 0:
                return False
            position = found + len(piece)
        return True

    @property
    def literal(self) -> str | None:
        """The only text that it matches, if there is only one."""
        only = self.pieces[0]
        return only if len(self.pieces) == 1 and isinstance(only, str) else None

    @property
    def everything(self) -> bool:
        """Whether it is made of `*` alone."""
        return len(self.pieces) > 1 and not any(self.pieces)


@lru_cache(maxsize=16_384)
def compile_glob(pattern: str, *, variables: bool = False) -> Glob:
    """Compile *pattern*; with *variables*, `${…}` is a policy variable (policies of version 2012-10-17 only)."""
    tokens: list[str | None] = []
    pieces: list[Piece] = []
    variable = False

    def close() -> None:
        # Stars side by side are one star.
        if tokens or not pieces:
            pieces.append(_piece(tokens))
            tokens.clear()

    for kind, text in _lexed(pattern, variables=variables):
        if kind == "text":
            tokens.extend(text)
        elif kind == "?":
            tokens.append(ANY_ONE)
        else:
            variable = variable or kind == "variable"
            close()
    starred = bool(pieces)
    pieces.append(_piece(tokens))
    return Glob(tuple(pieces) if starred else (pieces[-1],), variable)


def _lexed(pattern: str, *, variables: bool) -> list[tuple[str, str]]:
    """The pattern as (kind, text): `text`, `?`, `*` or `variable`."""
    found: list[tuple[str, str]] = []
    rest = 0
    for variable in _VARIABLE.finditer(pattern) if variables else ():
        found += _plain(pattern[rest : variable.start()])
        name = variable.group(1)
        found.append(("text", name) if name in _ESCAPES else ("variable", name))
        rest = variable.end()
    return found + _plain(pattern[rest:])


def _plain(text: str) -> list[tuple[str, str]]:
    return [(part if part in ("*", "?") else "text", part) for part in re.split(r"([*?])", text) if part]


def _piece(tokens: list[str | None]) -> Piece:
    plain = [token for token in tokens if token is not None]
    return "".join(plain) if len(plain) == len(tokens) else tuple(tokens)


def _at(piece: Piece, text: str, position: int) -> bool:
    if isinstance(piece, str):
        return text.startswith(piece, position)
    if position + len(piece) > len(text):
        return False
    return all(token is None or token == text[position + offset] for offset, token in enumerate(piece))


def _find(piece: Piece, text: str, start: int, end: int) -> int:
    """Where *piece* first occurs within text[start:end], or -1."""
    if isinstance(piece, str):
        return text.find(piece, start, end)
    for position in range(start, end - len(piece) + 1):
        if _at(piece, text, position):
            return position
    return -1


_VARIABLES_VARIABLE = re.compile(r"\$\{\s*([^}$,'*?\s][^}$,']*?)\s*(?:,\s*'([^']*)'\s*)?\}")
"""`${key}` or `${key, 'default'}`; never one of the escapes `${*}`, `${?}` and `${$}`."""

_SPECIAL = re.compile(r"[*?$]")


def resolved(text: str, context: Context) -> str | None:
    """*text* with the values of *context* for its variables; those whose value is not known stay as they are.

    Values are literal: their `*`, `?` and `$` are escaped. None: a variable has no value, so nothing can match.
    """
    parts: list[str] = []
    rest = 0
    for found in _VARIABLES_VARIABLE.finditer(text):
        value = _value(found, context)
        if value is None:
            return None
        parts += [text[rest : found.start()], value]
        rest = found.end()
    return "".join([*parts, text[rest:]])


def undetermined(text: str, context: Context) -> tuple[str, ...]:
    """The variables in *text* whose value in *context* is not known, as written."""
    return tuple(
        found.group() for found in _VARIABLES_VARIABLE.finditer(text) if _value(found, context) == found.group()
    )


def _value(found: re.Match[str], context: Context) -> str | None:
    key = found.group(1).lower()
    # A name without a service prefix, as templates have, is the name of no key: it has no value in any request.
    given = () if not is_key(key) else None if key in MULTIVALUED else certain(carried(key, context))
    if given is None:
        # The value of a key that holds a set is not documented either.
        return found.group()
    if given:
        return _escaped(given[0])
    default: str | None = found.group(2)
    return None if default is None else _escaped(default)


def _escaped(value: str) -> str:
    return _SPECIAL.sub(r"${\g<0>}", value)
