"""The `templates` table."""

from __future__ import annotations

from checks.tables.schema import ACCOUNT, REGION, Table, flag, text

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
        flag("role_needed", "Whether KMS or resource tags require a custom role"),
        text(
            "custom_role_state",
            "State of the custom role, as a predicate: `trusts ecr.amazonaws.com`, `does not exist`, `is not named` …; null: unknown",
        ),
        text("custom_role_state_unknown", "Why the state is unknown, as a clause"),
        text("kms_key", "ARN of a customer managed key; empty: none"),
        flag("key_named", "Whether it has a customer managed key"),
        text(
            "key_state",
            "State of that key in AWS KMS: Enabled, Disabled, PendingDeletion …; `NotFound`; `in <Region>`: it is in that other Region",
        ),
        text("key_state_unknown", "Why the state is unknown, as a clause"),
        flag(
            "settings_required",
            "Whether it applies to replication and the baseline requires a setting of matching repositories",
        ),
        text(
            "differing_settings",
            "Settings that differ from those that the baseline requires, with the repository names, in words, JSON "
            "array; null: unknown",
        ),
        text(
            "settings_contradicted",
            "The same as JSON object: prefix of names → tag_mutability, encryption, lifecycle_policy, "
            "repository_policy, tags",
        ),
        text(
            "settings_below",
            "Prefixes below its own to which it applies, that are replicated there, and for which the baseline requires "
            "other settings, JSON array",
        ),
        text(
            "policy_exposures",
            "Access that its repository policy allows to principals outside the organization (any) and of other accounts "
            "(push, delete), in words, JSON array; null: unknown",
        ),
        text("policy_exposures_unknown", "Why that is unknown, as a clause"),
        text(
            "closed_policy",
            "Repository policy without this access; empty: it must be written manually; null: the present policy allows "
            "none of it, or that is unknown",
        ),
    ),
)
