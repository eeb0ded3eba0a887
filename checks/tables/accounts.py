"""The `accounts` table."""

from __future__ import annotations

from checks.tables.shapes import ACCOUNT, Table, flag, text

ACCOUNTS = Table(
    name="accounts",
    meaning="Every account of the organization, of any state; in single-account mode the one account.",
    key=("account",),
    label="{account}",
    columns=(
        ACCOUNT,
        text("name", "Account name"),
        text(
            "state",
            "PENDING_ACTIVATION, ACTIVE, SUSPENDED, PENDING_CLOSURE or CLOSED; null: Organizations was not readable",
        ),
        text("ou_path", "Names of the organizational units from the root, joined by `/` (`Root/Workloads/Prod`)"),
        text("organization_path", "Ids as `aws:PrincipalOrgPaths` spells them (`o-a/r-b/ou-c/`)"),
        flag("management", "Whether it is the management account"),
        flag("in_scope", "Whether this run was asked to audit it"),
    ),
)
