"""Scanning at a destination: whether it happens, and whether type and frequency are those that are asked for.

ECR user guide, image-scanning.html: BASIC scanning knows SCAN_ON_PUSH, ENHANCED scanning CONTINUOUS_SCAN too; MANUAL is
ECR's word for a repository that no scanning rule of its registry takes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from checks.baseline import Settings

_NONE = ""
"""Scan type of a registry whose Region has no scanning configuration."""


@dataclass(frozen=True, slots=True)
class ScanningAnswer:
    """Columns of `replicas` about scanning, by the columns' names."""

    scanning_required: bool | None
    scan_frequency: str | None
    scanned: bool | None
    scan_type: str | None = None
    source_scan_type: str | None = None
    expected_scan_type: str | None = None
    scan_level_declared: bool | None = None
    scan_level_reached: bool | None = None
    scan_level_problem: str | None = None


def judge_scanning(
    present: bool | None, wanted: Settings, frequency: str | None, scan_type: str | None, source_type: str | None
) -> ScanningAnswer:
    """Judge effective *frequency* and *scan_type* at the destination; *source_type* may be the example to follow."""
    asked = wanted.scanning
    required = present if asked is not None and asked.required else False
    expected = _expected(wanted, source_type)
    answer = ScanningAnswer(
        scanning_required=required,
        scan_frequency=frequency,
        scanned=None if frequency is None else frequency != "MANUAL",
        scan_type=scan_type,
        source_scan_type=source_type,
        expected_scan_type=expected,
    )
    named = True if asked is not None and asked.frequency else None if expected is None else bool(expected)
    facts = (present, None if frequency is None else frequency != "MANUAL", named)
    if None in facts or False in facts:
        return replace(answer, scan_level_declared=False if False in facts else None)
    problems = [_type_problem(wanted, expected, scan_type)]
    if asked is not None and asked.frequency == "CONTINUOUS_SCAN" and frequency != "CONTINUOUS_SCAN":
        problems.append(f"its frequency is {frequency}, and the baseline asks for CONTINUOUS_SCAN")
    told = [problem for problem in problems if problem]
    reached = False if told else None if None in problems else True
    return replace(
        answer,
        scan_level_declared=True,
        scan_level_reached=reached,
        scan_level_problem=None if reached is None else "; ".join(told),
    )


def _expected(wanted: Settings, source_type: str | None) -> str | None:
    """The scan type that is asked for; empty: none; None: the source, which is the example, was not read."""
    asked = wanted.scanning
    if asked is None:
        return ""
    if asked.type or not asked.required:
        return asked.type or ""
    return None if source_type is None else "ENHANCED" if source_type == "ENHANCED" else ""


def _type_problem(wanted: Settings, expected: str | None, scan_type: str | None) -> str | None:
    """What is wrong with *scan_type*, as a clause; empty: nothing; None: not known."""
    if scan_type == "ENHANCED" or expected in ("", "BASIC"):
        return ""
    if expected is None or scan_type in (None, _NONE):
        return None
    named = wanted.scanning is not None and wanted.scanning.type
    who = "the baseline asks for ENHANCED" if named else "the registry it is copied from has ENHANCED"
    return f"its registry has {scan_type} scanning, and {who}"
