"""The columns of the workbook's sheets, as data, and how their rows and pages are sized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MOST_LINES = 12
"""Lines of the tallest row."""
PRINTED_WIDTH = 330
"""Characters of width that are printed of a sheet; the columns to the right are for the screen."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet."""

    title: str
    width: int
    kind: str = "text"
    """text, prose (wrapped), long (wrapped and cropped: rows stay two lines tall), number, time, day, flag, severity
    or check (text with a link to the page of the check)."""


FINDINGS = (
    Column("Severity", 15, "severity"), Column("Status", 11), Column("Area", 22), Column("Check", 36, "check"),
    Column("Title", 44, "prose"), Column("Account", 15), Column("Account name", 22), Column("Region", 15),
    Column("Resource", 46, "long"), Column("What was found", 80, "long"), Column("Expected", 28, "long"),
    Column("Observed", 28, "long"), Column("To fix", 60, "long"),
    Column("Without review", 13), Column("Scripts", 44, "long"), Column("Steps for a person", 50, "long"),
    Column("Change", 9), Column("First seen (UTC)", 18, "time"), Column("Days", 7, "number"),
    Column("Runs", 7, "number"), Column("Waived until", 13, "day"), Column("Fingerprint", 20),
    Column("Evidence", 60, "long"),
)  # fmt: skip
GAPS = (
    Column("Reason", 26), Column("Account", 15), Column("Account name", 22), Column("Region", 15),
    Column("Operation", 36), Column("Resource", 40), Column("Code", 26), Column("Message", 70, "prose"),
    Column("Permission", 32), Column("What closes it", 60, "prose"), Column("Tables", 30, "prose"),
)  # fmt: skip
WAIVERS = (
    Column("Severity", 15, "severity"), Column("Check", 36, "check"), Column("Account", 15), Column("Region", 15),
    Column("Resource", 46, "prose"), Column("Reason", 60, "prose"), Column("Owner", 30), Column("Until", 13, "day"),
    Column("Fingerprint", 20),
)  # fmt: skip
CHECKS = (
    Column("Check", 36), Column("Title", 44, "prose"), Column("Area", 22), Column("Passed", 10, "number"),
    Column("Failed", 10, "number"), Column("Waived", 10, "number"), Column("Undecided", 10, "number"),
    Column("What it checks", 70, "prose"), Column("Why it matters", 70, "prose"), Column("How to fix", 70, "prose"),
    Column("Controls", 40, "prose"),
)  # fmt: skip
REGISTRIES = (
    "account", "region", "account_name", "ou_path", "evidence_complete", "evidence_missing", "repository_count",
    "is_source", "is_destination", "rule_count", "rules_limit", "destinations_present", "destinations_needed",
    "destinations_limit", "policy_characters", "policy_characters_limit", "policy_scope", "limits_source",
)  # fmt: skip
REPLICAS = (
    "repository", "source_account", "source_region", "destination_account", "destination_region", "matched", "expected",
    "required_by", "destination_present", "source_images", "images_missing", "images_in_flight", "delete_replication",
    "tag_mutability", "scan_frequency", "encryption", "lifecycle_present",
)  # fmt: skip


def height(row: Sequence[Any], columns: Sequence[Column]) -> float:
    """Points for the longest prose of a row: programs differ in whether they find that out themselves."""
    lines = [
        -(-len(str(one)) // column.width) for one, column in zip(row, columns, strict=True) if column.kind == "prose"
    ]
    return 15 * min(max(lines, default=1) or 1, MOST_LINES)


def set_up_print(sheet: Worksheet, rows: int, columns: Sequence[Column]) -> None:
    """On paper: A4 landscape, the header on every page, the first columns as wide as the page."""
    width, last = 0, -1
    for column in columns:
        width += column.width
        if last >= 0 and width > PRINTED_WIDTH:
            break
        last += 1
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.print_area(0, 0, rows, last)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&Rpage &P of &N")
