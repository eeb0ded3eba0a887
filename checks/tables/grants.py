"""The `grants` table."""

from __future__ import annotations

from checks.tables.shapes import ACCOUNT, REGION, Table, count, flag, text

GRANTS = Table(
    name="grants",
    meaning="One statement of one registry policy, numbered from 1; number 0 stands for a policy that could not be parsed.",
    key=("account", "region", "statement"),
    label="statement {statement} of the registry policy of {account}/{region}",
    identity=("account", "region", "statement_json"),
    columns=(
        ACCOUNT,
        REGION,
        count("statement", "Position in the policy, from 1"),
        text("sid", "Statement id; empty: none"),
        text("effect", "Allow or Deny"),
        text("statement_json", "The statement as written, JSON"),
        flag("concerns_replication", "Whether it allows ecr:ReplicateImage or ecr:CreateRepository to somebody"),
        flag("allows_others", "Whether it allows anything to a principal outside the account itself"),
        flag("arn_valid", "Whether every Resource could name a repository of this registry"),
        text("arn_problem", "Which could not and why"),
        flag("conditions_satisfiable", "Whether replication can satisfy the conditions; null: undecidable"),
        text("condition_problem", "Which key cannot be satisfied and why"),
        flag("principal_possible", "Whether the principals include one that replication can act as"),
        text("principal_problem", "Why none can"),
        flag("actions_narrow", "Whether it allows others nothing beyond replication and tagging at creation"),
        text("broad_actions", "Actions beyond that, JSON array"),
        text("broad_grade", "Severity: critical where an outsider is allowed, high inside the organization"),
        flag("grantees_internal", "Whether every granted account belongs to the organization"),
        text("outside_accounts", "Accounts that do not, JSON array"),
        text("outside_grade", "Severity: critical if undeclared, informational for partners of the baseline"),
        flag("bounded", "Whether it is not open to everyone"),
        flag("about_replication", "Whether it allows or denies replication to somebody outside the account itself"),
        flag("decidable", "Whether its outcome for replication can be told; null: evidence is missing"),
        text("undecided", "The conditions and policy variables that it hangs on, where it cannot"),
        text("problem", "Why the statement could not be judged, where it could not"),
        flag("grantees_named", "Whether it allows replication, and names every account that it allows it to"),
        flag("grantees_use_it", "Whether every one of those accounts replicates here, or is required to"),
        text("unused_accounts", "Accounts that do not, JSON array"),
        text("use_problem", "Why it is not known, as a clause"),
    ),
)
