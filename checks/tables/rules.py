"""The `rules` table."""

from __future__ import annotations

from checks.tables.shapes import ACCOUNT, REGION, Table, count, flag, text

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
        text(
            "prefixes", 'JSON array of filter prefixes; `[""]` where the rule has no filter and takes every repository'
        ),
        flag("delete_replication", "Whether deletions are replicated"),
        count("filter_count", "Filters in the rule"),
        count("filters_limit", "Allowed filters"),
        flag("filters_comfortable", "Whether they stay below the warning threshold"),
        text("filters_grade", "Severity if they do not"),
        flag("delete_declared", "Whether the baseline says what deleteReplication must be for what this rule copies"),
        flag("delete_as_declared", "Whether it is so"),
        text(
            "delete_expected", "`on`, `off`, or `on and off` where the rule mixes copies that the baseline tells apart"
        ),
        text("delete_grade", "Severity if it is not so: high where a backup would follow deletions, low the other way"),
        text("delete_required_by", "Names of the baseline's requirements that say so, JSON array"),
        flag("destinations_named", "Whether it has a destination at all"),
        flag("destinations_elsewhere", "Whether none of its destinations is the registry itself"),
        flag("without_duplicates", "Whether it names nothing twice and is not the same as an earlier rule"),
        text("repeated", "Destinations and prefixes that it names more than once, JSON array"),
        text("same_as_rule", "Number of the first rule that it repeats exactly; empty: none"),
        text("duplicates_problem", "What is there twice, as a clause"),
        flag(
            "subset_declared", "Whether it has no filter, and the baseline wants only a part of the repositories there"
        ),
        flag("filtered_as_declared", "Whether it has a filter"),
        text("declared_prefixes", "What the baseline requires at its destinations, JSON array"),
        text(
            "declared_filters",
            "The filters that it should have, JSON array; empty: its destinations want different ones, or nothing",
        ),
        flag("filters_comparable", "Whether it has filters, and its registry repositories to hold them against"),
        flag(
            "prefixes_bounded",
            "Whether no prefix ends within a word of one repository's name and after that of another",
        ),
        text("unbounded_prefixes", "Prefixes that do, JSON array"),
        text("unbounded_names", "Names that run on after such a prefix, JSON array, at most 10"),
        text(
            "bounded_prefixes",
            "For such prefixes what to put in their place, JSON object of arrays; one that it lacks needs a person",
        ),
        flag("filters_matched", "Whether each prefix begins some repository's name, or is required as it stands"),
        text("unmatched_prefixes", "Prefixes that do not, JSON array"),
        flag("rule_distinct", "Whether it has destinations and is not the same as an earlier rule"),
        flag("filters_needed", "Whether each prefix copies something that no other rule or prefix copies there"),
        text("unneeded_prefixes", 'Prefixes that do not, JSON array; `[""]` where a rule without filter does not'),
        text("unneeded_because", "What copies the same, as a clause"),
        flag("cache_kept_out", "Whether it copies no name that a pull-through cache of the registry gives"),
        text("cache_prefixes", "Prefixes of such caches, JSON array"),
        text("cached_prefixes", "Its prefixes that lie wholly inside such a cache, JSON array"),
    ),
)
