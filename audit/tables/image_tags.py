"""Tags that an image has at the source and not at the destination, and what prevents them there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.tables.coded import Coded, code
from audit.tables.frames import compact
from audit.tables.image_differences import Difference, Differences, settled
from audit.tables.image_stock import ImageStock
from audit.tables.known import Known
from audit.tables.pairs import Pairs
from audit.tables.stock import Stock
from audit.tables.wildcards import matches


def tag_columns(known: Known, stock: Stock, pairs: Pairs, images: ImageStock, found: Differences) -> dict[str, Any]:
    """Columns of `images` about tags: known of active images that are old enough for their tags to have arrived."""
    differing = np.isin(found.kind, (Difference.TAG_DIFFERS, Difference.UNTAGGED))
    ready = settled(known, images)[found.source] & images.active[found.source] & images.active[found.destination]
    compared = differing & ready if len(images.digest) else differing
    missing, to_set = _lacking(stock, pairs, images, found, compared)
    return {
        "tags_differ": (compared & (found.kind == Difference.TAG_DIFFERS)).astype(np.int8),
        "untagged_at_destination": (compared & (found.kind == Difference.UNTAGGED)).astype(np.int8),
        "tags_missing": missing.texts(),
        "tags_to_set": to_set.texts(),
    }


def _lacking(
    stock: Stock, pairs: Pairs, images: ImageStock, found: Differences, compared: NDArray[np.bool_]
) -> tuple[Coded, Coded]:
    """The tags that the image lacks at the destination, and what it takes to set them there, as JSON."""
    names: list[str | None] = [None] * len(compared)
    texts: list[str | None] = [None] * len(compared)
    holders: dict[int, dict[str, str]] = {}
    for at in np.flatnonzero(compared).tolist():
        row = int(pairs.destination_row[found.pair[at]])
        there = _tags(images, int(found.destination[at]))
        wanted = [tag for tag in _tags(images, int(found.source[at])) if tag not in there]
        names[at] = compact(wanted)
        if wanted and row not in holders:
            holders[row] = _holders(images, row)
        texts[at] = compact([_entry(stock, row, tag, holders[row].get(tag, "")) for tag in wanted])
    return code(names), code(texts)


def _entry(stock: Stock, row: int, tag: str, seen: str) -> dict[str, Any]:
    mode, filters = (
        column.values[column.codes[row]] if column.codes[row] >= 0 else None
        for column in (stock.columns["tag_mutability"], stock.columns["mutability_exclusions"])
    )
    return {"tag": tag, "seen": seen, "settable": True if not seen else _movable(tag, mode, filters)}


def _movable(tag: str, mode: str | None, filters: str | None) -> bool | None:
    """Whether *tag* may be given to another image: ECR user guide, image-tag-mutability.html."""
    if mode in ("MUTABLE", "IMMUTABLE"):
        return mode == "MUTABLE"
    if mode not in ("MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION") or filters is None:
        return None
    return matches(tag, _parsed(filters)) is (mode == "IMMUTABLE_WITH_EXCLUSION")


def _holders(images: ImageStock, row: int) -> dict[str, str]:
    """Tag → digest of the image that has it, in one repository."""
    held = range(int(images.offsets[row]), int(images.offsets[row + 1]))
    return {tag: images.digests[int(images.digest[at])] for at in held for tag in _tags(images, at)}


def _tags(images: ImageStock, at: int) -> Sequence[str]:
    coded = images.tags.codes[at]
    return _parsed(images.tags.values[coded]) if coded >= 0 else ()


@lru_cache(maxsize=65_536)
def _parsed(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
