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
    ),
)
