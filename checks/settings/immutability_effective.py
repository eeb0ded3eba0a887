"""Exclusion filters leave the tag immutability of a replica repository in force.

## What it checks

Two modes have exclusion filters: `IMMUTABLE_WITH_EXCLUSION`, where tags that match may move, and
`MUTABLE_WITH_EXCLUSION`, where only tags that match are protected. The first fails where filters that the baseline
does not list match every version tag with `v`, or every one without, as `*`, `v*` and `*.*.*` do. A filter that matches
only some of them, such as `v1*` or `dev-*`, passes. The second fails where the baseline requires immutability.

## Why it matters

A dashboard that shows "immutable" for a repository whose filter is `*` shows the opposite of the truth, and a tool
that looks for the exact word `MUTABLE` passes `MUTABLE_WITH_EXCLUSION`. The filters, not the name of the mode, protect
released versions from being overwritten.

## How to fix

The remediation sets what the baseline requires. Where it requires nothing, the replica of an immutable source becomes
`IMMUTABLE`, and that of a mutable one `IMMUTABLE_WITH_EXCLUSION` with only `latest` excluded, so that the replica can
still follow. Review the pipelines first: a tag that one of them moves, other than `latest`, is frozen in the replica.
Where the required mode would freeze tags that move at the source (see `settings.moving-tags`), a decision is needed and
no command is printed. Filters that are intended belong in the baseline.

## Limits of this check

Four version tags with `v` (`v1`, `v1.0.0`, `v2.13.4`, `v10.0.1-rc.1`) and four without (`1.0.0`, `2.13.4`,
`10.0.1-rc.1`, `0.9.12`) stand for all such tags, not the tags that the repository holds. How Security Hub evaluates the
modes with exclusions is not documented; the mapping to ECR.2 is our own reading.

## References

- AWS Security Hub, ECR.2:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
"""

from __future__ import annotations

from checks.engine.text import names_in
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, repository_settings
from checks.tables import REPLICAS

_UNDETERMINED = ""


def _following(source: str | None) -> tuple[str, tuple[str, ...]]:
    """Mode and filters that protect versions without freezing what moves at the source, where the row shows them."""
    if source == "IMMUTABLE":
        return "IMMUTABLE", ()
    # Where every tag may move, `latest` stands for those that do; filters of the source are not in this table.
    return ("IMMUTABLE_WITH_EXCLUSION", ("latest",)) if source == "MUTABLE" else (_UNDETERMINED, ())


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    where = f"{row['repository']} at {'/'.join(actions.destination(row))}"
    mode, exclusions = row["expected_tag_mutability"], names_in(row["expected_exclusions"])
    if not mode:
        mode, exclusions = _following(row["source_tag_mutability"])
    if mode == _UNDETERMINED:
        return Remediation(
            summary=f"Decide which tags may move in {where}.",
            manual=(
                "Find out which tags move at the source, and make those the exclusions of IMMUTABLE_WITH_EXCLUSION.",
                "Write the same into the baseline as tag_mutability and mutability_exclusions, and audit again.",
            ),
        )
    if not mode.startswith("IMMUTABLE"):
        return Remediation(
            summary=f"Decide what should be immutable in {where}.",
            manual=(
                f"The baseline requires {mode}, which does not protect version tags.",
                "Write IMMUTABLE, or IMMUTABLE_WITH_EXCLUSION with the tags that may move, and audit again.",
            ),
        )
    if repository_settings.would_freeze(row, context, mode, exclusions) is not False:
        return repository_settings.choosing(row, mode)
    change = actions.set_tag_mutability(
        actions.destination(row), row["repository"], row["tag_mutability"], mode, exclusions
    )
    return Remediation(summary=f"Set {where} to {mode}.", changes=(change,))


CHECK = Check(
    id="settings.immutability-effective",
    aliases=("DST-02",),
    title="Tag immutability of replicas is not undone by exclusion filters",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=in_set("unprotected_tags", ""),
    message="{repository} at {destination_account}/{destination_region} is {tag_mutability}, and its exclusion filters "
    "leave {unprotected_tags} mutable",
    remediation=_remediation,
    when=("exclusion_mode",),
    unknown="whether tags of {repository} at {destination_account}/{destination_region} are protected is unknown",
    evidence=("tag_mutability", "mutability_exclusions", "expected_tag_mutability", "expected_exclusions"),
    at="destination",
    permissions=("ecr:DescribeRepositories",),
    controls=("own: Security Hub ECR.2 in spirit",),
)
