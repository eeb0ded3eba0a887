"""The `gaps` table."""

from __future__ import annotations

from checks.tables.shapes import ACCOUNT, REGION, Table, count, text

GAPS = Table(
    name="gaps",
    meaning="What the audit wanted to read and could not.",
    key=("gap",),
    label="gap {gap}",
    columns=(
        count("gap", "Running number"),
        ACCOUNT,
        REGION,
        text("operation", "`service:Operation`"),
        text("kind", "Kind of the gap"),
        text("code", "Error code as AWS gave it"),
        text("message", "Error message as AWS gave it"),
        text("tables", "Tables that it spoils, comma-separated"),
        text("resource", "What was asked about, where it was one thing"),
        text("permission", "IAM action that would close it"),
    ),
)
