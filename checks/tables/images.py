"""The `images` table."""

from __future__ import annotations

from checks.tables.shapes import LINK_KEY, Table, count, flag, text, time

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
            "status_asked", "Whether its replication status was asked for; that is done for missing images, in bounds"
        ),
        flag("replication_succeeded", "Whether AWS does not call its replication FAILED; null: the answer was refused"),
        flag(
            "progress_judged",
            "Whether AWS is still copying it, with no backfill to the destination under way; null: not answered",
        ),
        flag("progress_bounded", "Whether it was pushed too recently to have arrived"),
        flag(
            "tags_judged",
            "Whether both sides have the image with different tags, and it is active and old enough for them to agree",
        ),
        flag("untagged_judged", "Whether that is so and the destination has no tag on it at all"),
        flag("tags_carried", "Whether the destination has every tag of the source on it"),
        text(
            "tags_to_set",
            "Tags that it has at the source only, JSON array of {tag, seen, settable}: `seen` is the digest that the tag "
            "names at the destination, empty for none; `settable` whether its mutability lets the tag be given to this "
            "image, null where that is not known",
        ),
        count("sources", "Registries whose rules copy this repository to this destination"),
    ),
)
