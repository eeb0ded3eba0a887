"""The steps that change what ECR fixes at creation: the encryption of a repository."""

from __future__ import annotations

from checks import wanted
from checks.model import Row


def recreating(row: Row, encryption: str) -> tuple[str, ...]:
    """Manual steps that create the replica of a row of `replicas` again with *encryption*, as words."""
    repository, place = row["repository"], "/".join(wanted.destination(row))
    source = "/".join(wanted.source(row))
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
