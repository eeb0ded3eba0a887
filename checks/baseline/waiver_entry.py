"""One more waiver in the text of a file of waivers, written by ruamel.yaml: comments and values stay as they are."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from checks.baseline.yaml_reader import BaselineError, Reading

NEW_FILE = "# Dated, reasoned exceptions; `ecr-audit run --waivers` reads this file.\nversion: 1\n"
"""What a file of waivers begins with."""

Fields = Mapping[str, str | Sequence[str]]
"""Fields of a waiver, in the order in which they are to be written."""

_UNQUOTED = ("checks", "regions", "until")
"""Fields whose values no YAML reader takes for anything else."""


class CannotAppendError(Exception):
    """ruamel.yaml would change what the file says; the message holds the waiver, to be put there by hand."""


def with_waiver(text: str, fields: Fields, name: str) -> str:
    """*text*, the contents of the file of waivers called *name*, with one waiver more at the end of its list.

    *text* must load. Raises CannotAppendError where the outcome would not read as meant.
    """
    before = Reading(text, name).read()
    old = dict(before.value or {}) if before is not None else {}
    added = {key: value if isinstance(value, str) else list(value) for key, value in fields.items()}
    new = _appended(text, fields)
    if not _reads_as(new, {**old, "waivers": [*(old.get("waivers") or []), added]}):
        entry = _appended("", fields)
        raise CannotAppendError(f"{name} is written in a way that cannot be added to; put this into it:\n{entry}")
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
        """Takes every plain scalar for text: `012345678901` stays that, and so does a date."""

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
    # What holds nothing but comments holds no document that could carry them.
    kept = "" if loaded is not None or not text else text.removesuffix("\n") + "\n"
    return (kept + written.getvalue()).replace("\n", newline)
