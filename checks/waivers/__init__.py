"""Waivers: whether they are in force and cover a finding."""

from __future__ import annotations

from checks.model import Check
from checks.waivers import in_force, matches

CHECKS: tuple[Check, ...] = (
    in_force.CHECK,
    matches.CHECK,
)
"""In the order in which reports list them. They are evaluated last, over the findings of the other checks."""
