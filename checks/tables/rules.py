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
        text("delete_required_by", "Names of the baseline's requirements that say so, comma-separated"),
    ),
)
