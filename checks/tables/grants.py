"""The `grants` table."""

from __future__ import annotations

from checks.tables.schema import ACCOUNT, REGION, Table, count, flag, text

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
        flag(
            "concerns_replication",
            "Whether it allows ecr:ReplicateImage or ecr:CreateRepository to a principal outside the account itself",
        ),
        flag("allows_others", "Whether it allows anything to a principal outside the account itself"),
        count(
            "unmatchable_resources",
            "Entries of Resource or NotResource that cannot name a repository of this registry; null: not readable",
        ),
        text("resource_problem", "Which entries cannot, and why, as a clause"),
        count(
            "unsatisfied_conditions",
            "Conditions that a replication request from a granted account does not meet; 0: some granted account meets "
            "them all; null: AWS does not document what replication sends",
        ),
        text("condition_problem", "Which conditions are not met, or may not be, and why, as a clause"),
        count(
            "replication_principals",
            "Principals that replication can match: accounts and everyone; a NotPrincipal counts as one; null: AWS does "
            "not document whether one of them does",
        ),
        text("principal_problem", "Why none does, as a clause"),
        text(
            "excess_actions",
            "ECR actions that it allows other accounts and the baseline's `grants.allowed_actions` does not list, JSON "
            "array; null: unknown",
        ),
        text(
            "excess_actions_severity",
            "Severity where there are some: critical if an account outside the organization is allowed them, else high",
        ),
        text(
            "outside_accounts",
            "Whom it allows something outside the organization: account ids, organization ids, `*` for everyone; JSON "
            "array; null: unknown",
        ),
        text(
            "outside_accounts_severity",
            "Severity where there are some: informational if all are external accounts of the baseline, else critical",
        ),
        text(
            "grantee_scope",
            "How far it reaches: `none` (a Deny, or no account), `accounts`, `organizations`, `everyone`; null: a "
            "condition may bound it, or its principals are not readable",
        ),
        flag("about_replication", "Whether it allows or denies replication to a principal outside the account itself"),
        text(
            "undetermined_by",
            "Condition keys and policy variables that its effect on replication depends on and AWS does not document, "
            "as a clause; empty: none; null: unknown",
        ),
        text("problem", "Which part of the statement could not be read, and why, as a clause"),
        flag("grantees_named", "Whether it allows replication, and names every account that it allows it to"),
        text(
            "unused_accounts",
            "Those of them that neither replicate here nor are required to, JSON array; null: unknown",
        ),
        text("use_problem", "Why it is unknown, as a clause"),
    ),
)
