"""The `waivers` table."""

from __future__ import annotations

from checks.tables.shapes import Table, count, flag, text

WAIVERS = Table(
    name="waivers",
    meaning="Dated, reasoned exceptions of the baseline and of the file of waivers, held against this run's findings.",
    key=("file", "waiver"),
    label="waiver {waiver} of {file}",
    identity=("file", "checks", "scope", "owner", "reason"),
    columns=(
        text("file", "File that holds it"),
        count("waiver", "Its number in that file, from 1"),
        count("line", "Line on which it begins"),
        text("checks", "Checks that it names, comma-separated"),
        text("scope", "What it is narrowed to, in words; empty: nothing"),
        text("reason", "Why it was granted"),
        text("owner", "Who answers for it"),
        text("until", "Last day on which it holds, ISO date"),
        count("days_left", "Days from the run's day to that day; below zero: days since"),
        flag("in_force", "Whether it holds on the run's day"),
        text("problem", "Why it does not, as a clause"),
        count("findings", "Findings of this run that it fits, in force or not"),
        count("reopened", "Those of them that no waiver in force covers"),
        flag("covers_findings", "Whether it fits at least one"),
        text("not_looked_at", "Why that cannot be told from this run, as a clause"),
    ),
)
