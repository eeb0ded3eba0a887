"""Alembic's environment: migrations run in the transaction that `audit.store.upgrading` passes."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # One transaction for all migrations, on SQLite too: an upgrade that fails leaves the store unchanged.
    transactional_ddl=True,
)
context.run_migrations()
