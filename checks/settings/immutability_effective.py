"""Exclusions do not undo the immutability that a copy claims.

## What it checks

Two modes have exclusion filters: `IMMUTABLE_WITH_EXCLUSION`, where tags that match may move, and
`MUTABLE_WITH_EXCLUSION`, where only tags that match are protected. The first fails when filters that the baseline
does not list free whole families of version tags, such as `*` or `v*`. The second fails where the baseline asks for
immutability.

## Why it matters

A dashboard that shows "immutable" for a repository whose filter is `*` shows the opposite of the truth, and a tool
that looks for the exact word `MUTABLE` passes `MUTABLE_WITH_EXCLUSION`. What protects released versions from being
overwritten must be the filters, not the name of the mode.

## How to fix

The remedy sets what the baseline asks for. Where it asks for nothing, the copy of an immutable source becomes
`IMMUTABLE`, and that of a mutable one `IMMUTABLE_WITH_EXCLUSION` with only `latest` left free, so that the copy can
still follow. Look at the pipelines first: one that moves another tag will find it frozen in the copy. Where what the
baseline asks for would freeze tags that move at the source (see `settings.moving-tags`), a person has to choose, and
no command is printed. Filters that are wanted belong in the baseline.

## Limits of this check

Which tags matter is judged by typical version numbers (`1.4.2`, `v1.4.2`, with suffixes), not by the tags that the
repository holds. How Security Hub judges the modes with exclusions is not documented; the mapping to ECR.2 is ours in
spirit.

## References

- AWS Security Hub, ECR.2:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
"""

from __future__ import annotations

from checks import tag_movement, wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REPLICAS
from checks.wording import names_in

_UNDECIDED = ""


def _following(source: str | None) -> tuple[str, tuple[str, ...]]:
    """Mode and filters that protect versions without freezing what moves at the source, where that can be told."""
    if source == "IMMUTABLE":
        return "IMMUTABLE", ()
    # Where every tag may move, `latest` stands for those that do; filters of the source are not in this table.
    return ("IMMUTABLE_WITH_EXCLUSION", ("latest",)) if source == "MUTABLE" else (_UNDECIDED, ())


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    where = f"{row['repository']} at {'/'.join(wanted.destination(row))}"
    mode, exclusions = row["expected_tag_mutability"], names_in(row["expected_exclusions"])
    if not mode:
        mode, exclusions = _following(row["source_tag_mutability"])
    if mode == _UNDECIDED:
        return Remedy(
            summary=f"Decide which tags may move in {where}.",
            manual=(
                "Find out which tags move at the source, and make those the exclusions of IMMUTABLE_WITH_EXCLUSION.",
                "Write the same into the baseline as tag_mutability and mutability_exclusions, and audit again.",
            ),
        )
    if not mode.startswith("IMMUTABLE"):
        return Remedy(
            summary=f"Decide what should be immutable in {where}.",
            manual=(
                f"The baseline asks for {mode}, which does not protect version tags.",
                "Write IMMUTABLE, or IMMUTABLE_WITH_EXCLUSION with the tags that may move, and audit again.",
            ),
        )
    if tag_movement.would_freeze(row, context, mode, exclusions) is not False:
        return tag_movement.choosing(row, mode)
    edit = wanted.set_tag_mutability(
        wanted.destination(row), row["repository"], row["tag_mutability"], mode, exclusions
    )
    return Remedy(summary=f"Set {where} to {mode}.", edits=(edit,))


CHECK = Check(
    id="settings.immutability-effective",
    aliases=("DST-02",),
    title="Exclusions leave immutability in force",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=is_true("immutability_effective"),
    message="{repository} at {destination_account}/{destination_region} is {tag_mutability}: {immutability_problem}",
    remedy=_remedy,
    when=("immutability_claimed",),
    unknown="whether tags of {repository} at {destination_account}/{destination_region} are protected is not known",
    evidence=("tag_mutability", "mutability_exclusions", "expected_tag_mutability", "expected_exclusions"),
    at="destination",
    permissions=("ecr:DescribeRepositories",),
    controls=("own: Security Hub ECR.2 in spirit",),
)
