"""The `replicas` table."""

from __future__ import annotations

from checks.tables.shapes import LINK_KEY, Table, count, flag, text, time

REPLICAS = Table(
    name="replicas",
    meaning="Source repository → destination registry, for every pair that a rule matches or the baseline requires.",
    key=("source_account", "source_region", "repository", "destination_account", "destination_region"),
    label="{repository}: {source_account}/{source_region} → {destination_account}/{destination_region}",
    two_sided=True,
    columns=(
        *LINK_KEY[:2],
        text("repository", "Repository name, the same on both sides"),
        *LINK_KEY[2:],
        text("partition", "Partition of both"),
        flag("matched", "Whether a rule copies it there"),
        flag("expected", "Whether the baseline requires it"),
        text("required_by", "Names of the baseline's requirements, comma-separated"),
        flag("delete_replication", "Whether a matching rule replicates deletions"),
        flag("source_has_images", "Whether the source repository holds active images"),
        count("source_images", "Active images at the source"),
        flag(
            "replication_due",
            "Whether a rule copies it there and the source holds images that are old enough to have arrived",
        ),
        flag("destination_present", "Whether the repository exists at the destination"),
        flag("images_comparable", "Whether a rule copies it there and it exists on both sides"),
        count(
            "images_missing", "Active source images that are not at the destination and are old enough to have arrived"
        ),
        count("images_missing_archived", "Archived source images that are not at the destination"),
        count("images_in_flight", "Source images pushed too recently to be judged"),
        text("images_missing_sample", "Digests and tags of some of the missing images, JSON array, at most 10"),
        time("oldest_missing_pushed_at", "Push time of the oldest missing image"),
        # Settings of the destination repository, where it exists.
        text("source_tag_mutability", "Mutability at the source"),
        text("tag_mutability", "Mutability at the destination"),
        text("mutability_exclusions", "Exclusion filters at the destination, JSON array"),
        text("expected_tag_mutability", "Mutability that the baseline asks for; empty: nothing"),
        text("expected_exclusions", "Exclusion filters that the baseline allows, JSON array"),
        flag("mutability_declared", "Whether the repository exists there and the baseline asks for a mutability"),
        flag("mutability_as_declared", "Whether the destination has it"),
        flag("immutability_claimed", "Whether the destination has a mode with exclusions"),
        flag("immutability_effective", "Whether those exclusions leave immutability in force"),
        text("immutability_problem", "Why they do not, as a clause"),
        flag("moving_tags_safe", "Whether tags that move at the source can move at the destination too"),
        text("moving_tags_problem", "Why they cannot, as a clause"),
        flag("scanning_required", "Whether the repository exists there and the baseline asks that it be scanned"),
        text("scan_frequency", "Effective scan frequency at the destination"),
        flag("scanned", "Whether it is not MANUAL"),
        flag("encryption_declared", "Whether the repository exists there and the baseline asks for an encryption"),
        text("encryption", "Encryption at the destination, in words"),
        text("expected_encryption", "Encryption asked for, in words"),
        text("expected_kms_key", "KMS key ARN asked for; empty: any customer key"),
        flag("encryption_as_declared", "Whether it is so"),
        flag("key_named", "Whether the destination repository names a KMS key"),
        text("kms_key", "That key; empty: none"),
        flag("key_usable", "Whether it exists, is enabled and lies in the destination's Region"),
        text("key_problem", "What is wrong with it, as a clause"),
        flag(
            "repository_policy_declared",
            "Whether the repository exists there and the baseline asks for a repository policy",
        ),
        flag("repository_policy_as_declared", "Whether it is so"),
        text("repository_policy_problem", "What differs, as a clause"),
        text("repository_policy", "Repository policy text at the destination; empty: none"),
        text("expected_repository_policy", "Policy text to put, where the baseline determines one"),
        flag(
            "lifecycle_required",
            "Whether the repository exists there, deletions are not replicated, and the baseline asks for a lifecycle policy",
        ),
        flag("lifecycle_present", "Whether the destination has one"),
        text(
            "expected_lifecycle_policy",
            "Lifecycle policy text to put, where the baseline or the source determines one; empty: none",
        ),
    ),
)
