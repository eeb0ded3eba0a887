"""The `waivers` table."""

from __future__ import annotations

from checks.tables.shapes import Table, count, flag, text

WAIVERS = Table(
    name="waivers",
    meaning="Dated, reasoned exceptions of the baseline and of the waiver file, compared with this run's findings.",
    key=("file", "waiver"),
    label="waiver {waiver} of {file}",
    identity=("file", "checks", "scope", "owner", "reason"),
    columns=(
        text("file", "File that holds it"),
        count("waiver", "Its number in that file, from 1"),
        count("line", "Line on which it begins"),
        text("checks", "Checks that it names, comma-separated"),
        text("scope", "Its scope, in words; empty: every finding of its checks"),
        text("reason", "Why it was granted"),
        text("owner", "Person or team responsible for it"),
        text("until", "Last day on which it holds, ISO date"),
        count("days_left", "Days from the run's day to that day; below zero: days since"),
        flag("in_force", "Whether it holds on the run's day"),
        text("state", "`in force`, `expired`, or `too far ahead`: further than `longest_waiver_days` of the baseline"),
        text("problem", "Why it is not in force, as a clause"),
        count(
            "findings",
            "Findings of this run that it matches, in force or not; null: none, and part of its scope was not evaluated",
        ),
        count("reopened", "Those of them that no waiver in force covers"),
        text("not_evaluated", "What of its scope was not evaluated, as a clause"),
    ),
)
