"""The `repositories` table."""

from __future__ import annotations

from checks.tables.schema import ACCOUNT, REGION, Table, count, flag, text, time

REPOSITORIES = Table(
    name="repositories",
    meaning="One repository of one registry in scope.",
    key=("account", "region", "repository"),
    label="{repository} in {account}/{region}",
    columns=(
        ACCOUNT,
        REGION,
        text("repository", "Repository name"),
        time("created_at", "When it was created"),
        text("tag_mutability", "MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION"),
        text("mutability_exclusions", "Exclusion filters, JSON array of text"),
        text("encryption_type", "AES256, KMS or KMS_DSSE"),
        text("kms_key", "KMS key; empty: none, or the AWS managed key"),
        flag("detailed", "Whether the per-repository reads were wanted"),
        text("repository_policy", "Repository policy text; empty: none; null: not read"),
        text("lifecycle_policy", "Lifecycle policy text; empty: none; null: not read"),
        text("tags", "Resource tags, JSON object"),
        text("scan_frequency", "Effective frequency: SCAN_ON_PUSH, CONTINUOUS_SCAN or MANUAL"),
        text("scan_type", "Registry's scan type: BASIC or ENHANCED"),
        count("image_count", "Active images; null: not counted"),
        count("image_total", "Images of every state, signatures and the like included; null: not counted"),
        count("images_limit", "Allowed images"),
        count("images_warning_threshold", "Images from which on a warning is due"),
        text("images_severity", "Severity where `image_total` reaches that; empty: it does not"),
        text(
            "expected_lifecycle_policy",
            "Where it does, the lifecycle policy to put, if the baseline writes out one that the repository lacks; "
            "else empty",
        ),
        flag("receives_replicas", "Whether a rule replicates repositories of this name there"),
        flag(
            "another_region_required",
            "Whether the baseline requires a replica in another Region; false for what is a replica itself",
        ),
        count(
            "replicas_in_other_regions",
            "Registries of other Regions, in accounts that can receive it, to which rules replicate it; null: none is "
            "known, and the rules were not read",
        ),
        text("another_region_required_by", "Names of those requirements, JSON array"),
        text("another_region_prefixes", "Their prefixes that the name begins with, JSON array"),
        text(
            "another_region_candidates",
            "Destinations in other Regions that the registry replicates to already and the baseline does not forbid, "
            "JSON array of objects: account, region and `grant` (given, lacking, denied or unknown)",
        ),
        flag(
            "another_account_required",
            "Whether the baseline requires a replica in another account; false for what is a replica itself",
        ),
        count("replicas_in_other_accounts", "As `replicas_in_other_regions`, for other accounts"),
        text("another_account_required_by", "Names of those requirements, JSON array"),
        text("another_account_prefixes", "Their prefixes that the name begins with, JSON array"),
        text("another_account_candidates", "As `another_region_candidates`, for other accounts"),
    ),
)
