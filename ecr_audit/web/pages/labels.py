"""How pages call the states of a job."""

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
