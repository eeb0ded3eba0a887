"""Values of evidence as people read them: words for flags, lists as lists, JSON documents laid out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reports.bounds import shortened
from reports.formats.json_values import json_value

LONGEST = 40_000
"""Characters shown of one value; a registry policy has at most 10,240."""
_ONE_LINE = 90


@dataclass(frozen=True, slots=True)
class Told:
    """One value under its name."""

    name: str
    text: str
    document: bool
    """Whether it is laid out over several lines, as it stands."""
    meaning: str = ""


def told_all(pairs: Mapping[str, Any]) -> Iterator[Told]:
    """Every pair of a finding's evidence, or of a row."""
    return (told(str(name).replace("_", " "), value) for name, value in pairs.items())


def told(name: str, value: Any, meaning: str = "") -> Told:
    """One value. Nothing is left out but the end of very long text, and then it says so."""
    text, document = _text(json_value(value))
    return Told(name, shortened(text, LONGEST, file="findings.json"), document, meaning)


def _text(plain: Any) -> tuple[str, bool]:
    if plain is None:
        return "not known", False
    if isinstance(plain, bool):
        return ("yes" if plain else "no"), False
    if isinstance(plain, str):
        parsed = _parsed(plain)
        if parsed is None:
            return plain or "none", "\n" in plain
        plain = parsed
    if isinstance(plain, list) and all(isinstance(one, (str, int)) for one in plain):
        line = ", ".join(str(one) or '""' for one in plain) or "none"
        return (line, False) if len(line) <= 4 * _ONE_LINE else ("\n".join(str(one) or '""' for one in plain), True)
    if isinstance(plain, (list, dict)):
        line = json.dumps(plain, ensure_ascii=False)
        return (line, False) if len(line) <= _ONE_LINE else (json.dumps(plain, ensure_ascii=False, indent=2), True)
    return str(plain), False


def _parsed(text: str) -> Any:
    """The list or object that JSON text holds; None for any other text. Tables keep documents as such text."""
    if not text.startswith(("[", "{")):
        return None
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):  # text that only begins so, or is nested beyond reason: shown as it is
        return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. One that has a name twice is not laid out anew: that would hide one of them."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name is there twice")
    return made
