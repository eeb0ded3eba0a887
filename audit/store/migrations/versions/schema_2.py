"""Findings know since when they are there.

Ages of kept runs are worked out from the runs themselves, oldest first, as they would have been while they were kept:
a finding is as old as the first *kept* run that found it. What was deleted before cannot be known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"

_runs = sa.table("runs", sa.column("id"), sa.column("started_at"), sa.column("question"), sa.column("summary", sa.JSON))
_findings = sa.table(
    "findings",
    sa.column("run"),
    sa.column("fingerprint"),
    sa.column("status"),
    sa.column("first_seen"),
    sa.column("seen_runs"),
)


def upgrade() -> None:
    """Add the columns, work them out, and let them be required."""
    with op.batch_alter_table("findings") as table:
        table.add_column(sa.Column("first_seen", sa.String(32)))
        table.add_column(sa.Column("seen_runs", sa.Integer))
    connection = op.get_bind()
    carried: dict[str, dict[str, tuple[str, int]]] = {}
    for run in connection.execute(sa.select(_runs).order_by(_runs.c.id)).all():
        carried[run.question] = _age(connection, run, carried.get(run.question, {}))
    with op.batch_alter_table("findings") as table:
        table.alter_column("first_seen", existing_type=sa.String(32), nullable=False)
        table.alter_column("seen_runs", existing_type=sa.Integer, nullable=False)


def _age(
    connection: sa.Connection, run: sa.Row[Any], before: Mapping[str, tuple[str, int]]
) -> dict[str, tuple[str, int]]:
    """Write the ages of one run; what the next one of its question goes on from."""
    started = run.summary["started_at"]
    found = {}
    rows = sa.select(_findings.c.fingerprint, _findings.c.status).where(_findings.c.run == run.id)
    for fingerprint, status in connection.execute(rows).all():
        first, count = before.get(fingerprint, (started, 0))
        if status == "fail":
            # A row that could not be decided until now was not seen before.
            first, count = (first if count else started), count + 1
        found[fingerprint] = first, count
    if found:
        row = sa.and_(_findings.c.run == sa.bindparam("in_run"), _findings.c.fingerprint == sa.bindparam("of"))
        values = [{"in_run": run.id, "of": of, "since": first, "count": count} for of, (first, count) in found.items()]
        update = sa.update(_findings).where(row)
        connection.execute(update.values(first_seen=sa.bindparam("since"), seen_runs=sa.bindparam("count")), values)
    summary = run.summary
    complete = summary["gaps"] == 0 and summary["registries_planned"] == summary["registries_complete"]
    return found if complete else {**before, **found}
