"""Checks of which other principals may read, write or delete replicas."""

from __future__ import annotations

from checks.exposure import (
    not_deletable,
    not_public,
    not_wider_than_source,
    not_writable,
    template_policy_bounded,
)
from checks.model import Check

CHECKS: tuple[Check, ...] = (
    not_public.CHECK,
    not_wider_than_source.CHECK,
    not_writable.CHECK,
    not_deletable.CHECK,
    template_policy_bounded.CHECK,
)
"""In the order in which reports list them."""
