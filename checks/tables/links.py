"""The `links` table."""

from __future__ import annotations

from checks.tables.shapes import LINK_KEY, Table, count, flag, text

LINKS = Table(
    name="links",
    meaning="Source registry → destination registry, for every pair that a rule has or the baseline requires.",
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
        text("rules", "Numbers of the rules that have it, JSON array"),
        text("prefixes", 'Prefixes that those rules copy, JSON array; `[""]` is everything'),
        text("expected_prefixes", 'Prefixes that the baseline requires, JSON array; `[""]` is everything'),
        text("missing_prefixes", "Required prefixes that no rule to this destination covers, JSON array"),
        flag("requirement_met", "Whether a rule to this destination covers every required prefix"),
        text("expected_delete_replication", "`on`, `off` or empty: what the baseline says for this link"),
        flag("declaration_applies", "Whether the link is present and the baseline forbids undeclared links"),
        flag("declared", "Whether the baseline requires or allows it"),
        flag("destination_region_valid", "Whether the Region is known and of the source's partition"),
        text("destination_region_problem", "What is wrong with it, as a clause"),
        flag("regions_enabled", "Whether both Regions are enabled in the accounts at their ends; null: not known"),
        text("regions_problem", "Which is not, and its status, as a clause"),
        flag(
            "backfill_ended",
            "Whether the newest backfill to the destination that AWS lists has ended; null: backfills were not read",
        ),
        flag("backfill_succeeded", "Whether it ended as COMPLETE"),
        text("backfill_status", "Its status; empty: there is none"),
        text("backfill_problem", "How many replications failed, and with which codes, as a clause"),
        flag("destination_in_organization", "Whether the destination account belongs to the organization"),
        flag(
            "destination_known", "Whether it belongs to the organization or the baseline names it as external partner"
        ),
        flag("accounts_active", "Whether source and destination account are ACTIVE"),
        text("account_problem", "Which is not, and its state, as a clause"),
        flag("cross_account", "Whether it crosses accounts, so that the destination must grant it"),
        text(
            "grant_verdict",
            "ALLOWED, ALLOWED_IF_REPOSITORY_EXISTS, DENIED_EXPLICIT or DENIED_IMPLICIT, the best over the names that the link copies; null: indeterminate or policy not read",
        ),
        text("grant_reason", "Why, in a sentence that an engineer can act on"),
        flag(
            "denial_free",
            "Whether no Deny stops the link as a whole; null: undecidable, as where a Deny in a copy's own repository policy might",
        ),
        text("denying_statements", "Numbers of the Deny statements that stop some name of the link, JSON array"),
        text(
            "repository_denials",
            "Repositories at the destination whose own policy may deny the copying, JSON array, at most 20",
        ),
        flag("grant_given", "Whether `grant_verdict` allows at least some names"),
        flag("grant_covers_rule", "Whether every name that the rules can copy is allowed"),
        text("grant_uncovered", "Prefixes or repositories that are not, JSON array"),
        flag(
            "create_covered",
            "Whether ecr:CreateRepository is granted, or every matching repository exists at the destination",
        ),
        text("absent_repositories", "Matching repositories that do not exist there, JSON array, at most 20"),
        count("absent_repository_count", "How many do not"),
        flag(
            "template_sets_tags",
            "Whether a template at the destination puts resource tags on repositories that the link can create",
        ),
        flag("tagging_covered", "Whether ecr:TagResource is granted for all of those, across accounts"),
        text("tagging_uncovered", "Prefixes for which it is not, JSON array"),
        flag(
            "template_covers_rule",
            "Whether creation templates with REPLICATION cover every name that the rules can create",
        ),
        text("template_uncovered", "Prefixes that they do not cover, JSON array"),
        flag(
            "signing_declared",
            "Whether the baseline wants destinations to sign, and the source has signing rules for what is copied",
        ),
        flag("destination_signs", "Whether the destination has signing rules for what is copied"),
        text("signing_problem", "What is missing there, or was not read, as a clause"),
        flag("delete_consistent", "Whether rules that copy the same repositories there agree on deleteReplication"),
        text("delete_conflicting_rules", "Numbers of the rules that do not, JSON array"),
        text("delete_conflicting_prefixes", "What those rules have in common, JSON array of prefixes"),
        text(
            "delete_settled",
            "`on` or `off`: what the baseline says of all of them, if that ends the conflict here and opens none "
            "elsewhere; else empty",
        ),
        text("delete_differing_rules", "Numbers of the rules to be switched for that, JSON array"),
        flag(
            "chain_complete",
            "Whether the source itself copies to wherever the destination would pass its repositories on; copies are not "
            "replicated again",
        ),
        text("chain_registries", "Registries behind the destination that the source leaves out, JSON array"),
        text("chain_prefixes", "What does not get there, JSON array of prefixes"),
        text(
            "chain_missing",
            "JSON array of objects: account, region and prefixes of what is left out; `allowed`: whether the baseline "
            "has nothing against such a link; `grant`: given, lacking, denied or unknown",
        ),
        flag("one_way", "Whether the destination does not copy the same names back"),
        text("circle_prefixes", "What both copy to each other, JSON array of prefixes"),
        text(
            "circle_settled",
            "Which direction can go because the baseline requires only the other, which takes all of it: `this` or "
            "`reverse`; else empty",
        ),
        flag("one_source", "Whether nobody else replicates the same repositories there"),
        text("rival_sources", "Registries that do, JSON array of `account/region`"),
        text("rival_repositories", "Repositories that come from several, JSON array, at most 20"),
        count("rival_repository_count", "How many do"),
        flag(
            "rivals_required",
            "Whether the baseline requires all of those repositories of the other sources, and nothing that this link "
            "copies",
        ),
        flag("region_restricted", "Whether the link is present and the baseline says where copies may lie"),
        flag("region_allowed", "Whether they may lie in the destination's Region"),
        text("allowed_regions", "The Regions that the baseline allows, JSON array; none: all"),
        flag("environments_apply", "Whether the link is present and both accounts lie in environments of the baseline"),
        flag(
            "environments_ordered", "Whether the source's environment is trusted at least as much as the destination's"
        ),
        text("source_environment", "Name of the source's environment; empty: none"),
        text("destination_environment", "Name of the destination's environment; empty: none"),
    ),
)
