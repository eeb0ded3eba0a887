"""Scanning at a destination: frequency and type, and how they differ from what is required.

ECR user guide, image-scanning.html: BASIC scanning supports SCAN_ON_PUSH, ENHANCED scanning CONTINUOUS_SCAN too; MANUAL
is the frequency of a repository that no scanning rule of its registry matches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from audit.tables.frames import compact
from checks.baseline.sections import Settings

_NONE = ""
"""Scan type of a registry whose Region has no scanning configuration."""


@dataclass(frozen=True, slots=True)
class ScanningAnswer:
    """Columns of `replicas` about scanning, by the columns' names."""

    scanning_required: bool | None
    scan_frequency: str | None
    scan_type: str | None = None
    source_scan_type: str | None = None
    expected_scan_type: str | None = None
    scan_level_required: bool | None = None
    scan_shortfalls: str | None = None


def compare_scanning(
    present: bool | None, wanted: Settings, frequency: str | None, scan_type: str | None, source_type: str | None
) -> ScanningAnswer:
    """Columns for the effective *frequency* and *scan_type* at the destination; *source_type* may be required too."""
    asked = wanted.scanning
    required = present if asked is not None and asked.required else False
    expected = _expected(wanted, source_type)
    answer = ScanningAnswer(
        scanning_required=required,
        scan_frequency=frequency,
        scan_type=scan_type,
        source_scan_type=source_type,
        expected_scan_type=expected,
    )
    named = True if asked is not None and asked.frequency else None if expected is None else bool(expected)
    facts = (present, None if frequency is None else frequency != "MANUAL", named)
    if None in facts or False in facts:
        return replace(answer, scan_level_required=False if False in facts else None)
    found = [_type_shortfall(wanted, expected, scan_type)]
    if asked is not None and asked.frequency == "CONTINUOUS_SCAN" and frequency != "CONTINUOUS_SCAN":
        found.append(f"scan frequency {frequency} instead of CONTINUOUS_SCAN (required by the baseline)")
    shortfalls = [each for each in found if each]
    return replace(
        answer,
        scan_level_required=True,
        scan_shortfalls=None if None in found and not shortfalls else compact(shortfalls),
    )


def _expected(wanted: Settings, source_type: str | None) -> str | None:
    """The required scan type; empty: none; None: the source, which determines it, was not read."""
    asked = wanted.scanning
    if asked is None:
        return ""
    if asked.type or not asked.required:
        return asked.type or ""
    return None if source_type is None else "ENHANCED" if source_type == "ENHANCED" else ""


def _type_shortfall(wanted: Settings, expected: str | None, scan_type: str | None) -> str | None:
    """How *scan_type* falls short of *expected*, as text; empty: it does not; None: unknown."""
    if scan_type == "ENHANCED" or expected in ("", "BASIC"):
        return ""
    if expected is None or scan_type in (None, _NONE):
        return None
    named = wanted.scanning is not None and wanted.scanning.type
    why = "required by the baseline" if named else "as in the source registry"
    return f"scan type {scan_type} instead of ENHANCED ({why})"
