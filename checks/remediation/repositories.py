"""Changes of one repository: each is a put of its own, which AWS must accept and no other change may contradict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from checks.changes import (
    CreateRepository,
    PutLifecyclePolicy,
    PutRepositoryPolicy,
    RepositoryChange,
    RetagImage,
    SetTagMutability,
    TagRepository,
)
from checks.policy_documents.validation import DocumentKind, refusal
from checks.remediation.changes import once
from checks.remediation.merge_result import CannotApplyError, Merged, merge_one_by_one

NAME = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
"""RepositoryName of the ECR service model."""

_TAG_FILTER = re.compile(r"[0-9a-zA-Z._*-]{1,128}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MODES = ("MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")


@dataclass(frozen=True, slots=True)
class Put:
    """One write to one repository, and the changes that it makes."""

    change: RepositoryChange
    """What to write; resource tags of several changes in one."""
    changes: tuple[RepositoryChange, ...]
    early: bool = False
    """Whether it must precede the other writes to the repository."""


def merge(changes: Iterable[RepositoryChange]) -> Merged[tuple[Put, ...]]:
    """The writes to make, in order; of two that conflict about one setting, or one tag, the first one is made."""
    taken: dict[tuple[str, ...], RepositoryChange] = {}
    puts: dict[tuple[str, ...], Put] = {}

    def apply(_: None, change: RepositoryChange) -> None:
        _check(change)
        key: tuple[str, ...] = (
            change.kind,
            change.repository,
            *([change.tag] if isinstance(change, RetagImage) else []),
        )
        if isinstance(change, TagRepository):
            puts[key] = _tagging(puts.get(key), change)
            return
        if key in taken:
            raise CannotApplyError(
                f"a more severe finding requires another value of {' '.join(key[1:])}; run the audit "
                "again after its fix"
            )
        taken[key] = change
        puts[key] = Put(change, (change,))

    merged = merge_one_by_one(None, once(changes), apply)
    modes = {change.repository: change for change in taken.values() if isinstance(change, SetTagMutability)}
    ordered = (replace(put, early=_moves_first(put.change, modes)) for put in puts.values())
    return Merged(tuple(ordered), merged.applied, merged.refused)


def _tagging(before: Put | None, change: TagRepository) -> Put:
    """The put that sets the tags of *edit* and those of *before*."""
    present = before.change.tags if before and isinstance(before.change, TagRepository) else {}
    for key, value in change.tags.items():
        if present.get(key, value) != value:
            raise CannotApplyError(f"two findings require different values of the tag {key} of one repository")
    return Put(replace(change, tags={**present, **change.tags}), (*(before.changes if before else ()), change))


def _moves_first(change: RepositoryChange, modes: Mapping[str, SetTagMutability]) -> bool:
    """Whether *edit* moves a tag that the repository's new mutability would make immutable."""
    mode = modes.get(change.repository)
    if not isinstance(change, RetagImage) or not change.seen or mode is None:
        return False
    excepted = any(_matches(text, change.tag) for text in mode.exclusions)
    frozen = mode.mutability.startswith("IMMUTABLE")
    return frozen != excepted


def _matches(text: str, tag: str) -> bool:
    """Whether the exclusion filter *text* (`*` stands for anything) matches *tag*."""
    return re.fullmatch(".*".join(map(re.escape, text.split("*"))), tag, re.DOTALL) is not None


def _check(change: RepositoryChange) -> None:
    """Raise CannotApplyError where AWS would reject the put."""
    name = change.repository
    if not (2 <= len(name) <= 256 and NAME.fullmatch(name)):
        raise CannotApplyError(f"{name!r} is not a valid repository name")
    match change:
        case SetTagMutability():
            _check_mutability(change.mutability, change.exclusions)
        case CreateRepository():
            _check_mutability(change.tag_mutability or "MUTABLE", change.exclusions)
            _check_tags(change.tags)
        case PutRepositoryPolicy():
            _check_document(DocumentKind.REPOSITORY, change.policy)
        case PutLifecyclePolicy():
            _check_document(DocumentKind.LIFECYCLE, change.policy)
        case TagRepository():
            _check_tags(change.tags)
        case RetagImage():
            _check_image(change)


def _check_tags(tags: Mapping[str, Any]) -> None:
    # Source: Tag in the ECR API reference; 50 tags a resource: Tagging AWS resources user guide.
    if len(tags) > 50:
        raise CannotApplyError(f"{len(tags)} resource tags are too many, AWS allows 50")
    for key, value in tags.items():
        if not isinstance(value, str) or not 1 <= len(key) <= 128 or len(value) > 256:
            raise CannotApplyError(
                f"AWS does not accept the resource tag {key!r}: 1 to 128 characters, value at most 256"
            )
        if key.lower().startswith("aws:"):
            raise CannotApplyError(f"the prefix aws: is reserved for AWS, so the resource tag {key!r} cannot be set")


def _check_image(change: RetagImage) -> None:
    if not _DIGEST.fullmatch(change.digest):
        raise CannotApplyError(f"{change.digest!r} is not a valid image digest")
    if not 1 <= len(change.tag) <= 300:
        raise CannotApplyError(f"AWS does not accept the image tag {change.tag!r}: 1 to 300 characters")
    if change.seen == change.digest:
        raise CannotApplyError(f"nothing to change: {change.tag} already named that image at the time of the audit")


def _check_mutability(mode: str, exclusions: Sequence[str]) -> None:
    if mode not in _MODES:
        raise CannotApplyError(f"{mode!r} is not a valid tag mutability")
    if mode.endswith("_WITH_EXCLUSION") != bool(exclusions):
        raise CannotApplyError(f"{mode} {'needs' if not exclusions else 'allows no'} exclusion filters")
    if len(exclusions) > 5 or not all(_TAG_FILTER.fullmatch(item) for item in exclusions):
        raise CannotApplyError("AWS accepts at most 5 exclusion filters of letters, digits and . _ * -")


def _check_document(kind: DocumentKind, text: str) -> None:
    """Raise CannotApplyError where AWS refuses the document, with what a person has to do."""
    if reason := refusal(kind, text):
        raise CannotApplyError(
            f"{reason}; correct it where it comes from (baseline, template or source), then audit again"
        )
