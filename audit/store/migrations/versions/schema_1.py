"""The first version: runs, and a row for each finding. Nothing to do; a store of it is where upgrades begin."""

from __future__ import annotations

revision = "1"
down_revision = None


def upgrade() -> None:
    """No store is older."""
