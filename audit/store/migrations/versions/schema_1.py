"""The baseline: the tables that the first release begins a store with.

The release that adds the second revision writes these tables out here, as they were. Until then they are those of
`audit.store.schema`.
"""

from __future__ import annotations

from alembic import op

from audit.store import schema

revision = "1"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    schema.metadata.create_all(op.get_bind())
