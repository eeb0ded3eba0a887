"""The `grants` table."""

from __future__ import annotations

from checks.tables.schema import ACCOUNT, REGION, Table, count, flag, text

GRANTS = Table(
    name="grants",
    meaning="One statement of one registry policy, numbered from 1; number 0 is a policy that could not be parsed.",
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
            "Entries of Resource or NotResource that cannot match a repository of this registry; null: could "
            "not be parsed, or AWS does not document whether one of them matches",
        ),
        text("resource_problem", "Which entries cannot match, or may not match, and why, as a clause"),
        text("resource_severity", "Severity of such entries: high; low in a statement that the policy scope ignores"),
        count(
            "unsatisfied_conditions",
            "Conditions that a replication request from an allowed account does not meet; 0: some allowed account meets "
            "all of them; null: AWS does not document what replication sends",
        ),
        text("condition_problem", "Which conditions are not met, or may not be met, and why, as a clause"),
        count(
            "replication_principals",
            "Principals that replication can match: accounts, their service-linked roles of replication, and everyone; a "
            "NotPrincipal counts as one; null: AWS does not document whether one of them matches",
        ),
        text("principal_problem", "Why no principal matches, as a clause"),
        text(
            "excess_actions",
            "ECR actions that it allows other accounts and that are not in the baseline's `grants.allowed_actions`, JSON "
            "array; null: unknown",
        ),
        text(
            "excess_actions_severity",
            "Severity of excess actions: critical if an account outside the organization is allowed them, else high; "
            "medium and low while the policy scope ignores them",
        ),
        flag(
            "excess_ignored_by_scope",
            "Whether the policy scope of the registry is V1, which evaluates none of the actions beyond the baseline's",
        ),
        text(
            "unknown_actions",
            "Entries of Action or NotAction that match no action of ECR, JSON array; null: could not be parsed",
        ),
        text("action_problem", "Which entries match no action of ECR, and which action may be meant, as a clause"),
        text(
            "outside_accounts",
            "Principals outside the organization that it allows any action: account ids, organization ids, `*` for "
            "everyone; JSON array; null: unknown",
        ),
        text(
            "outside_accounts_severity",
            "Severity of such principals: informational if all are external accounts of the baseline, else critical; "
            "medium in a statement that the policy scope ignores",
        ),
        text(
            "excluded_accounts",
            "Principals outside the organization that it names and that none of its conditions admits: account ids, `*`, "
            "JSON array; null: unknown",
        ),
        text(
            "grantee_scope",
            "Principals that it allows: `none` (a Deny, or no account), `accounts`, `organizations` or `everyone`; null: a "
            "condition may limit them, or they could not be parsed",
        ),
        text(
            "grantee_scope_severity",
            "Severity of a statement for everyone: critical; medium in a statement that the policy scope ignores",
        ),
        flag(
            "ignored_by_scope",
            "Whether the policy scope of the registry is V1 and the statement has none of the three actions that V1 "
            "evaluates, so that it has no effect today; false also where the scope was not read",
        ),
        flag("about_replication", "Whether it allows or denies replication to a principal outside the account itself"),
        text(
            "undetermined_by",
            "Condition keys, policy variables and resources that its effect on replication depends on and AWS does not document, "
            "as a clause; empty: none; null: unknown",
        ),
        text("problem", "Which part of the statement could not be read, and why, as a clause"),
        flag("grantees_named", "Whether it allows replication, and only to accounts that it names"),
        text(
            "unused_accounts",
            "Named accounts that neither replicate to this registry nor are required to, JSON array; null: unknown",
        ),
        text(
            "grant_missing_at",
            "Destinations to which named accounts replicate without a grant, in other Regions of this account, or to "
            "which this account itself replicates: the statement seems to be meant for them, JSON array",
        ),
        text("use_problem", "Why `unused_accounts` is unknown, as a clause"),
    ),
)
