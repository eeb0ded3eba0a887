"""The `images` table."""

from __future__ import annotations

from checks.tables.schema import LINK_KEY, Table, count, flag, text, time

IMAGES = Table(
    name="images",
    meaning="Differences only: an image that differs between the two sides of a replica.",
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
        time("pushed_at", "Push time at the side that has it"),
        text("subject_digest", "Digest that this image refers to (signature, SBOM); empty: none"),
        text(
            "replication_status",
            "IN_PROGRESS, COMPLETE, FAILED; `NEVER_ATTEMPTED` where AWS has no entry; null: not asked",
        ),
        text("failure_code", "AWS's failure code; empty: none"),
        text("failure_meaning", "What is known of that code, as a clause"),
        flag(
            "status_asked",
            "Whether its replication status was requested; that is done for missing images, within bounds",
        ),
        flag(
            "replication_in_progress",
            "Whether its replication status is IN_PROGRESS and no backfill to the destination runs; null: not read",
        ),
        count("minutes_since_push", "Whole minutes between `pushed_at` and the start of the audit"),
        count("replication_delay_minutes", "Minutes that a replication may take, by the baseline"),
        flag(
            "tags_differ",
            "Whether both sides have the image, active and older than `replication_delay_minutes`, with different tags, "
            "and the destination has at least one",
        ),
        flag("untagged_at_destination", "Likewise, and the destination has no tag on it"),
        text("tags_missing", "Tags that it has at the source only, JSON array; null: neither of these two"),
        text(
            "tags_to_set",
            "The tags that are missing, JSON array of {tag, seen, settable}: `seen` is the digest that the tag "
            "names at the destination, empty for none; `settable` whether its mutability lets the tag be given to this "
            "image, null where that is unknown",
        ),
        count("sources", "Registries whose rules replicate this repository to this destination"),
    ),
)
