"""The `rules` table."""

from __future__ import annotations

from checks.tables.schema import ACCOUNT, REGION, Table, count, flag, text

RULES = Table(
    name="rules",
    meaning="One replication rule of one registry, numbered from 1 in AWS's order.",
    key=("account", "region", "rule"),
    label="rule {rule} of {account}/{region}",
    # Without deleteReplication: a rule with another value is the same rule.
    identity=("account", "region", "destinations", "prefixes"),
    columns=(
        ACCOUNT,
        REGION,
        count("rule", "Position in the configuration, from 1"),
        text("destinations", "JSON array of `account/region`"),
        count("destination_count", "Unique destinations"),
        text("self_destinations", "Destinations that are the registry itself, JSON array of `account/region`"),
        text(
            "prefixes",
            'JSON array of filter prefixes; `[""]` where the rule has no filter and replicates every repository',
        ),
        text("delete_replication", "`on` or `off`: deleteReplication"),
        count("filter_count", "Filters in the rule"),
        count("filters_limit", "Allowed filters"),
        count("filters_warning_threshold", "Number of filters that gives a warning"),
        text("filters_severity", "Severity if that number is reached; else empty"),
        flag(
            "delete_replication_required",
            "Whether the baseline requires a value of deleteReplication for the replication of this rule",
        ),
        text(
            "expected_delete_replication",
            "`on`, `off`, or `on and off` where the rule replicates repositories for which the baseline requires either",
        ),
        text(
            "delete_replication_severity",
            "Severity where it differs: high where deletions reach a backup, low the other way; empty: it does not",
        ),
        text("delete_replication_required_by", "Names of those requirements of the baseline, comma-separated"),
        text(
            "duplicates",
            "Duplicates, JSON array: `rule N` for an identical earlier rule, then destinations and prefixes that it lists "
            "more than once",
        ),
        text("same_as_rule", "Number of the first identical rule; empty: none"),
        flag(
            "filters_required",
            "Whether it has no filter, and the baseline requires only some repositories at its destinations",
        ),
        text("required_prefixes", "Prefixes that the baseline requires at its destinations, JSON array"),
        text(
            "expected_filters",
            "The filters that it should have, JSON array; empty: its destinations require different ones, or none",
        ),
        flag(
            "filters_comparable",
            "Whether it has filters and another registry as destination, and its registry has repositories",
        ),
        text(
            "unbounded_prefixes",
            "Prefixes that end inside a word of one repository's name and at its end in another, JSON array; null: the "
            "repositories were not all listed",
        ),
        text("unbounded_names", "Names that continue after such a prefix, JSON array, at most 10"),
        text(
            "bounded_prefixes",
            "Replacements of such prefixes, JSON object of arrays; a prefix without an entry must be changed manually",
        ),
        text(
            "unmatched_prefixes",
            "Prefixes that match no repository and no requirement, JSON array; null: the "
            "repositories were not all listed",
        ),
        flag("rule_distinct", "Whether it has destinations and is not identical to an earlier rule"),
        text(
            "redundant_prefixes",
            "Prefixes whose replication another rule or prefix already includes, JSON array; "
            '`[""]` for a rule without filter',
        ),
        text("redundancy_reason", "Which rule or prefix replicates the same, as a clause"),
        text(
            "replicated_caches",
            "Prefixes of pull-through caches of the registry whose repositories it matches and the baseline does not "
            "require, JSON array; null: unknown",
        ),
        text("prefixes_in_caches", "Its prefixes that are entirely inside such a cache, JSON array"),
    ),
)
