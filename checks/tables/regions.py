"""The `regions` table."""

from __future__ import annotations

from checks.tables.shapes import ACCOUNT, REGION, Table, flag, text

REGIONS = Table(
    name="regions",
    meaning="Every Region of every account in scope, with whether it is enabled there.",
    key=("account", "region"),
    label="{account}/{region}",
    columns=(
        ACCOUNT,
        REGION,
        text("status", "ENABLED, ENABLED_BY_DEFAULT, ENABLING, DISABLING, DISABLED; null: not known"),
        flag("enabled", "Whether ECR can be used there by this account"),
        flag("in_scope", "Whether this run was asked to audit it"),
    ),
)
