"""Exceptions: that they hold, and that they are still about something."""

from __future__ import annotations

from checks.model import Check
from checks.waivers import in_force, matches

CHECKS: tuple[Check, ...] = (
    in_force.CHECK,
    matches.CHECK,
)
"""In the order in which reports list them. They are judged last, over what the other checks found."""
