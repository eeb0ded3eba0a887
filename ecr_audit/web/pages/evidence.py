"""Rows of a run's evidence tables and their values in readable form."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.store import Store
from reports.formats.json_values import json_value
from reports.text import shortened

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
"""Column → value; a missing value is None."""
_KEPT = 6
"""Number of tables that are cached in memory."""

_lock = threading.Lock()
_frames: OrderedDict[tuple[str, str, str], pd.DataFrame] = OrderedDict()


def frame_of(store: Store, run_id: str, name: str) -> pd.DataFrame:
    """An evidence table of a run, which never changes. Do not modify it. Raises StoreError."""
    place = (store.name, run_id, name)
    with _lock:
        if place in _frames:
            _frames.move_to_end(place)
            return _frames[place]
    frame = store.table(run_id, name)
    with _lock:
        _frames[place] = frame
        while len(_frames) > _KEPT:
            _frames.popitem(last=False)
    return frame


def rows(frame: pd.DataFrame) -> list[Row]:
    """The rows of *frame* as plain values."""
    plain = frame.astype(object)
    records = plain.where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in records]


def rows_where(store: Store, run_id: str, name: str, wanted: Mapping[str, Any]) -> list[Row]:
    """The rows whose columns have the *wanted* values; none if the run has no such table or column."""
    if not store.has_tables(run_id, name):
        return []
    frame = frame_of(store, run_id, name)
    if not wanted.keys() <= set(frame.columns):
        return []
    for column, value in wanted.items():
        fits = frame[column].isna() if value is None else frame[column] == value
        frame = frame[fits.fillna(False).astype(bool)]
    return rows(frame)


LONGEST = 40_000
"""Characters shown of one value; a registry policy has at most 10,240."""
_ONE_LINE = 90


@dataclass(frozen=True, slots=True)
class DisplayValue:
    """One value under its name."""

    name: str
    text: str
    document: bool
    """Whether it is shown preformatted on several lines."""
    meaning: str = ""


def display_values(pairs: Mapping[str, Any]) -> Iterator[DisplayValue]:
    """Every pair of a finding's evidence, or of a row."""
    return (display_value(str(name).replace("_", " "), value) for name, value in pairs.items())


def display_value(name: str, value: Any, meaning: str = "") -> DisplayValue:
    """One value. Only very long text is truncated, with a note."""
    text, document = _text(json_value(value))
    return DisplayValue(name, shortened(text, LONGEST, file="findings.json"), document, meaning)


def _text(plain: Any) -> tuple[str, bool]:
    if plain is None:
        return "unknown", False
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
    """The list or object in a JSON text; None for any other text. Tables store documents as JSON text."""
    if not text.startswith(("[", "{")):
        return None
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):  # not JSON, or nested too deeply: shown as it is
        return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. One with a duplicate key is shown as it is: reformatting would hide one of the values."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("duplicate key")
    return made
