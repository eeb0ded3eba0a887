"""The `registries` table."""

from __future__ import annotations

from checks.tables.schema import ACCOUNT, REGION, Table, count, flag, text

REGISTRIES = Table(
    name="registries",
    meaning="One account in one enabled Region, in scope: its registry-level configuration, as read, and its limits.",
    key=("account", "region"),
    label="{account}/{region}",
    columns=(
        ACCOUNT,
        REGION,
        text("account_name", "Account name"),
        text("ou_path", "Organizational unit path by names"),
        text("organization_path", "The same by ids (`o-a/r-b/ou-c/`)"),
        text("partition", "`aws`, `aws-cn`, `aws-us-gov` …"),
        text(
            "detail",
            "`full`, or `outline` where an empty registry without part in replication needed no detailed reads",
        ),
        flag("evidence_complete", "Whether every read of this registry succeeded"),
        text("evidence_missing", "Evidence that could not be read and why, as one sentence"),
        text("missing_permissions", "Missing IAM actions that would close the gaps, comma-separated"),
        text("replication_configuration", "`replicationConfiguration` of DescribeRegistry, JSON"),
        text("registry_policy", "Registry policy text; empty: none"),
        text("scanning_configuration", "`scanningConfiguration`, JSON; empty: this Region has no such feature"),
        text("templates", "Creation templates, JSON array"),
        text("policy_scope", "Account setting REGISTRY_POLICY_SCOPE"),
        flag("policy_scope_required", "Whether it is a destination or has a registry policy"),
        text(
            "statements_too_broad",
            "Numbers of the statements that allow other accounts too much, or may, under policy scope V2, JSON array; null: the policy was not read",
        ),
        text("blob_mounting", "Account setting BLOB_MOUNTING"),
        text("basic_scan_version", "Account setting BASIC_SCAN_TYPE_VERSION"),
        text("signing_configuration", "Managed signing configuration, JSON; empty: none"),
        text("pull_through_cache_rules", "Pull-through cache rules, JSON array"),
        text("pull_time_exclusions", "Principals excluded from pull-time updates, JSON array"),
        text("backfills", "Replication backfills, JSON array"),
        count("repository_count", "Repositories in the registry"),
        flag("is_source", "Whether it has replication rules"),
        flag(
            "is_destination",
            "Whether it is a destination of a rule of any other audited registry, or of the baseline; null: a requirement may "
            "apply, or the accounts of the organization could not be listed",
        ),
        flag("service_linked_role_present", "Whether AWSServiceRoleForECRReplication exists in the account"),
        count("rule_count", "Rules in the replication configuration"),
        count("rules_limit", "Allowed rules"),
        count(
            "rules_warning_threshold",
            "Number of rules that gives a warning: the warning share of the limit, or one more than the 10 that older "
            "tools support",
        ),
        text("rules_severity", "Severity if that number is reached; else empty"),
        count("destinations_present", "Unique (account, Region) destinations over all rules"),
        count("destinations_needed", "Unique destinations including those that the baseline requires"),
        count("destinations_limit", "Allowed unique destinations"),
        count("destination_headroom", "`destinations_limit` minus `destinations_needed`"),
        count(
            "unique_destinations",
            "`destinations_needed` for the comparison with `destinations_limit`: where it is not known exactly, its minimum "
            "if that exceeds the limit, or its maximum if that does not; null: it may be on either side",
        ),
        count("destinations_warning_threshold", "Number of unique destinations that gives a warning"),
        count(
            "unique_destinations_for_warning",
            "As `unique_destinations`, for the comparison with `destinations_warning_threshold`",
        ),
        flag("destination_warning_applies", "Whether `unique_destinations` does not exceed the limit itself"),
        flag(
            "growth_foreseeable",
            "Whether it replicates, the baseline forbids undeclared links, and allows organizational units in named "
            "Regions",
        ),
        count("growth_accounts", "Active accounts in those units"),
        count(
            "possible_destinations",
            "Unique destinations if all of those received replicas in all of those Regions: where accounts or rules could "
            "not be read, the minimum if it exceeds the limit, or the maximum if it does not; null: it may be on either "
            "side",
        ),
        count("policy_characters", "Length of the registry policy"),
        count("policy_characters_limit", "Allowed length"),
        count("policy_characters_warning_threshold", "Length that gives a warning"),
        text("policy_characters_severity", "Severity if that length is reached; else empty"),
        flag(
            "declaration_required",
            "Whether the baseline forbids undeclared registries, and this one is in scope and has repositories",
        ),
        text(
            "declaring_requirements",
            "Names of the baseline's requirements with it as source or as destination, JSON array",
        ),
        count(
            "declaring_requirement_count",
            "Number of those requirements; null: none for certain, and one may apply to the account's unknown "
            "organizational unit",
        ),
        flag(
            "region_restricted",
            "Whether the baseline lists the allowed Regions, and this registry is in scope and has repositories",
        ),
        text("disallowed_region", "Its Region, if the baseline does not allow it; else empty"),
        text("allowed_regions", "The allowed Regions, JSON array"),
        flag(
            "member_replication_required",
            "Whether a requirement applies to it because of the organizational unit of its account, and it has "
            "repositories that the requirement includes",
        ),
        text("member_required_by", "Names of those requirements, JSON array"),
        text(
            "member_flows",
            "Replication that they require, JSON array of {account, region, prefixes, delete_replication}",
        ),
        flag(
            "inspector_policy_relevant",
            "Whether it is a destination or a source whose repositories the baseline requires to be scanned, and the account "
            "belongs to an organization",
        ),
        text(
            "inspector_policy_setting",
            "`enabled` or `disabled` where an Inspector policy of the organization sets ECR scanning in this Region; "
            "empty: no such policy applies; null: not read, or a policy whose effect on ECR here is not documented",
        ),
        text("inspector_policy_problem", "Why the setting is unknown, as a clause"),
        flag("failure_events_required", "Whether it is a destination and the baseline requires failure events there"),
        count(
            "failure_rule_count",
            "Enabled EventBridge rules of its Region that match every failed replication and have a target; null: not "
            "read, or the only candidates have patterns that cannot be evaluated or targets that could not be read",
        ),
        text("failure_rules", "Names of those rules, JSON array"),
        text("failure_rules_without_target", "Names of rules that match and have no target, JSON array"),
        flag("takes_part", "Whether it is a source or a destination of replication, by a rule or the baseline"),
        flag(
            "blob_mounting_required", "Whether it takes part in replication and the baseline requires a BLOB_MOUNTING"
        ),
        text("expected_blob_mounting", "Required value of BLOB_MOUNTING; empty: none"),
        flag("pull_time_exclusions_required", "Whether it takes part in replication and the baseline lists exclusions"),
        text("missing_pull_time_exclusions", "Required principals that are not excluded, JSON array of ARNs"),
        text("limits_source", "Source of the limits: Service Quotas, or the dated default of the baseline"),
    ),
)
