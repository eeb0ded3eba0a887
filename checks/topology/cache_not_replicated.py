"""Rules do not replicate the repositories of a pull-through cache.

## What it checks

A pull-through cache creates repositories under its own prefix, one for each upstream image that is pulled. No rule of
the same registry may match names under that prefix, unless the baseline requires them. A cache with the prefix `ROOT`
creates names of any kind: a rule without filter then matches them, and for other rules the answer is unknown.

## Why it matters

A cache holds third-party software, as old and as vulnerable as upstream has it. A rule that matches it spreads it over
all destinations, where it is stored and paid for again, scanned again, counted against the quota of repositories, and
easily mistaken for an image that the organization publishes.

## How to fix

A filter that lies wholly inside the cache is not needed, and the remediation removes it; a rule without another filter
is removed too. Where the cache lies inside what a rule matches, a person writes filters that leave it out, because ECR
has no filter that excludes. If cached images should be replicated, require the cache's prefix in the baseline.

## Limits of this check

AWS does not document whether an import into the cache counts as a push, and so whether it is replicated; its own
sample event shows a replication under the name of a cache. The check reports that it may be. The prefixes are
compared, whether repositories exist under them or not. A rule that has no other registry as destination replicates
nothing, and passes.

## References

- Amazon ECR user guide, Sync an upstream registry (pull-through cache):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
- Amazon ECR API reference, PullThroughCacheRule:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PullThroughCacheRule.html
- Amazon ECR user guide, Events and EventBridge:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import RULES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    registry, number = actions.registry(row), row["rule"]
    caches, inside = names_in(row["replicated_caches"]), names_in(row["prefixes_in_caches"])
    around = tuple(
        prefix
        for prefix in names_in(row["prefixes"])
        if prefix not in inside and any(cache == "ROOT" or f"{cache}/".startswith(prefix) for cache in caches)
    )
    manual = (
        f"List the repositories that rule {number} should replicate beside the caches {names_text(caches)}, and write "
        f"filters for them in the place of {names_text(around)}; no filter can exclude a prefix.",
        "Check after the change that every repository that should be replicated still begins with a filter.",
    )
    return Remediation(
        summary=f"Keep the pull-through caches {names_text(caches)} out of rule {number} of {'/'.join(registry)}.",
        changes=tuple(actions.replace_prefix(registry, number, prefix, ()) for prefix in inside),
        manual=manual if around else (),
    )


CHECK = Check(
    id="topology.cache-not-replicated",
    aliases=("TOP-08",),
    title="Rules do not match repositories of a pull-through cache",
    severity=Severity.LOW,
    table=RULES,
    expect=in_set("replicated_caches", "[]"),
    message="rule {rule} of {account}/{region} matches {prefixes:prefixes} and may replicate images of the "
    "pull-through cache {replicated_caches:names}",
    remediation=_remediation,
    unknown="whether rule {rule} of {account}/{region} replicates cached images is unknown",
    unknown_reason="the pull-through cache rules could not be read, or a cache creates names of any kind",
    evidence=("prefixes", "destinations"),
    permissions=("ecr:DescribeRegistry", "ecr:DescribePullThroughCacheRules"),
    controls=("own: NIST 800-53 CM-7",),
)
