"""Stores as older programs wrote them. What they looked like is copied here, because it never changes again."""

from __future__ import annotations

import shutil

import sqlalchemy as sa

from audit.store import Store, schema
from audit.store.opening import engine_of, place_of


def tables_of(version: int) -> sa.MetaData:
    """The tables of schema 1 or 2."""
    old = sa.MetaData()
    sa.Table(
        "about",
        old,
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.String(200), nullable=False),
    )
    sa.Table(
        "runs",
        old,
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("started_at", sa.String(32), nullable=False, index=True),
        sa.Column("finished_at", sa.String(32), nullable=False),
        sa.Column("organization", sa.String(80), nullable=False),
        sa.Column("question", sa.String(12), nullable=False, index=True),
        sa.Column("summary", sa.JSON, nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
    )
    ages = [sa.Column("first_seen", sa.String(32), nullable=False), sa.Column("seen_runs", sa.Integer, nullable=False)]
    sa.Table(
        "findings",
        old,
        sa.Column("run", sa.String(40), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("fingerprint", sa.String(16), primary_key=True),
        sa.Column("check", sa.String(80), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("waived", sa.Boolean, nullable=False),
        *(ages if version > 1 else ()),
    )
    return old


def write_old(store: Store, url: str, version: int) -> None:
    """Write what *store* keeps into a database at *url* as a program of schema *version* would have."""
    old = tables_of(version)
    target, folder = place_of(url)
    folder.mkdir(parents=True, exist_ok=True)
    engine = engine_of(target)
    old.create_all(engine)
    with engine.begin() as into, store.engine.connect() as present:
        into.execute(old.tables["about"].insert().values(name="schema", value=str(version)))
        for name in ("runs", "findings"):
            wanted = [column.name for column in old.tables[name].columns]
            rows = present.execute(sa.select(schema.metadata.tables[name])).mappings()
            values = [{column: row[column] for column in wanted} for row in rows]
            if values:
                into.execute(old.tables[name].insert(), values)
    engine.dispose()


def old_store(past: Store, url: str, version: int) -> None:
    """As `write_old`, and the evidence of those runs where that program kept it."""
    write_old(past, url, version)
    shutil.copytree(past.folder / "runs", place_of(url)[1] / "runs", ignore=shutil.ignore_patterns(".*"))


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of a store but its random name, in order."""
    engine = engine_of(place_of(url)[0])
    found = {}
    with engine.connect() as connection:
        for table in schema.metadata.sorted_tables:
            rows = connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            found[table.name] = [tuple(row) for row in rows if row[0] != "identity"]
            if table is schema.findings:
                # Where the findings of an old store lie was not kept.
                found[table.name] = [row[:-1] for row in found[table.name]]
    engine.dispose()
    return found


def shape(url: str) -> dict[str, object]:
    """Everything that a database tells of our tables."""
    engine = engine_of(place_of(url)[0])
    inspector = sa.inspect(engine)
    told = {}
    for table in sorted(inspector.get_table_names()):
        told[table] = {
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
    return told
