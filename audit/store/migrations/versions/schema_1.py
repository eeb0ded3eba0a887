"""The first revision: the tables of the first release.

The release that adds the second revision must write these tables out here, unchanged. Until then they are those of
`audit.store.schema`.
"""

from __future__ import annotations

from alembic import op

from audit.store import schema

revision = "1"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    schema.metadata.create_all(op.get_bind())
