"""The `templates` table."""

from __future__ import annotations

from checks.tables.shapes import ACCOUNT, REGION, Table, flag, text

TEMPLATES = Table(
    name="templates",
    meaning="One repository creation template of one registry.",
    key=("account", "region", "prefix"),
    label="template {prefix} of {account}/{region}",
    columns=(
        ACCOUNT,
        REGION,
        text("prefix", "Prefix without its implied trailing `/`, or ROOT"),
        text("template_json", "The template as read, JSON"),
        flag("for_replication", "Whether it applies to repositories that replication creates"),
        text("custom_role", "customRoleArn; empty: none"),
        flag("role_needed", "Whether KMS or resource tags make a custom role necessary"),
        flag("role_valid", "Whether the role exists, is in this account and trusts ecr.amazonaws.com"),
        text("role_problem", "What is wrong with it, as a clause"),
        text("kms_key", "Customer KMS key ARN; empty: none"),
        flag("key_named", "Whether it names a customer key"),
        flag("key_usable", "Whether that key exists, is enabled and lies in this Region"),
        text("key_problem", "What is wrong with it, as a clause"),
        flag(
            "settings_declared",
            "Whether it applies to replication and the baseline asks something of names that it serves",
        ),
        flag("settings_as_declared", "Whether it gives them what the baseline asks"),
        text(
            "settings_contradicted",
            "What it gives otherwise, JSON object: beginning of names → tag_mutability, encryption, lifecycle_policy, "
            "repository_policy, tags",
        ),
        text(
            "settings_below",
            "Prefixes below its own that it serves, that are copied there, and of which the baseline asks something "
            "else, JSON array",
        ),
        text("settings_problem", "What it gives otherwise, as a clause"),
        flag(
            "policy_closed",
            "Whether its repository policy lets in nobody from outside, and nobody of another account push or delete",
        ),
        text("policy_exposure", "Whom it lets in, and to do what, as a clause"),
        text(
            "closed_policy",
            "Repository policy that lets in none of them; empty: a person must write it; null: nothing is to be mended, or it is not known",
        ),
    ),
)
