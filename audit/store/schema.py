"""The database: one row a run, one short row a finding for history. The whole run lies in a file beside it."""

from __future__ import annotations

import sqlalchemy as sa

VERSION = 2
"""Raised with every change of the tables; a database of a newer version is refused."""

metadata = sa.MetaData()

about = sa.Table(
    "about",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.String(200), nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("started_at", sa.String(32), nullable=False, index=True),
    sa.Column("finished_at", sa.String(32), nullable=False),
    sa.Column("organization", sa.String(80), nullable=False),
    sa.Column("question", sa.String(12), nullable=False, index=True),
    sa.Column("summary", sa.JSON, nullable=False),
    sa.Column("files", sa.JSON, nullable=False),
)
"""`question` names organization and scope: runs with the same one can be compared.
`files` maps each file of the run's folder to its SHA-256."""

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("run", sa.String(40), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("fingerprint", sa.String(16), primary_key=True),
    sa.Column("check", sa.String(80), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("account", sa.String(12), nullable=False),
    sa.Column("region", sa.String(40), nullable=False),
    sa.Column("waived", sa.Boolean, nullable=False),
    sa.Column("first_seen", sa.String(32), nullable=False),
    sa.Column("seen_runs", sa.Integer, nullable=False),
)
"""`first_seen` is the start of the run that found it first since it was last known to be gone; `seen_runs` how many
runs found it since. A row of status `unknown` hands both on uncounted: nobody could look."""
