"""Whether the images that rules match are present at their destinations."""

from __future__ import annotations

from checks.coverage import (
    backfill_succeeded,
    images_present,
    progress_bounded,
    referrers_present,
    replication_succeeded,
    repository_present,
    tags_agree,
    tags_present,
    without_orphans,
)
from checks.model import Check

CHECKS: tuple[Check, ...] = (
    repository_present.CHECK,
    images_present.CHECK,
    replication_succeeded.CHECK,
    progress_bounded.CHECK,
    tags_agree.CHECK,
    referrers_present.CHECK,
    tags_present.CHECK,
    without_orphans.CHECK,
    backfill_succeeded.CHECK,
)
"""In the order in which reports list them."""
