"""The `images` table."""

from __future__ import annotations

from checks.tables.shapes import LINK_KEY, Table, text, time

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
    ),
)
