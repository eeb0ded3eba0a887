"""Rows of a run's evidence tables, for pages that show some of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from audit.store import Store

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
"""Column → value; a missing value is None."""
_KEPT = 6
"""Tables that are kept in memory: those that one page, and the next, ask for."""

_lock = threading.Lock()
_frames: OrderedDict[tuple[str, str, str], pd.DataFrame] = OrderedDict()


def frame_of(store: Store, run_id: str, name: str) -> pd.DataFrame:
    """An evidence table of a run, which never changes. Not to be written to. Raises StoreError."""
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
    """The rows whose columns have the *wanted* values; none where the run kept no such table or column."""
    if not store.has_tables(run_id, name):
        return []
    frame = frame_of(store, run_id, name)
    if not wanted.keys() <= set(frame.columns):
        return []
    for column, value in wanted.items():
        fits = frame[column].isna() if value is None else frame[column] == value
        frame = frame[fits.fillna(False).astype(bool)]
    return rows(frame)
