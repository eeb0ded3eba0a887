"""The database: runs with a short row a finding, the jobs that make them, and what was told to whom.

The whole run lies in files beside it. Times are ISO 8601 in UTC; leases are epoch seconds, because they are compared
in statements. Once a release has made stores, a change of a table is a new file in `migrations/versions` too.
"""

from __future__ import annotations

import sqlalchemy as sa

REVISION = "1"
"""The newest file of `migrations/versions`, with which a new store is stamped. A database of an older one is upgraded,
one of a revision that has no file is refused."""

metadata = sa.MetaData()

about = sa.Table(
    "about",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.String(200), nullable=False),
)
"""`identity`: a random name, by which a folder or bucket of evidence knows its store. `evidence`: where the evidence
lies, if that was ever said."""

revisions = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, as Alembic makes it: here so that a store can be begun and opened without loading Alembic."""

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
`files` maps each file of the run's folder to its SHA-256. `job` is the job that made it: a job makes one run at most,
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
    sa.Column("places", sa.Text, nullable=False),
)
"""`first_seen` is the start of the run that found it first since it was last known to be gone; `seen_runs` how many
runs found it since. A row of status `unknown` hands both on uncounted; so does one of status `not_evaluated`, for
what the run before had and this one has not, because it could not look there. `places` are the registries that it is
about (`audit.visibility`)."""

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("run", sa.String(40), sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
)
"""Runs under legal hold: retention leaves them alone."""

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
"""Everything the service was asked to do, and what became of it. `due_at` is set for an occasion of a schedule, of
which there is one row at most, whoever records it. `done` of `total` registry reads and `note` tell how far it is."""

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("holder", sa.String(120), nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)
"""Who may work on what, until when (epoch seconds). Whoever does not renew loses it."""

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
"""What became of each promised delivery of a job: `pending`, `sent`, `suppressed` (its rule had nothing to tell) or
`failed`."""

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("made_at", sa.String(32), nullable=False),
    sa.Column("until", sa.String(32)),
)
"""API tokens, as SHA-256 of 256 random bits: such a token needs no slow hash."""

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)
"""Browsers that signed in with a token."""

acts = sa.Table(
    "acts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("act", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
)
"""What people did that an auditor may ask about: waived, held, released, pruned, cancelled, made a token."""
