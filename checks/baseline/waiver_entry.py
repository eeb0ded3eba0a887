"""Appends a waiver to the text of a waiver file with ruamel.yaml: comments and values stay as they are."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from checks.baseline.yaml_reader import BaselineError, Reading

NEW_FILE = "# Exceptions with reason and end date; `ecr-audit run --waivers` reads this file.\nversion: 1\n"
"""First lines of a new waiver file."""

Fields = Mapping[str, str | Sequence[str]]
"""Fields of a waiver, in the order in which they are written."""

_UNQUOTED = ("checks", "regions", "until")
"""Fields whose values no YAML reader misinterprets."""


class CannotAppendError(Exception):
    """ruamel.yaml would change the contents of the file; the message has the waiver, to be added manually."""


def with_waiver(text: str, fields: Fields, name: str) -> str:
    """*text*, the contents of the waiver file called *name*, with one more waiver at the end of its list.

    *text* must be valid. Raises CannotAppendError where the result would not be read as intended.
    """
    before = Reading(text, name).read()
    old = dict(before.value or {}) if before is not None else {}
    added = {key: value if isinstance(value, str) else list(value) for key, value in fields.items()}
    new = _appended(text, fields)
    if not _reads_as(new, {**old, "waivers": [*(old.get("waivers") or []), added]}):
        entry = _appended("", fields)
        raise CannotAppendError(f"the tool cannot add to {name} without changing it; add this manually:\n{entry}")
    return new


def _reads_as(text: str, wanted: Mapping[str, Any]) -> bool:
    reading = Reading(text, "")
    try:
        root = reading.read()
    except BaselineError:
        return False
    return root is not None and root.value == wanted and not reading.problems


def _appended(text: str, fields: Fields) -> str:
    from ruamel.yaml import YAML  # here, because importing it costs as much as the rest of the program's start
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.resolver import VersionedResolver
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    class AsWritten(VersionedResolver):
        """Reads every plain scalar as text: `012345678901` stays as it is, and so does a date."""

        versioned_resolver: Mapping[str, object] = {}

    yaml = YAML()
    yaml.Resolver = AsWritten
    yaml.preserve_quotes = True
    yaml.width = 2**20  # no line is folded
    yaml.indent(mapping=2, sequence=4, offset=2)
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    loaded = yaml.load(text)
    document = CommentedMap() if loaded is None else loaded
    entry = CommentedMap()
    for key, value in fields.items():
        kind = str if key in _UNQUOTED else DoubleQuotedScalarString
        entry[key] = kind(value) if isinstance(value, str) else CommentedSeq(map(kind, value))
        if not isinstance(value, str):
            entry[key].fa.set_flow_style()
    if not document.get("waivers"):
        document["waivers"] = CommentedSeq()
    document["waivers"].append(entry)
    written = io.StringIO()
    yaml.dump(document, written)
    # A file of comments only has no document to which ruamel.yaml could attach them.
    kept = "" if loaded is not None or not text else text.removesuffix("\n") + "\n"
    return (kept + written.getvalue()).replace("\n", newline)
