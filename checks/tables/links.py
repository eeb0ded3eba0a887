"""The `links` table."""

from __future__ import annotations

from checks.tables.schema import LINK_KEY, Table, count, flag, text

LINKS = Table(
    name="links",
    meaning="Source registry → destination registry, for every pair of a rule or a requirement of the baseline.",
    key=("source_account", "source_region", "destination_account", "destination_region"),
    label="{source_account}/{source_region} → {destination_account}/{destination_region}",
    two_sided=True,
    columns=(
        *LINK_KEY,
        text("source_account_name", "Name of the source account"),
        text("destination_account_name", "Name of the destination account; null where it is not in the organization"),
        text("partition", "Partition of the source registry"),
        flag("present", "Whether a rule has this destination; null: the source's rules were not read"),
        flag("expected", "Whether the baseline requires it"),
        text("required_by", "Names of the baseline's requirements, JSON array"),
        text("rules", "Numbers of the rules with this destination, JSON array"),
        text("prefixes", 'Prefixes that those rules match, JSON array; `[""]` is everything'),
        text("expected_prefixes", 'Prefixes that the baseline requires, JSON array; `[""]` is everything'),
        text("missing_prefixes", "Required prefixes that no rule to this destination covers, JSON array"),
        text(
            "missing_prefixes_refused",
            "Those of them for which the destination's registry policy does not allow both actions of replication, JSON "
            "array; null: unknown",
        ),
        text(
            "missing_prefixes_without_template",
            "Those of them that no creation template for REPLICATION serves, JSON array; null: unknown",
        ),
        text("missing_prefixes_obstacles", "Both, as a clause; empty: none that is known"),
        text(
            "expected_delete_replication", "`on` or `off` as the baseline requires for this link; empty: not specified"
        ),
        flag("declaration_required", "Whether the link is present and the baseline forbids undeclared links"),
        text("declaration", "`required` or `allowed` by the baseline, else `undeclared`"),
        flag("destination_region_valid", "Whether the Region is known and in the source's partition"),
        text(
            "destination_partition",
            "Partition of the destination's Region; empty: the AWS SDK knows no such Region of ECR",
        ),
        text("destination_region_problem", "Problem of the Region, as a clause"),
        text(
            "regions_not_enabled",
            "Source or destination, where the Region is not enabled in the account, JSON array of `account/region "
            "(STATUS)`; null: a status could not be read",
        ),
        flag(
            "destination_can_receive",
            "False where nothing arrives whatever the rules and grants: the destination's account is not active, or its "
            "Region is not enabled there or not in the source's partition; true also where a state was not read",
        ),
        flag(
            "backfill_ended",
            "Whether the newest backfill to the destination that AWS lists has ended; null: backfills were not read",
        ),
        text("backfill_status", "Status of that backfill; empty: there is none"),
        text("backfill_problem", "How many replications failed, and with which codes, as a clause"),
        text(
            "destination_membership",
            "`organization` where the destination account belongs to it, `partner` where the baseline names it as an "
            "external account, else `outside`",
        ),
        text("source_account_state", "State of the source account in AWS Organizations (ACTIVE, SUSPENDED …)"),
        text("destination_account_state", "State of the destination account in AWS Organizations"),
        text(
            "inactive_accounts",
            "Source and destination accounts that are not ACTIVE, JSON array of `account (STATE)`; null: a state is unknown",
        ),
        flag("cross_account", "Whether it crosses accounts, so the destination's registry policy must allow it"),
        text(
            "grant_verdict",
            "ALLOWED, ALLOWED_IF_REPOSITORY_EXISTS, DENIED_EXPLICIT or DENIED_IMPLICIT, the best over the names that its rules replicate or the baseline requires; ALLOWED_IF_REPOSITORY_EXISTS also where creation alone is undetermined; null: indeterminate or policy not read",
        ),
        text("grant_reason", "Reason for `grant_verdict`, as a clause"),
        count(
            "explicit_deny_statements",
            "Deny statements of the destination's registry policy that together deny every name that the link "
            "replicates; 0: some name is not denied; null: unknown, as where a replica's own repository policy may deny",
        ),
        text(
            "denial_reason",
            "Which Deny statements block the link, or may block it, as a clause; empty: none does",
        ),
        text("denying_statements", "Numbers of the Deny statements that deny some name of the link, JSON array"),
        text(
            "misplaced_grants",
            "Registries with a statement that seems to be meant for this link, which its destination does not grant: in "
            "other Regions of the destination account, or of the source account, JSON array of `account/region`",
        ),
        text(
            "repository_denials",
            "Replica repositories whose own policy may deny the replication, JSON array, at most 20",
        ),
        flag("grant_given", "Whether `grant_verdict` allows at least some names"),
        text(
            "uncovered_prefixes",
            "Prefixes of its rules with a name for which ecr:ReplicateImage is not allowed, JSON array, at most 20; "
            "null: unknown",
        ),
        text(
            "absent_repositories",
            "Repositories that its rules match or the baseline requires and that do not exist there, JSON array, at most 20",
        ),
        count("absent_repository_count", "Number of such repositories"),
        text(
            "uncreatable_repositories",
            "Those of them that its rules match and ecr:CreateRepository is not allowed for, JSON array, at most 20",
        ),
        count("uncreatable_repository_count", "Number of such repositories; null: unknown"),
        flag(
            "template_sets_tags",
            "Whether a creation template at the destination sets resource tags on repositories that its rules can create",
        ),
        text(
            "untaggable_prefixes",
            "Prefixes of those names for which the registry policy does not allow ecr:TagResource, JSON array; null: "
            "unknown, or the link is within one account",
        ),
        text(
            "prefixes_without_template",
            "Prefixes of names that replication can create there without a creation template for REPLICATION, JSON array",
        ),
        flag(
            "signing_required",
            "Whether the baseline requires managed signing at destinations, and the source has signing rules for the replicated "
            "repositories",
        ),
        count("destination_signing_rules", "Signing rules of the destination that select the replicated repositories"),
        text("signing_rules_unknown", "Why that number is unknown, as a clause"),
        text(
            "delete_conflicting_rules",
            "Numbers of the rules that replicate the same repositories there and disagree on deleteReplication, JSON array",
        ),
        text("delete_conflicting_prefixes", "Prefixes that those rules have in common, JSON array"),
        text(
            "delete_settled",
            "`on` or `off` as the baseline requires for all of them, if that resolves the conflict and causes none "
            "elsewhere; else empty",
        ),
        text("delete_differing_rules", "Numbers of the rules to change for that, JSON array"),
        text(
            "unreached_registries",
            "Registries to which the destination replicates the same repositories and the source itself does not, JSON "
            "array; null: unknown. Replicated images are not replicated again",
        ),
        text("unreached_prefixes", "Prefixes that are not replicated to those registries, JSON array"),
        text(
            "unreached_details",
            "JSON array of objects: account, region and prefixes that are not replicated; `allowed`: whether the baseline "
            "allows such a link; `grant`: given, lacking, denied or unknown",
        ),
        text(
            "mutual_prefixes",
            "Prefixes that both registries replicate to each other, JSON array; null: the destination's rules were "
            "not read",
        ),
        text(
            "removable_direction",
            "Direction that can be removed because the baseline requires only the other one, which includes all of it: "
            "`this` or `reverse`; else empty",
        ),
        count(
            "other_source_count",
            "Other registries that replicate the same repositories to the destination; null: unknown",
        ),
        text(
            "other_sources",
            "Those registries, and those that may do so, JSON array of `account/region`",
        ),
        text("shared_repositories", "Repositories that come from several sources, JSON array, at most 20"),
        count("shared_repository_count", "Number of such repositories"),
        flag(
            "other_sources_required",
            "Whether the baseline requires all of those repositories of the other sources, and nothing that this link "
            "replicates",
        ),
        flag("region_restricted", "Whether the link is present and the baseline lists the allowed Regions"),
        text("disallowed_region", "The destination's Region, if the baseline does not allow it; else empty"),
        text("allowed_regions", "The Regions that the baseline allows, JSON array; empty array: all"),
        flag("environments_apply", "Whether the link is present and both accounts are in environments of the baseline"),
        text("source_environment", "Name of the source's environment; empty: none"),
        text("destination_environment", "Name of the destination's environment; empty: none"),
        count(
            "source_trust_level",
            "Position of the source's environment in the baseline, from 1 for the least trusted; null: none, or unknown",
        ),
        count("destination_trust_level", "As `source_trust_level`, for the destination's environment"),
    ),
)
