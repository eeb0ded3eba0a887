"""Every waiver in force covers a finding.

## What it checks

A waiver in force must match at least one finding of the run. Where part of its scope was not evaluated (the run was
narrowed to accounts, Regions or checks, a registry or the tags of repositories could not be read, a check that it names
failed), the answer is unknown.

## Why it matters

Most often what the waiver excused has been fixed. A waiver that stays behind would hide the same failure, should it
ever come back. The other reason is a mistyped account, pattern or fingerprint: then an exception that is relied on has
no effect.

## How to fix

If what it excused is fixed, remove it at the named file and line. If a finding that it should cover is open, compare
the waiver's fields with that finding: every field that is written must match.

## Limits of this check

It knows the findings of this run only. A waiver of a failure that comes and goes matches in some runs and not in
others. A waiver that is not in force is left to `waivers.in-force`.

## References

- NIST SP 800-53 revision 5, CM-3 Configuration Change Control (retained exceptions are reviewed):
  https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final
- Python's `fnmatch`, whose patterns `checks` and `repositories` are (`regions`, `account_names` and `tags` know `*`
  only): https://docs.python.org/3/library/fnmatch.html
"""

from __future__ import annotations

from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.tables import WAIVERS


def _remediation(row: Row, _context: RemediationContext) -> Remediation:
    place = f"{row['file']}, line {row['line']}"
    narrowed = f" ({row['scope']})" if row["scope"] else ""
    return Remediation(
        summary=f"Remove the waiver in {place}, or correct what it is narrowed to.",
        manual=(
            f"{place}: remove the waiver of {row['checks']} if what it excused is fixed.",
            f"If it should still cover a finding, compare its fields{narrowed} with that finding: all must match.",
        ),
    )


CHECK = Check(
    id="waivers.matches",
    aliases=("WVR-02",),
    title="Waivers in force cover a finding",
    severity=Severity.LOW,
    table=WAIVERS,
    when=("in_force",),
    expect=between("findings", minimum=1),
    message="the waiver of {checks}, owned by {owner}, matches no finding of this run: what it excused was fixed and "
    "it can be removed, or its scope is mistyped ({file}, line {line})",
    remediation=_remediation,
    unknown="whether the waiver of {checks} in line {line} of {file} covers a finding is unknown",
    unknown_reason="{not_evaluated:clause}",
    evidence=("scope", "until", "reason", "not_evaluated"),
    controls=("own: NIST 800-53 CM-3",),
)
