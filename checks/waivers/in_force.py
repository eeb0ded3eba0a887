"""Every waiver is in force.

## What it checks

A waiver names the last day on which it holds. On the day of the run that day must not have passed, and it must not be
further ahead than the baseline's `longest_waiver_days` (366, unless the baseline sets it). A waiver that is not in
force marks nothing: the findings that it was written for count as open again.

## Why it matters

An exception without an end is a decision that was never taken. One that ended unnoticed is either still relied on, or
no longer needed and misleading for the next reader of the list.

## How to fix

Open the file at the line that the finding names. Remove the waiver if it is no longer needed. If the exception is still
wanted, have it granted again, with a new reason and a new last day; if it is permanent, change the requirement in the
baseline instead.

## Limits of this check

It compares dates with the day on which the run began, in UTC. Whether the reason still holds is for a person to decide.
Findings about waivers cannot themselves be waived.

## References

- NIST SP 800-53 revision 5, CA-5 Plan of Action and Milestones (dated commitments, kept up to date):
  https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.tables import WAIVERS


def _remediation(row: Row, _context: RemediationContext) -> Remediation:
    place = f"{row['file']}, line {row['line']}"
    again = f"If it is still needed, have {row['owner']} grant it again there, with a new reason and a new `until`."
    return Remediation(
        summary=f"Remove or renew the waiver in {place}.",
        manual=(f"{place}: remove the waiver of {row['checks']} if it is no longer needed.", again),
    )


CHECK = Check(
    id="waivers.in-force",
    aliases=("WVR-01",),
    title="Waivers are in force",
    severity=Severity.MEDIUM,
    table=WAIVERS,
    expect=in_set("state", "in force"),
    message="the waiver of {checks}, owned by {owner}, is not in force{problem:because} ({file}, line {line})",
    remediation=_remediation,
    unknown="whether the waiver in line {line} of {file} is in force is unknown",
    evidence=("until", "days_left", "reason", "scope", "findings", "reopened"),
    controls=("own: NIST 800-53 CA-5",),
)
