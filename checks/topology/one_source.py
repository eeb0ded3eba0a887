"""Each repository comes to a destination from one source only.

## What it checks

For each link, the repositories that it copies are compared with those that other registries replicate into the same
destination. No name may come from two of them. A repository that is itself a copy counts as no source, because copies
are not replicated again.

## Why it matters

A copy keeps its name, and nothing in it says where it came from. When two sources share a name, each push to one
overwrites the tags of the other at the destination, or, where tags are immutable there, arrives without its tag.
Whoever may push to the lesser of the two sources decides what is deployed under the name of the other.

## How to fix

Give every source prefixes of its own. Where the baseline requires these repositories of the other sources and
nothing that this link copies, the remedy removes this link; copies that exist stay. Otherwise a person decides which
source keeps the name, and renames or narrows at the other.

## Limits of this check

It compares repositories that exist in registries in scope; a source outside the scope is not seen. If a registry that
the destination lets in could not be read, or not completely, the answer is unknown. A copy that people push to
directly as well is taken for a copy.

## References

- Amazon ECR user guide, Private image replication (considerations):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Image tag mutability:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import LINKS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    source, destination = wanted.source(row), wanted.destination(row)
    rivals, repositories = names_in(row["rival_sources"]), names_in(row["rival_repositories"])
    if row["rivals_required"]:
        return Remedy(
            summary=f"Remove {'/'.join(destination)} from the rules of {'/'.join(source)}; the baseline wants these "
            f"repositories of {listed(rivals)}.",
            edits=(wanted.remove_destination(source, destination),),
        )
    return Remedy(
        summary=f"Let one registry only replicate {listed(repositories)} into {'/'.join(destination)}.",
        manual=(
            f"Find out which of {'/'.join(source)} and {listed(rivals)} is the source of these repositories, and whose "
            f"images lie at {'/'.join(destination)} now: compare digests with those at each source.",
            "At the other registry, narrow the filters of the rule, or rename the repositories, so that the prefixes "
            "of the sources have no name in common.",
            "Narrow the grants in the destination's registry policy in the same way; then the mistake cannot return.",
        ),
    )


CHECK = Check(
    id="topology.one-source",
    aliases=("TOP-03",),
    title="Each repository comes to a destination from one source only",
    severity=Severity.HIGH,
    table=LINKS,
    expect=is_true("one_source"),
    message="{rival_sources:names} replicates into {destination_account}/{destination_region} too what comes from "
    "{source_account}/{source_region}: {rival_repository_count:count repository} ({rival_repositories:names})",
    remedy=_remedy,
    when=("present",),
    unknown="whether others replicate the same repositories into {destination_account}/{destination_region} is not "
    "known: not every registry that it lets in could be read",
    evidence=("rival_sources", "rival_repositories", "rival_repository_count", "prefixes"),
    at="source",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories", "ecr:GetRegistryPolicy"),
    controls=("own: NIST 800-53 CM-5",),
)
