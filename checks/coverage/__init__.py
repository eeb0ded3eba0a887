"""Whether what should have been copied has arrived."""

from __future__ import annotations

from checks.coverage import (
    images_present,
    repository_present,
)
from checks.model import Check

CHECKS: tuple[Check, ...] = (
    repository_present.CHECK,
    images_present.CHECK,
)
"""In the order in which reports list them."""
