"""Checks of the ways that images take through several registries."""

from __future__ import annotations

from checks.model import Check

CHECKS: tuple[Check, ...] = ()
"""In the order in which reports list them."""
