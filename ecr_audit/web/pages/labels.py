"""How pages call the states of a job and the formats of a report."""

from __future__ import annotations

from collections.abc import Mapping

from schedules.jobs import State

STATE_WORDS: Mapping[State, str] = {
    State.WAITING: "Waiting", State.RUNNING: "Running", State.DONE: "Done", State.FAILED: "Failed",
    State.MISSED: "Missed", State.TIMED_OUT: "Took too long", State.CANCELLED: "Cancelled",
    State.COALESCED: "Left to another",
}  # fmt: skip
STATE_MARKS: Mapping[State, str] = {
    State.WAITING: "◌", State.RUNNING: "▶", State.DONE: "✔", State.FAILED: "✘", State.MISSED: "✘",
    State.TIMED_OUT: "✘", State.CANCELLED: "–", State.COALESCED: "–",
}  # fmt: skip
"""A shape for each, so that colour is never the only sign."""
FORMAT_WORDS: Mapping[str, str] = {
    "pdf": "PDF, to read and to file", "csv": "CSV, every finding", "xlsx": "Excel, with evidence tables",
    "parquet": "Parquet, for notebooks", "json": "JSON, everything", "jsonl": "JSON Lines, one finding a line",
    "html": "HTML, one page to mail and search", "sarif": "SARIF, for code scanning", "junit": "JUnit, for CI",
    "asff": "ASFF, for Security Hub", "ocsf": "OCSF, for security lakes", "markdown": "Markdown, for an issue",
}  # fmt: skip
