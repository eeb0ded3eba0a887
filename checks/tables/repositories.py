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
        flag("is_source", "Whether a rule replicates it, or the baseline requires that; null: the rules were not read"),
        flag("tag_mutability_required", "Whether the baseline sets the tag mutability of this source"),
        text("tag_mutability_setting", "Mode with its sorted filters, `MODE (filter, …)`"),
        text("expected_tag_mutability", "Required mode; empty: none"),
        text("expected_exclusions", "Required exclusion filters, JSON array"),
        text("expected_tag_mutability_setting", "Required mode with its sorted filters; empty: none"),
        flag("scanning_required", "Whether the baseline requires scanning, a scan type or a frequency of this source"),
        text("expected_scan_type", "Required scan type; empty: either"),
        text("scan_shortfalls", "How scanning falls short of that, JSON array of text"),
        flag("encryption_required", "Whether the baseline sets the encryption of this source"),
        text("encryption", "Encryption in words"),
        text(
            "encryption_in_baseline_terms",
            "The encryption in as much detail as the baseline has; equal to `expected_encryption` if it matches",
        ),
        text("expected_encryption", "Required encryption in words; empty: none"),
        flag("lifecycle_policy_required", "Whether the baseline requires a lifecycle policy of this source"),
        text(
            "lifecycle_policy_kind",
            "`no lifecycle policy`, `a lifecycle policy`, `the lifecycle policy of the baseline` or `another lifecycle policy`, in the terms of the requirement",
        ),
        text("expected_lifecycle_policy_kind", "The one that is required; empty: none"),
        text("required_lifecycle_policy", "The lifecycle policy of the baseline; empty: it specifies none"),
        flag("repository_policy_required", "Whether the baseline requires, or excludes, a repository policy"),
        text(
            "repository_policy_kind",
            "`no repository policy`, `a repository policy`, `the repository policy of the baseline` or `another repository policy`, in the terms of the requirement",
        ),
        text("expected_repository_policy_kind", "The one that is required; empty: none"),
        text("expected_repository_policy", "The repository policy of the baseline; empty: it specifies none"),
        flag("tags_required", "Whether the baseline requires resource tags of this source"),
        text("missing_tag_keys", "Keys of the tags that it lacks, or has with another value, JSON array"),
        text("missing_tags", "The same with the required values, JSON object"),
        count("tag_count", "Number of its resource tags; null: not needed, or not read"),
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
