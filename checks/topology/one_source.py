"""Each replica repository has exactly one source registry.

## What it checks

For each link, the repositories that it replicates are compared with those that other registries replicate into the
same destination. No name may come from two of them. A repository that is itself a replica counts as no source, because
replicated images are not replicated again.

## Why it matters

A replica repository has the name of its source, and nothing in it shows which registry that is. When two sources share
a name, each push to one overwrites the tags of the other at the destination, or, where tags are immutable there,
arrives without its tag. Principals that may push to the less trusted of the two sources decide what is deployed under
the name of the other.

## How to fix

Give every source prefixes of its own. Where the baseline requires these repositories of the other sources and nothing
that this link replicates, the remediation removes this link; replicated images stay. Otherwise a person decides which
source keeps the name, and renames repositories or narrows the rule at the other.

## Limits of this check

It compares repositories that exist in registries in scope; a source outside the scope is not seen. If a registry that
the destination allows to replicate could not be read, or not completely, the answer is unknown. A replica repository
that is also pushed to directly is understood as a replica.

## References

- Amazon ECR user guide, Private image replication (considerations):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Image tag mutability:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    others, repositories = names_in(row["other_sources"]), names_in(row["shared_repositories"])
    if row["other_sources_required"]:
        return Remediation(
            summary=f"Remove {'/'.join(destination)} from the rules of {'/'.join(source)}; the baseline requires these "
            f"repositories of {names_text(others)}.",
            changes=(actions.remove_destination(source, destination),),
        )
    return Remediation(
        summary=f"Replicate {names_text(repositories)} into {'/'.join(destination)} from one registry only.",
        manual=(
            f"Find out which of {'/'.join(source)} and {names_text(others)} is the source of these repositories, "
            f"and whose "
            f"images are in {'/'.join(destination)} now: compare digests with those at each source.",
            "At the other registry, narrow the filters of the rule, or rename the repositories, so that the prefixes "
            "of the sources have no name in common.",
            *(
                (
                    "Narrow the statements of the destination's registry policy in the same way; then it cannot happen "
                    "again.",
                )
                if any(not other.startswith(f"{destination.account}/") for other in ("/".join(source), *others))
                else ()
            ),
        ),
    )


CHECK = Check(
    id="topology.one-source",
    aliases=("TOP-03",),
    title="Each replica repository has exactly one source registry",
    severity=Severity.HIGH,
    table=LINKS,
    expect=between("other_source_count", maximum=0),
    message="{other_sources:names} replicates the same names as {source_account}/{source_region} into "
    "{destination_account}/{destination_region}: {shared_repository_count:count repository} "
    "({shared_repositories:names})",
    remediation=_remediation,
    when=("present",),
    unknown="whether other registries replicate the same repositories into {destination_account}/{destination_region} "
    "is unknown",
    unknown_reason="not every registry that it allows to replicate could be read",
    evidence=("other_sources", "shared_repositories", "shared_repository_count", "prefixes"),
    at="source",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories", "ecr:GetRegistryPolicy"),
    controls=("own: NIST 800-53 CM-5",),
)
