"""The ecr-audit after this one: a program with one more revision of the schema, to which this one's stores are old."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy as sa

from audit.store import connection as store_connection
from audit.store import schema
from audit.store.connection import database_and_folder, open_engine

REVISION = "next"
_STEP = f'''
import sqlalchemy as sa
from alembic import op

revision = "{REVISION}"
down_revision = "{schema.REVISION}"


def upgrade():
    with op.batch_alter_table("findings") as table:
        table.add_column(sa.Column("seen_twice", sa.Integer, server_default="0"))
    findings = sa.table("findings", sa.column("seen_runs"), sa.column("seen_twice"))
    op.execute(findings.update().values(seen_twice=2 * findings.c.seen_runs))
    with op.batch_alter_table("findings") as table:
        table.alter_column("seen_twice", existing_type=sa.Integer, existing_server_default="0", nullable=False)
    op.create_table("later", sa.Column("name", sa.String(40), primary_key=True))
'''
_FAILURE = """
    op.execute("UPDATE there_is_no_such_table SET x = 1")
"""


def revisions_of_next(folder: Path, *, failing: bool = False) -> Path:
    """Write that program's migrations below *folder*. *failing*: the database refuses the last step of the new one."""
    there = folder / "migrations"
    shutil.copytree(store_connection._MIGRATIONS, there, ignore=shutil.ignore_patterns("__pycache__"))
    (there / "versions" / "next.py").write_text(_STEP + (_FAILURE if failing else ""), encoding="utf-8")
    return there


@contextmanager
def next_program(migrations: Path) -> Iterator[None]:
    """Within it, this process is that program."""
    with (
        mock.patch.object(store_connection, "_MIGRATIONS", migrations),
        mock.patch.object(schema, "REVISION", REVISION),
    ):
        yield


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of this program's tables, in order."""
    engine = open_engine(database_and_folder(url)[0])
    found = {}
    with engine.connect() as connection:
        for table in schema.metadata.sorted_tables:
            rows = connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            found[table.name] = [tuple(row) for row in rows]
    engine.dispose()
    return found


def shape(url: str) -> dict[str, dict[str, Any]]:
    """Everything that a database says of its tables."""
    engine = open_engine(database_and_folder(url)[0])
    inspector = sa.inspect(engine)
    found = {}
    for table in sorted(inspector.get_table_names()):
        found[table] = {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(table)
            ],
            "key": inspector.get_pk_constraint(table),
            "others": inspector.get_foreign_keys(table),
            "unique": inspector.get_unique_constraints(table),
            "indexes": sorted(inspector.get_indexes(table), key=lambda index: str(index["name"])),
        }
    engine.dispose()
    return found
