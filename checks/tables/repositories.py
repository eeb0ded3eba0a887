"""The `repositories` table."""

from __future__ import annotations

from checks.tables.shapes import ACCOUNT, REGION, Table, count, flag, text, time

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
        flag("images_comfortable", "Whether `image_total` stays below the warning threshold"),
        text("images_grade", "Severity if it does not"),
        text("images_problem", "Which threshold was reached, as a clause"),
        text(
            "expected_lifecycle_policy",
            "Where it does not, the lifecycle policy to put, if the baseline writes out one that the repository lacks; "
            "else empty",
        ),
        flag("receives_copies", "Whether a rule copies repositories of this name there"),
        flag(
            "another_region_required",
            "Whether the baseline wants a copy in another Region; false for what is a copy itself",
        ),
        flag("another_region", "Whether a rule copies it to another Region, to an account that can receive it"),
        text("another_region_required_by", "Names of the requirements that want it, JSON array"),
        text("another_region_prefixes", "Their prefixes that the name begins with, JSON array"),
        text(
            "another_region_candidates",
            "Destinations in other Regions that the registry replicates to already and the baseline has nothing "
            "against, JSON array of objects: account, region and `grant` (given, lacking, denied or unknown)",
        ),
        flag(
            "another_account_required",
            "Whether the baseline wants a copy in another account; false for what is a copy itself",
        ),
        flag("another_account", "Whether a rule copies it to another account that can receive it"),
        text("another_account_required_by", "Names of the requirements that want it, JSON array"),
        text("another_account_prefixes", "Their prefixes that the name begins with, JSON array"),
        text("another_account_candidates", "As `another_region_candidates`, for other accounts"),
    ),
)
