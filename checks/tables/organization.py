"""The `accounts`, `regions`, `gaps`, `waivers` and `unknown_rows` tables."""

from __future__ import annotations

from checks.tables.schema import ACCOUNT, REGION, Table, count, flag, text

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
        flag("in_scope", "Whether it is in the scope of the run"),
    ),
)


REGIONS = Table(
    name="regions",
    meaning="Every Region of every account in scope, with whether it is enabled there.",
    key=("account", "region"),
    label="{account}/{region}",
    columns=(
        ACCOUNT,
        REGION,
        text("status", "ENABLED, ENABLED_BY_DEFAULT, ENABLING, DISABLING, DISABLED; null: not known"),
        flag("enabled", "Whether the account can use ECR there"),
        flag("in_scope", "Whether it is in the scope of the run"),
    ),
)


GAPS = Table(
    name="gaps",
    meaning="Evidence that the audit could not read.",
    key=("gap",),
    label="gap {gap}",
    columns=(
        count("gap", "Running number"),
        ACCOUNT,
        REGION,
        text("operation", "`service:Operation`"),
        text("kind", "Kind of the gap"),
        text("code", "Error code as AWS returned it"),
        text("message", "Error message as AWS returned it"),
        text("tables", "Tables that it affects, comma-separated"),
        text("resource", "Resource of the call, where it was a single one"),
        text("permission", "Missing IAM action that would close the gap"),
    ),
)


WAIVERS = Table(
    name="waivers",
    meaning="Waivers of the baseline and of the waiver file, compared with this run's findings.",
    key=("file", "waiver"),
    label="waiver {waiver} of {file}",
    identity=("checks", "scope", "owner", "reason"),
    columns=(
        text("file", "File that contains it"),
        count("waiver", "Its number in that file, from 1"),
        count("line", "Line on which it begins"),
        text("checks", "Its checks, comma-separated"),
        text("scope", "Its scope, in words; empty: every finding of its checks"),
        text("reason", "Why it was granted"),
        text("owner", "Person or team responsible for it"),
        text("until", "Last day on which it is in force, ISO date"),
        count("days_left", "Days from the run to that day; negative: days since"),
        flag("in_force", "Whether it is in force on the day of the run"),
        text("state", "`in force`, `expired`, or `too far ahead`: further than `longest_waiver_days` of the baseline"),
        text("problem", "Why it is not in force, as a clause"),
        count(
            "findings",
            "Findings of this run that it matches, in force or not; null: none, and part of its scope was not evaluated",
        ),
        count("reopened", "Number of those findings without a waiver in force"),
        text("not_evaluated", "Part of its scope that was not evaluated, as a clause"),
    ),
)


UNKNOWN_ROWS = Table(
    name="unknown_rows",
    meaning="Every row of a check with the result UNKNOWN. Findings hold such rows in groups of one cause.",
    key=("check", "fingerprint"),
    label="{resource}",
    columns=(
        text("check", "Id of the check"),
        text("fingerprint", "Fingerprint of the row: that of its finding where the row fails"),
        text("finding", "Fingerprint of the UNKNOWN finding that it belongs to"),
        ACCOUNT,
        REGION,
        text("resource", "Name of the row"),
        text("row_key", "Key columns of the row and their values, JSON object"),
        text("message", "What is unknown, and why, as the row states it"),
        text("cause_kind", "Kind of the read that failed and is the cause; empty: no failed read is"),
        text("cause_operation", "That read, `service:Operation`; empty: no failed read is the cause"),
        text("cause_reason", "The reason that the row states, where no failed read is the cause; else empty"),
        flag("waived", "Whether a waiver in force covers it"),
    ),
)
