"""Every waiver in force covers something.

## What it checks

A waiver in force must fit at least one finding of the run. Where part of what it is about was not looked at (the run
was narrowed, a registry could not be read, a check that it names broke), the answer is unknown.

## Why it matters

Most often the reason is a good one: what was excused has been mended. A waiver that stays behind would then hide the
same failure, should it ever come back, and nobody would hear of it. The other reason is a mistyped account, pattern or
fingerprint: then an exception that somebody relies on does nothing.

## How to fix

If what it excused is mended, remove it at the named file and line. If a finding that it should cover is open, compare
the waiver's fields with that finding: every field that is written must fit.

## Limits of this check

It knows the findings of this run only. A waiver of something that comes and goes fits in some runs and not in others.
A waiver that is not in force is left to `waivers.in-force`.

## References

- NIST SP 800-53 revision 5, CM-3 Configuration Change Control (retained exceptions are reviewed):
  https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final
- Python's `fnmatch`, whose patterns `checks` and `repositories` are: https://docs.python.org/3/library/fnmatch.html
"""

from __future__ import annotations

from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import WAIVERS


def _remedy(row: Row, _context: RemedyContext) -> Remedy:
    place = f"{row['file']}, line {row['line']}"
    narrowed = f" ({row['scope']})" if row["scope"] else ""
    return Remedy(
        summary=f"Remove the waiver in {place}, or correct what it is narrowed to.",
        manual=(
            f"{place}: remove the waiver of {row['checks']} if what it excused is mended.",
            f"If it should still cover a finding, compare its fields{narrowed} with that finding: all must fit.",
        ),
    )


CHECK = Check(
    id="waivers.matches",
    aliases=("WVR-02",),
    title="The waiver covers a finding",
    severity=Severity.LOW,
    table=WAIVERS,
    when=("in_force",),
    expect=is_true("covers_findings"),
    message="no finding of this run needs the waiver of {checks} that {owner} answers for: what it excused seems to be "
    "mended, so that it can be removed, or what it is narrowed to is mistyped ({file}, line {line})",
    remedy=_remedy,
    unknown="whether the waiver of {checks} in line {line} of {file} still covers anything was not looked at"
    "{not_looked_at:because}",
    evidence=("scope", "until", "reason", "not_looked_at"),
    controls=("own: NIST 800-53 CM-3",),
)
