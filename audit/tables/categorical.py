"""Long columns as positions in a short list of distinct values, so that each distinct case is evaluated once.

An organization has millions of replicas and a few hundred different settings: evaluating distinct cases instead of rows
keeps a million rows within seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.tables.frames import Flags, flag, integers

Codes = NDArray[np.int64]
"""Positions in a list of distinct values; -1: not known."""

_ROOM = 2**62
"""Combined codes stay below this, so that they fit a signed 64-bit integer."""


@dataclass(frozen=True, slots=True)
class Categorical:
    """One long column: for each row a position in `values`, or -1 for null."""

    codes: Codes
    values: Sequence[Any]

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, positions: Codes) -> Categorical:
        """The column at *positions*; null where a position is -1."""
        if not len(self.codes):
            return Categorical(np.full(len(positions), -1, dtype=np.int64), self.values)
        return Categorical(np.where(positions < 0, -1, self.codes[positions]), self.values)

    def where(self, kept: NDArray[np.bool_]) -> Categorical:
        """The column with null where *kept* is false."""
        return Categorical(np.where(kept, self.codes, -1), self.values)

    def among(self, *wanted: Any) -> NDArray[np.bool_]:
        """Where the column holds one of *wanted*."""
        return np.isin(self.codes, [at for at, value in enumerate(self.values) if value in wanted])

    def texts(self) -> pd.Categorical:
        """As a pandas category of text; the values must be distinct text."""
        if len(self.values) > len(self.codes):
            # A short selection of a long list keeps only the values that it uses.
            used, codes = np.unique(self.codes[self.codes >= 0], return_inverse=True)
            compacted = np.full(len(self.codes), -1, dtype=np.int64)
            compacted[self.codes >= 0] = codes
            return Categorical(compacted, [self.values[at] for at in used]).texts()
        return pd.Categorical.from_codes(self.codes, categories=pd.Index(self.values, dtype="str"))


def encode(values: Iterable[Any]) -> Categorical:
    """Encode hashable *values*; None becomes null."""
    held = np.fromiter(values, dtype=object)
    codes, distinct = pd.factorize(held)
    return Categorical(codes.astype(np.int64), list(distinct))


def encode_flags(flags: Flags) -> Categorical:
    """Three-valued truth as a column of False, True and null."""
    return Categorical(flags.astype(np.int64), (False, True))


@dataclass(frozen=True, slots=True)
class CaseResults:
    """Results for the distinct cases of some columns, and the case of each row."""

    case: Codes
    answers: Sequence[Any]

    def flags(self, name: str) -> Flags:
        """Field *name* of the results (bool or None), row by row."""
        return np.array([flag(getattr(answer, name)) for answer in self.answers], dtype=np.int8)[self.case]

    def counts(self, name: str) -> pd.arrays.IntegerArray:
        """Field *name* of the results (whole number or None), row by row."""
        held = [getattr(answer, name) for answer in self.answers]
        numbers = np.array([0 if number is None else number for number in held], dtype=np.float64)
        return integers(
            numbers[self.case], np.array([number is not None for number in held], dtype=np.bool_)[self.case]
        )

    def texts(self, name: str) -> pd.Categorical:
        """Field *name* of the results (text or None), row by row."""
        return encode(getattr(answer, name) for answer in self.answers).take(self.case).texts()


def evaluate_cases(question: Callable[..., Any], *columns: Categorical) -> CaseResults:
    """Call *question* once for each distinct combination of *columns*, with one value of each, or None."""
    case, first = _distinct_cases(columns)
    answers = []
    for row in first:
        codes = [column.codes[row] for column in columns]
        answers.append(question(*(col.values[at] if at >= 0 else None for col, at in zip(columns, codes, strict=True))))
    return CaseResults(case, answers)


def _distinct_cases(columns: Sequence[Categorical]) -> tuple[Codes, Codes]:
    """For each row the number of its combination, and for each combination its first row."""
    key = np.zeros(len(columns[0]), dtype=np.int64)
    span = 1
    for column in columns:
        size = len(column.values) + 1
        if span * size > _ROOM:
            key, distinct = pd.factorize(key)
            span = len(distinct)
        key = key * size + (column.codes + 1)
        span *= size
    case, distinct = pd.factorize(key)
    first = np.empty(len(distinct), dtype=np.int64)
    first[case[::-1]] = np.arange(len(case), dtype=np.int64)[::-1]
    return case.astype(np.int64), first


def columns_of(kind: type[Any], judged: CaseResults) -> dict[str, Any]:
    """A column for each field of the results: a flag, a number, or text."""
    held = {"bool": judged.flags, "int": judged.counts, "str": judged.texts}
    return {field.name: held[str(field.type).partition(" ")[0]](field.name) for field in fields(kind)}
