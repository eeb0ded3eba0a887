"""The `rules` table."""

from __future__ import annotations

from checks.tables.schema import ACCOUNT, REGION, Table, count, flag, text

RULES = Table(
    name="rules",
    meaning="One replication rule of one registry, numbered from 1 in AWS's order.",
    key=("account", "region", "rule"),
    label="rule {rule} of {account}/{region}",
    # Without deleteReplication: a rule whose switch was set otherwise is the same rule.
    identity=("account", "region", "destinations", "prefixes"),
    columns=(
        ACCOUNT,
        REGION,
        count("rule", "Position in the configuration, from 1"),
        text("destinations", "JSON array of `account/region`"),
        count("destination_count", "Different destinations"),
        text("self_destinations", "Destinations that are the registry itself, JSON array of `account/region`"),
        text(
            "prefixes", 'JSON array of filter prefixes; `[""]` where the rule has no filter and takes every repository'
        ),
        text("delete_replication", "`on` or `off`: deleteReplication"),
        count("filter_count", "Filters in the rule"),
        count("filters_limit", "Allowed filters"),
        count("filters_warning_threshold", "Filters from which on a warning is due"),
        text("filters_severity", "Severity where that is reached; empty: it is not"),
        flag(
            "delete_replication_required",
            "Whether the baseline says what deleteReplication must be for what this rule replicates",
        ),
        text(
            "expected_delete_replication",
            "`on`, `off`, or `on and off` where the rule replicates repositories for which the baseline requires either",
        ),
        text(
            "delete_replication_severity",
            "Severity where it differs: high where a backup follows deletions, low the other way; empty: it does not",
        ),
        text("delete_replication_required_by", "Names of the baseline's requirements that say so, comma-separated"),
        text(
            "duplicates",
            "What it repeats, JSON array: `rule N` for an earlier rule that is identical, then destinations and prefixes "
            "that it names more than once",
        ),
        text("same_as_rule", "Number of the first rule that is identical; empty: none"),
        flag(
            "filters_required",
            "Whether it has no filter, and the baseline requires only a part of the repositories at its destinations",
        ),
        text("required_prefixes", "What the baseline requires at its destinations, JSON array"),
        text(
            "expected_filters",
            "The filters that it should have, JSON array; empty: its destinations require different ones, or none",
        ),
        flag("filters_comparable", "Whether it has filters, and its registry repositories to hold them against"),
        text(
            "unbounded_prefixes",
            "Prefixes that end within a word of one repository's name and after that of another, JSON array; null: the "
            "repositories were not all listed",
        ),
        text("unbounded_names", "Names that continue after such a prefix, JSON array, at most 10"),
        text(
            "bounded_prefixes",
            "For such prefixes what to put in their place, JSON object of arrays; one that it lacks needs a person",
        ),
        text(
            "unmatched_prefixes",
            "Prefixes with which no repository's name begins and on which no requirement depends, JSON array; null: the "
            "repositories were not all listed",
        ),
        flag("rule_distinct", "Whether it has destinations and is not identical to an earlier rule"),
        text(
            "redundant_prefixes",
            "Prefixes that replicate nothing which another rule or prefix does not replicate there, JSON array; "
            '`[""]` for a rule without filter',
        ),
        text("redundancy_reason", "What replicates the same, as a clause"),
        text(
            "replicated_caches",
            "Prefixes of pull-through caches of the registry whose repositories it matches and the baseline does not "
            "require, JSON array; null: unknown",
        ),
        text("prefixes_in_caches", "Its prefixes that lie wholly inside such a cache, JSON array"),
    ),
)
