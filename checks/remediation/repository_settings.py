"""Remediations of repository settings that checks share, of sources and of replicas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from checks.baseline.merged_settings import merged_settings
from checks.baseline.places import applies_to
from checks.engine.text import names_text
from checks.model import RegistryId, Remediation, RemediationContext, Row
from checks.mutability import Mutability, frozen_tags, mutability_of
from checks.remediation import actions

if TYPE_CHECKING:
    from checks.baseline.sections import Scanning, Settings
    from checks.changes import Change


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


def tagging(row: Row, place: RegistryId) -> Remediation:
    """The remediation of `missing_tags` of the repository at *place*."""
    repository, tags = row["repository"], json.loads(row["missing_tags"])
    summary = f"Tag {repository} at {place} with {names_text(tuple(tags))}."
    blocker = tags_blocker(tags, row["tag_count"] or 0)
    if blocker:
        step = f"Make room for the tags, or correct `tags` in the baseline: {blocker}."
        return Remediation(summary=summary, manual=(step,))
    return Remediation(summary=summary, changes=(actions.tag_repository(place, repository, tags),), safe=True)


def repository_policy(row: Row, place: RegistryId) -> Remediation:
    """The remediation of a repository policy at *place* that is not `expected_repository_policy`."""
    repository, seen, expected = row["repository"], row["repository_policy"] or "", row["expected_repository_policy"]
    where = f"{repository} at {place}"
    if expected:
        change = actions.put_repository_policy(place, repository, seen, expected)
        return Remediation(summary=f"Put the required repository policy on {where}.", changes=(change,))
    if seen:
        return Remediation(
            summary=f"Remove the repository policy of {where}.",
            manual=(
                f"Save the repository policy of {where}, and find out who pulls through it, and who pushes.",
                "Delete it with `aws ecr delete-repository-policy` once no principal needs it.",
            ),
        )
    return Remediation(
        summary=f"Write a repository policy for {where}.",
        manual=(
            f"Name the accounts that must pull {repository} from {place}.",
            "Put a policy that allows them ecr:BatchGetImage and ecr:GetDownloadUrlForLayer, or write the document "
            "into the baseline, so that the audit can print the command.",
        ),
    )


def scanning(
    row: Row, context: RemediationContext, place: RegistryId, asked: Scanning | None, prefix: str
) -> tuple[tuple[Change, ...], bool]:
    """(changes that let scanning at *place* cover *prefix* as the baseline asks, whether they need no review)."""
    # Of a replica it is at least the source's type: anything less would be the next finding (`settings.scan-type`).
    scan_type, frequency = row["expected_scan_type"] or "", (asked.frequency or "") if asked else ""
    registry = context.registries.get(place) or {}
    present = json.loads(registry.get("scanning_configuration") or "{}").get("scanType")
    basic = "ENHANCED" not in (scan_type, present) and frequency != "CONTINUOUS_SCAN" and present is not None
    return (actions.cover_scanning(place, (prefix,), scan_type, frequency),), basic
