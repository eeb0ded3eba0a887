"""The database schema: runs with a short row per finding, the jobs that produce them, and delivered notifications.

The complete run is in files. Times are ISO 8601 in UTC; leases are epoch seconds, because SQL statements compare them.
After the first release, a change of a table also needs a new file in `migrations/versions`.
"""

from __future__ import annotations

import sqlalchemy as sa

REVISION = "1"
"""The newest file of `migrations/versions`, with which a new store is stamped. A database of an older revision is
upgraded,
one of an unknown revision is rejected."""

metadata = sa.MetaData()

about = sa.Table(
    "about",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.String(200), nullable=False),
)
"""`identity`: random, marks the folder or bucket of the store's evidence. `evidence`: the location of the evidence, if
one
was set."""

revisions = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, as Alembic makes it: declared here so that a store can be created and opened without loading
Alembic."""

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
    sa.Column("job", sa.String(40)),
    sa.Index("one_run_per_job", "job", unique=True),
)
"""`question` names organization and scope: runs with the same one can be compared.
`files` maps each file of the run's folder to its SHA-256. `job` is the job that produced it: a job has at most one run,
however often its process dies."""

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
    sa.Column("registries", sa.Text, nullable=False),
)
"""`first_seen` is the start of the run that found it first since it was last fixed; `seen_runs` how many runs
found it since. A row of status `unknown` passes both on unchanged; so does one of status `not_evaluated`, for a finding
of the previous run that this one could not evaluate. `registries` are the registries of the finding
(`audit.visibility`)."""

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("run", sa.String(40), sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
)
"""Runs under legal hold: retention does not delete them."""

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("schedule", sa.String(60)),
    sa.Column("due_at", sa.String(32)),
    sa.Column("requested_at", sa.String(32), nullable=False, index=True),
    sa.Column("requested_by", sa.String(200), nullable=False),
    sa.Column("request", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("run", sa.String(40)),
    sa.Column("started_at", sa.String(32)),
    sa.Column("finished_at", sa.String(32)),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("note", sa.String(400), nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("cancel_requested_by", sa.String(200)),
    sa.Column("holder", sa.String(120)),
    sa.UniqueConstraint("schedule", "due_at", name="one_job_per_occasion"),
)
"""Jobs of the service and their results. `due_at` is set for an occasion of a schedule, which has at most one row,
whichever process inserts it. `done` of `total` registry reads and `note` are its progress."""

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("holder", sa.String(120), nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)
"""Leases: which process may work on what, until when (epoch seconds). A lease that is not renewed expires."""

receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("job", sa.String(40), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("delivery", sa.String(60), primary_key=True),
    sa.Column("run", sa.String(40)),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
)
"""The state of each delivery of a job: `pending`, `sent`, `suppressed` (its rule had nothing to report) or `failed`."""

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("made_at", sa.String(32), nullable=False),
    sa.Column("until", sa.String(32)),
)
"""API tokens, as SHA-256 of 256 random bits: such a token does not need a slow hash."""

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)
"""Browser sessions that were started with a token."""

audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("act", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
)
"""User actions for auditors: waivers, legal holds, releases, pruned runs, cancelled jobs, created tokens."""
