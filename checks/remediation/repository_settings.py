"""What the remediations of repository settings share: creating a repository anew, scanning prefixes, tags that move."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from checks.baseline.requirements import merged_settings
from checks.model import Remediation, RemediationContext, Row
from checks.remediation import actions


def recreating(row: Row, encryption: str) -> tuple[str, ...]:
    """Manual steps that create the replica of a row of `replicas` again with *encryption*, as words."""
    repository, place = row["repository"], "/".join(actions.destination(row))
    source = "/".join(actions.source(row))
    return (
        f"Make sure that {source} holds every image of {repository} that is needed: what exists only at {place} "
        "will be lost.",
        f"Save repository policy, lifecycle policy, tag mutability and tags of {repository} at {place}.",
        f"Put a creation template for replication with {encryption} in place there; it needs a "
        "custom role that may use the key.",
        f"Delete {repository} at {place} with its images, and create it with {encryption}.",
        "Restore what was saved.",
        f"Start a replication backfill from {source} to {place}, and audit again.",
    )


def required_prefix(repository: str, context: RemediationContext) -> str:
    """The longest prefix under which the baseline asks for scanning of *repository*; else its own name."""
    matching = [
        prefix
        for entry in context.baseline.settings
        if entry.scanning
        for prefix in entry.repositories or ("",)
        if repository.startswith(prefix)
    ]
    return max(matching, key=len, default=repository)


_MOVING_TAG = "latest"
"""Stands for the tags that move where every tag may: nothing lists those that do."""


def would_freeze(row: Row, context: RemediationContext, mode: str, exclusions: Sequence[str]) -> bool | None:
    """Whether *mode* with *exclusions* at the destination of a row of `replicas` freezes tags that move at the source.

    None: the row does not say, because it holds the source's mode and not its filters, or the source was not read.
    An image whose tag an immutable destination has already arrives without that tag (ECR user guide, replication.html).
    """
    source = row["source_tag_mutability"]
    if mode == "MUTABLE" or source == "IMMUTABLE":
        return False
    if source is None:
        return None
    if mode == source and merged_settings(context.baseline, row["repository"]).tag_mutability == "same-as-source":
        return False
    if mode == "IMMUTABLE":
        return True
    if source == "IMMUTABLE_WITH_EXCLUSION":
        return None
    matches = any(fnmatchcase(_MOVING_TAG, pattern) for pattern in exclusions)
    if mode == "IMMUTABLE_WITH_EXCLUSION":
        return not matches
    if not matches:
        return False
    # The source may protect the same tags by filters of its own.
    return None if source == "MUTABLE_WITH_EXCLUSION" else True


def choosing(row: Row, mode: str) -> Remediation:
    """The remedy where the baseline's *mode* may not be set at the destination before it is decided what may move."""
    repository, source, replica = row["repository"], "/".join(actions.source(row)), "/".join(actions.destination(row))
    found = row["source_tag_mutability"]
    first = (
        f"Whether tags of {repository} can move at {source} could not be read: find out first."
        if found is None
        else f"At {source} the repository is {found}: find out which of its tags really move, and who moves them. As "
        f"{mode}, which the baseline requires, the replica would keep a frozen tag at the first image that had it."
    )
    return Remediation(
        summary=f"Decide whether tags of {repository} may move, at {source} and at {replica} alike.",
        manual=(
            first,
            f"If none should move: make the repository at {source} IMMUTABLE too, after informing those who push to "
            "it, then audit again; the command for the replica is printed from then on.",
            "If some should move: write IMMUTABLE_WITH_EXCLUSION and those tags into the baseline's tag_mutability and "
            "mutability_exclusions for this repository, then audit again.",
            "If all may move: write MUTABLE, or same-as-source, into the baseline for this repository.",
        ),
    )
