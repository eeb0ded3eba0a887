"""The `registries` table."""

from __future__ import annotations

from checks.tables.shapes import ACCOUNT, REGION, Table, count, flag, text

REGISTRIES = Table(
    name="registries",
    meaning="One account in one enabled Region, in scope: its registry-level configuration, as read, and the limits it is held to.",
    key=("account", "region"),
    label="{account}/{region}",
    columns=(
        ACCOUNT,
        REGION,
        text("account_name", "Account name"),
        text("ou_path", "Organizational unit path by names"),
        text("partition", "`aws`, `aws-cn`, `aws-us-gov` …"),
        text(
            "depth",
            "`full`, or `outline` where an empty registry that takes no part in replication needed no deeper reads",
        ),
        flag("evidence_complete", "Whether every wanted read of this registry succeeded"),
        text("evidence_missing", "What could not be read and why, as one sentence"),
        text("missing_permissions", "IAM actions that would close the gaps, comma-separated"),
        text("replication_configuration", "`replicationConfiguration` of DescribeRegistry, JSON"),
        text("registry_policy", "Registry policy text; empty: none"),
        text("scanning_configuration", "`scanningConfiguration`, JSON; empty: this Region has no such feature"),
        text("templates", "Creation templates, JSON array"),
        text("policy_scope", "Account setting REGISTRY_POLICY_SCOPE"),
        flag("policy_scope_matters", "Whether it is a destination or has a registry policy"),
        text(
            "statements_too_broad",
            "Numbers of the statements that would allow others too much, or might, once the scope is V2, JSON array; null: the policy was not read",
        ),
        text("blob_mounting", "Account setting BLOB_MOUNTING"),
        text("basic_scan_version", "Account setting BASIC_SCAN_TYPE_VERSION"),
        text("signing_configuration", "Managed signing configuration, JSON; empty: none"),
        text("pull_through_cache_rules", "Pull-through cache rules, JSON array"),
        text("pull_time_exclusions", "Principals excluded from pull-time updates, JSON array"),
        text("backfills", "Replication backfills, JSON array"),
        count("repository_count", "Repositories in the registry"),
        flag("is_source", "Whether it has replication rules"),
        flag("is_destination", "Whether a rule of any registry read, or the baseline, names it as destination"),
        flag("service_linked_role_present", "Whether AWSServiceRoleForECRReplication exists in the account"),
        count("rule_count", "Rules in the replication configuration"),
        count("rules_limit", "Allowed rules"),
        flag(
            "rules_comfortable",
            "Whether the rules stay below the warning threshold and below what older tools can express",
        ),
        text("rules_grade", "Severity if they do not"),
        text("rules_problem", "Which threshold was reached, as a clause"),
        count("destinations_present", "Unique (account, Region) destinations over all rules"),
        count("destinations_needed", "Unique destinations once the baseline is applied too"),
        count("destinations_limit", "Allowed unique destinations"),
        count("destination_headroom", "`destinations_limit` less `destinations_needed`"),
        flag("destinations_within_limit", "Whether `destination_headroom` is not negative"),
        flag("destinations_below_warning", "Whether the warning threshold is not reached"),
        flag(
            "growth_declared",
            "Whether it replicates, the baseline forbids undeclared links, and allows units in named Regions",
        ),
        count("growth_accounts", "Active accounts in those units"),
        count(
            "destinations_possible",
            "Unique destinations if all of those received copies in all of those Regions, at least",
        ),
        flag("growth_within_limit", "Whether they stay within `destinations_limit`"),
        count("policy_characters", "Length of the registry policy"),
        count("policy_characters_limit", "Allowed length"),
        flag("policy_size_comfortable", "Whether it is below the warning threshold"),
        text("policy_size_grade", "Severity if it is not"),
        flag(
            "declaration_judged",
            "Whether the baseline forbids undeclared registries, and this one is in scope and holds repositories",
        ),
        flag("registry_declared", "Whether a requirement of the baseline has it as source or as destination"),
        flag(
            "region_judged",
            "Whether the baseline lists the allowed Regions, and this registry is in scope and holds repositories",
        ),
        flag("region_approved", "Whether its Region is one of them"),
        text("allowed_regions", "The allowed Regions, JSON array"),
        flag(
            "membership_judged",
            "Whether a requirement falls on it because of the organizational unit of its account, and it holds "
            "repositories that the requirement means",
        ),
        flag("member_replicates", "Whether it has any replication rule"),
        text("member_required_by", "Names of those requirements, JSON array"),
        text("member_flows", "What they ask for, JSON array of {account, region, prefixes, delete_replication}"),
        flag(
            "scan_changes_judged",
            "Whether it is a destination, the baseline wants copies scanned, and the account is of an organization",
        ),
        flag(
            "scan_changes_permitted",
            "Whether no Inspector policy of the organization settles how ECR is scanned here, so that the account may "
            "change it; null: not read, or a policy applies whose effect on ECR is not documented",
        ),
        text("scan_changes_problem", "What stands against it, as a clause"),
        flag("failure_events_judged", "Whether it is a destination and the baseline asks for failure events there"),
        flag(
            "failure_events_watched",
            "Whether an enabled EventBridge rule of its Region hears of every failed replication; null: not read, or "
            "the pattern of a rule cannot be decided",
        ),
        text("failure_rules", "Names of the rules that do, JSON array"),
        flag("takes_part", "Whether it is a source or a destination of replication, by a rule or by the baseline"),
        flag("blob_mounting_declared", "Whether it takes part and the baseline asks for a BLOB_MOUNTING"),
        text("expected_blob_mounting", "Value asked for; empty: none"),
        flag("blob_mounting_as_declared", "Whether it is so"),
        flag("pull_time_exclusions_declared", "Whether it takes part and the baseline names principals to exclude"),
        flag("pull_time_exclusions_present", "Whether they all are"),
        text("missing_pull_time_exclusions", "Those that are not, JSON array of ARNs"),
        text("limits_source", "Where the limits were read: Service Quotas, or the baseline's dated default"),
    ),
)
