"""Any value of a finding as a JSON value: nothing that strict readers reject, and nothing that changes between runs."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Set
from enum import Enum
from json.encoder import encode_basestring
from typing import Any

from reports.text import stamp

_PLAIN = frozenset({str, int, bool, type(None)})
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(", ", ": ")).encode
_SURROGATES = {code: f"<U+{code:04X}>" for code in range(0xD800, 0xE000)}


def json_value(value: Any) -> Any:
    """The value with only JSON types in it.

    NaN and other missing marks become null, infinities text, negative zero zero, times ISO 8601 in UTC, sets sorted
    lists, numpy scalars plain numbers; lone surrogates, which UTF-8 cannot hold, are spelled out.
    """
    if value is None or value is True or value is False:
        return value
    if isinstance(value, Enum):
        return json_value(value.value)
    if isinstance(value, str):
        return value if value.isascii() else _encodable(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _json_number(value)
    if isinstance(value, dt.datetime):
        return None if value != value else stamp(value)  # NaT is a datetime unequal to itself
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        pairs = sorted(value.items(), key=lambda pair: str(pair[0]))
        return {str(json_value(key)): json_value(one) for key, one in pairs}
    if isinstance(value, Set):
        return sorted((json_value(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    if isinstance(value, (list, tuple)):
        return [json_value(one) for one in value]
    return _foreign(value)


def json_line(value: Any) -> str:
    """The value as compact JSON on one line, keys sorted."""
    if type(value) is dict and all(type(one) in _PLAIN for one in value.values()) and all(map(_is_text, value)):
        # The usual case, written directly: the encoder sets itself up anew for every small document.
        line = f"{{{', '.join([f'{encode_basestring(name)}: {_plain(one)}' for name, one in sorted(value.items())])}}}"
        return line if line.isascii() else _encodable(line)
    return _encode(json_value(value))


def _is_text(value: object) -> bool:
    return type(value) is str


def _plain(value: Any) -> str:
    if type(value) is str:
        return encode_basestring(value)
    if value is None:
        return "null"
    return str(value) if type(value) is int else "true" if value else "false"


def json_array(entries: Iterable[Any]) -> Iterator[str]:
    """A JSON array in pieces, one entry a line: a long one is never held twice."""
    separator = "[\n"
    for entry in entries:
        yield f"{separator}{json_line(entry)}"
        separator = ",\n"
    yield "\n]" if separator == ",\n" else "[]"


def _encodable(text: str) -> str:
    return text.translate(_SURROGATES) if any("\ud800" <= char <= "\udfff" for char in text) else text


def _json_number(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(value) + 0.0  # adding zero turns -0.0 into 0.0


def _foreign(value: Any) -> Any:
    """numpy scalars by their `item`, pandas' missing marks by name (neither library is imported), else text."""
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    item = getattr(value, "item", None)
    return json_value(item()) if callable(item) else _encodable(str(value))
