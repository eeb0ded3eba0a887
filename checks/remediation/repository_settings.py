"""Shared by the remediations of repository settings: recreation, scanning prefixes, tags that move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from checks.baseline.merged_settings import merged_settings
from checks.baseline.places import applies_to
from checks.model import RegistryId, Remediation, RemediationContext, Row
from checks.mutability import Mutability, frozen_tags, mutability_of
from checks.remediation import actions

if TYPE_CHECKING:
    from checks.baseline.sections import Settings


def recreating(row: Row, encryption: str) -> tuple[str, ...]:
    """Manual steps that recreate the replica of a row of `replicas` with *encryption*."""
    repository, place = row["repository"], "/".join(actions.destination(row))
    source = "/".join(actions.source(row))
    return (
        f"Make sure that {source} has every image of {repository} that is needed: images that exist only at {place} "
        "are lost.",
        f"Save the repository policy, lifecycle policy, tag mutability and tags of {repository} at {place}.",
        f"Create a creation template for replication with {encryption} there; it needs a custom role that may use "
        "the key.",
        f"Delete {repository} at {place} with its images, and create it with {encryption}.",
        "Restore the saved policies, tag mutability and tags.",
        f"Start a replication backfill from {source} to {place}, and run the audit again.",
    )


def required_prefix(
    repository: str, context: RemediationContext, at: RegistryId, entries: Sequence[Settings] | None = None
) -> str:
    """The longest prefix under which the baseline requires scanning of *repository* at *at*; else its own name.

    *entries*: those of the baseline; None: its settings of replicas.
    """
    matching = [
        prefix
        for entry in (context.baseline.settings if entries is None else entries)
        if entry.scanning and applies_to(entry, context.place(at))
        for prefix in entry.repositories or ("",)
        if repository.startswith(prefix)
    ]
    return max(matching, key=len, default=repository)


def would_freeze(row: Row, context: RemediationContext, mode: str, exclusions: Sequence[str]) -> bool | None:
    """Whether *mode* with *exclusions* at the destination makes tags immutable that can move at the source.

    None: unknown, because the source was not read. An image whose tag already exists at an immutable destination
    arrives without it (ECR user guide, replication.html).
    """
    there = row["source_tag_mutability"]
    here = Mutability(mode, tuple(exclusions))
    if here.moves_all or there == "IMMUTABLE":
        return False
    if mode == there and _same_as_source(row, context):
        return False
    source = mutability_of(there, row["source_mutability_exclusions"])
    return None if source is None else bool(frozen_tags(source, here))


def _same_as_source(row: Row, context: RemediationContext) -> bool:
    place = context.place(actions.destination(row))
    return merged_settings(context.baseline, row["repository"], place).tag_mutability == "same-as-source"


def choosing(row: Row, mode: str) -> Remediation:
    """The remediation where the tags that may move must be determined before the baseline's *mode* is set."""
    repository, source, replica = row["repository"], "/".join(actions.source(row)), "/".join(actions.destination(row))
    found = row["source_tag_mutability"]
    first = (
        f"Whether tags of {repository} can move at {source} could not be read: check this first."
        if found is None
        else f"At {source} the repository is {found}: find out which of its tags move, and which pipeline moves them. "
        f"With {mode}, which the baseline requires, the replica keeps each protected tag on the first "
        "image that had it."
    )
    return Remediation(
        summary=f"Decide whether tags of {repository} may move, at {source} and at {replica} alike.",
        manual=(
            first,
            f"If none should move: set the repository at {source} to IMMUTABLE too, after informing the "
            "teams that push to "
            "it, then run the audit again to get the command for the replica.",
            "If some should move: set IMMUTABLE_WITH_EXCLUSION and those tags as tag_mutability and "
            "mutability_exclusions "
            "for this repository in the baseline, then run the audit again.",
            "If all may move: set MUTABLE, or same-as-source, for this repository in the baseline.",
        ),
    )


_MOST_TAGS = 50
_LONGEST_KEY, _LONGEST_VALUE = 128, 256
"""What AWS takes (ECR user guide, ecr-using-tags.html); keys that begin with `aws:` are its own."""


def tags_blocker(tags: Mapping[str, str], present: int) -> str:
    """Why AWS would refuse to add *tags* to *present* others, as a clause; empty: it would not."""
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            return f"the key {key} is reserved for AWS"
        if len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            return f"the key {key} or its value is too long"
    if present + len(tags) > _MOST_TAGS:
        return f"a repository has at most {_MOST_TAGS} tags, and this one has {present}"
    return ""
