"""The `images` table."""

from __future__ import annotations

from checks.tables.schema import LINK_KEY, Table, count, flag, text, time

IMAGES = Table(
    name="images",
    meaning="Differences only: an image that differs between source and destination of a replica.",
    key=("source_account", "source_region", "repository", "destination_account", "destination_region", "digest"),
    label="{repository}@{digest}",
    two_sided=True,
    columns=(
        *LINK_KEY[:2],
        text("repository", "Repository name"),
        *LINK_KEY[2:],
        text("digest", "Image digest"),
        text("difference", "`missing`, `missing-archived`, `in-flight`, `tag-differs`, `untagged` or `orphan`"),
        text("source_tags", "Tags at the source, JSON array"),
        text("destination_tags", "Tags at the destination, JSON array"),
        time("pushed_at", "Push time at the source, or at the destination for an orphan"),
        text("subject_digest", "Digest that this image refers to (signature, SBOM); empty: none"),
        text(
            "replication_status",
            "IN_PROGRESS, COMPLETE, FAILED; `NEVER_ATTEMPTED` where AWS has no entry; null: not requested",
        ),
        text("failure_code", "AWS's failure code; empty: none"),
        text("failure_meaning", "Meaning of that code, as a clause"),
        flag(
            "status_asked",
            "Whether its replication status was requested, which is done for a limited number of missing images",
        ),
        flag(
            "replication_in_progress",
            "Whether its replication status is IN_PROGRESS and no backfill to the destination runs; null: not read",
        ),
        count("minutes_since_push", "Whole minutes between `pushed_at` and the start of the audit"),
        count("replication_delay_minutes", "Minutes that a replication may take according to the baseline"),
        flag(
            "tags_differ",
            "Whether both sides have the image, active and older than `replication_delay_minutes`, with different tags, "
            "and the destination has at least one",
        ),
        flag("untagged_at_destination", "As `tags_differ`, but the image has no tag at the destination"),
        text("tags_missing", "Tags at the source only, JSON array; null: neither `tags_differ` nor untagged"),
        text(
            "tags_to_set",
            "The missing tags, JSON array of {tag, seen, settable}: `seen` is the digest that the tag names at the "
            "destination, empty for none; `settable` whether tag mutability allows the tag on this image, null where "
            "that is unknown",
        ),
        count("sources", "Registries whose rules replicate this repository to this destination"),
    ),
)
