"""The text of a suite as plain values: strict JSON, of a size and depth that can be dealt with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from checks.suite_types import RefusedError

MAX_CHARACTERS = 1024 * 1024


def json_object(text: str) -> Mapping[str, Any]:
    """The object that *text* holds. Raises RefusedError, which says as a clause what is wrong with it."""
    if len(text) > MAX_CHARACTERS:
        raise RefusedError(f"the file has more than {MAX_CHARACTERS:,} characters")
    if "\ufffd" in text:
        raise RefusedError("the file is not UTF-8")
    try:
        document = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
    except RecursionError as error:
        raise RefusedError("its values are nested too deep") from error
    except ValueError as error:
        raise RefusedError(f"it is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise RefusedError("a suite is a JSON object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("a key is in one object twice")
    return document
