"""The result of merging changes into a document as audited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from checks.changes import AnyChange, Change

Document = TypeVar("Document")
OneKind = TypeVar("OneKind", bound=AnyChange)


class CannotApplyError(ValueError):
    """A change cannot be applied to a document; the text says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change that was left out."""

    change: Change
    reason: str
    satisfied: bool = False
    """Whether it was left out because the documents as audited already have it."""


@dataclass(frozen=True, slots=True)
class Merged(Generic[Document]):
    """A document with every change that AWS would accept."""

    document: Document
    applied: tuple[Change, ...]
    refused: tuple[Refusal, ...]


def merge_one_by_one(
    document: Document, changes: Sequence[OneKind], apply: Callable[[Document, OneKind], Document]
) -> Merged[Document]:
    """Fold *edits* into *document* with *apply*, leaving out each edit for which it raises CannotApplyError."""
    applied: list[Change] = []
    refused: list[Refusal] = []
    for change in changes:
        try:
            document = apply(document, change)
        except CannotApplyError as reason:
            refused.append(Refusal(change, str(reason)))
        else:
            applied.append(change)
    return Merged(document, tuple(applied), tuple(refused))


@dataclass(frozen=True, slots=True)
class AwsLimits:
    """What AWS accepts in one registry's documents. Source: ECR service quotas and service model, November 2026."""

    destinations: int = 25
    rules: int = 25
    filters: int = 100
    policy_characters: int = 10_240
