"""Every waiver is in force.

## What it checks

A waiver names the last day on which it holds. On the day of the run that day must not have passed, and it must not be
further ahead than the baseline's `longest_waiver_days` (a year, if nothing else is written). A waiver that is not in
force marks nothing: the findings that it was written for count as open again.

## Why it matters

An exception without an end is a decision that nobody took. One that ended unnoticed is either forgotten, and somebody
still relies on it, or done with, and stands in the way of whoever reads the list next.

## How to fix

Look at the finding's file and line. Remove the waiver if nothing needs it any more. If the exception is still wanted,
have it granted again, with a new reason and a new last day; if it is meant to stay, change the requirement in the
baseline instead.

## Limits of this check

It compares dates with the day on which the run began, in UTC. Whether the reason still holds is for a person to say.
Findings about waivers cannot themselves be waived.

## References

- NIST SP 800-53 revision 5, CA-5 Plan of Action and Milestones (dated commitments, kept up to date):
  https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final
"""

from __future__ import annotations

from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import WAIVERS


def _remedy(row: Row, _context: RemedyContext) -> Remedy:
    place = f"{row['file']}, line {row['line']}"
    again = f"If the exception must go on, let {row['owner']} grant it again there, with a new reason and `until`."
    return Remedy(
        summary=f"Remove or renew the waiver in {place}.",
        manual=(f"{place}: remove the waiver of {row['checks']} if nothing needs it any more.", again),
    )


CHECK = Check(
    id="waivers.in-force",
    aliases=("WVR-01",),
    title="The waiver is in force",
    severity=Severity.MEDIUM,
    table=WAIVERS,
    expect=is_true("in_force"),
    message="the waiver of {checks} that {owner} answers for is not in force{problem:because} ({file}, line {line})",
    remedy=_remedy,
    unknown="whether the waiver in line {line} of {file} is in force is not known",
    evidence=("until", "days_left", "reason", "scope", "findings", "reopened"),
    controls=("own: NIST 800-53 CA-5",),
)
