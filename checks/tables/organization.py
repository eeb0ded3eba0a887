"""The `accounts`, `regions`, `gaps` and `waivers` tables."""

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
        flag("in_scope", "Whether this run was asked to audit it"),
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
        flag("enabled", "Whether ECR can be used there by this account"),
        flag("in_scope", "Whether this run was asked to audit it"),
    ),
)


GAPS = Table(
    name="gaps",
    meaning="What the audit wanted to read and could not.",
    key=("gap",),
    label="gap {gap}",
    columns=(
        count("gap", "Running number"),
        ACCOUNT,
        REGION,
        text("operation", "`service:Operation`"),
        text("kind", "Kind of the gap"),
        text("code", "Error code as AWS gave it"),
        text("message", "Error message as AWS gave it"),
        text("tables", "Tables that it spoils, comma-separated"),
        text("resource", "What was asked about, where it was one thing"),
        text("permission", "IAM action that would close it"),
    ),
)


WAIVERS = Table(
    name="waivers",
    meaning="Dated, reasoned exceptions of the baseline and of the waiver file, compared with this run's findings.",
    key=("file", "waiver"),
    label="waiver {waiver} of {file}",
    identity=("file", "checks", "scope", "owner", "reason"),
    columns=(
        text("file", "File that holds it"),
        count("waiver", "Its number in that file, from 1"),
        count("line", "Line on which it begins"),
        text("checks", "Checks that it names, comma-separated"),
        text("scope", "Its scope, in words; empty: every finding of its checks"),
        text("reason", "Why it was granted"),
        text("owner", "Person or team responsible for it"),
        text("until", "Last day on which it holds, ISO date"),
        count("days_left", "Days from the run's day to that day; below zero: days since"),
        flag("in_force", "Whether it holds on the run's day"),
        text("state", "`in force`, `expired`, or `too far ahead`: further than `longest_waiver_days` of the baseline"),
        text("problem", "Why it is not in force, as a clause"),
        count(
            "findings",
            "Findings of this run that it matches, in force or not; null: none, and part of its scope was not evaluated",
        ),
        count("reopened", "Those of them that no waiver in force covers"),
        text("not_evaluated", "What of its scope was not evaluated, as a clause"),
    ),
)
