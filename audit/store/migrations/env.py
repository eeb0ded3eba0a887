"""Alembic's entry: the steps run in the transaction that `audit.store.upgrading` hands over."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # One transaction around all steps, on SQLite too: an upgrade that dies leaves the store as it was.
    transactional_ddl=True,
)
context.run_migrations()
