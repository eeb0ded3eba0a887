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
        time("created_at", "Creation time"),
        text("tag_mutability", "MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION"),
        text("mutability_exclusions", "Exclusion filters, JSON array of text"),
        text("encryption_type", "AES256, KMS or KMS_DSSE"),
        text("kms_key", "KMS key; empty: none, or the AWS managed key"),
        flag("detailed", "Whether its policies and tags were to be read"),
        text("repository_policy", "Repository policy text; empty: none; null: not read"),
        text("lifecycle_policy", "Lifecycle policy text; empty: none; null: not read"),
        text("tags", "Resource tags, JSON object"),
        text("scan_frequency", "Effective frequency: SCAN_ON_PUSH, CONTINUOUS_SCAN or MANUAL"),
        text("scan_type", "Registry's scan type: BASIC or ENHANCED"),
        count("image_count", "Active images; null: not counted"),
        count("image_total", "Images of every state, including signatures and the like; null: not counted"),
        count("images_limit", "Allowed images"),
        count("images_warning_threshold", "Number of images that gives a warning"),
        text("images_severity", "Severity if `image_total` reaches that number; else empty"),
        text(
            "expected_lifecycle_policy",
            "In that case the lifecycle policy to put, if the baseline contains one that the repository lacks; else empty",
        ),
        flag("receives_replicas", "Whether a rule replicates repositories of this name there"),
        flag(
            "another_region_required",
            "Whether the baseline requires a replica in another Region; false for a replica",
        ),
        count(
            "replicas_in_other_regions",
            "Registries in other Regions, in active accounts and enabled Regions, to which rules replicate it; null: the "
            "rules were not read",
        ),
        text("another_region_required_by", "Names of those requirements, JSON array"),
        text("another_region_prefixes", "Prefixes of those requirements that match the name, JSON array"),
        text(
            "another_region_candidates",
            "Destinations in other Regions to which the registry already replicates and that the baseline allows, "
            "JSON array of objects: account, region and `grant` (given, lacking, denied or unknown)",
        ),
        flag(
            "another_account_required",
            "Whether the baseline requires a replica in another account; false for a replica",
        ),
        count("replicas_in_other_accounts", "As `replicas_in_other_regions`, for other accounts"),
        text("another_account_required_by", "Names of those requirements, JSON array"),
        text("another_account_prefixes", "Prefixes of those requirements that match the name, JSON array"),
        text("another_account_candidates", "As `another_region_candidates`, for other accounts"),
    ),
)
