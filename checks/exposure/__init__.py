"""Checks of who else may read, write or delete copies."""

from __future__ import annotations

from checks.model import Check

CHECKS: tuple[Check, ...] = ()
"""In the order in which reports list them."""
