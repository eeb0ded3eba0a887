"""The service: jobs and what became of them, leases, receipts, holds, tokens, sessions, and what people did."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Add what a team needs. Runs that are there were made by no job."""
    op.add_column("runs", sa.Column("job", sa.String(40)))
    op.create_index("one_run_per_job", "runs", ["job"], unique=True)
    op.add_column("findings", sa.Column("places", sa.Text))
    _jobs()
    _service()
    _people()
    about = sa.table("about", sa.column("name"), sa.column("value"))
    op.execute(about.insert().values(name="identity", value=uuid.uuid4().hex))


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("schedule", sa.String(60)),
        sa.Column("due_at", sa.String(32)),
        sa.Column("asked_at", sa.String(32), nullable=False),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("run", sa.String(40)),
        sa.Column("started_at", sa.String(32)),
        sa.Column("finished_at", sa.String(32)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("note", sa.String(400), nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("cancel_asked_by", sa.String(200)),
        sa.Column("holder", sa.String(120)),
        sa.UniqueConstraint("schedule", "due_at", name="one_job_per_occasion"),
    )
    op.create_index("ix_jobs_asked_at", "jobs", ["asked_at"])
    op.create_index("ix_jobs_state", "jobs", ["state"])


def _service() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(120), primary_key=True),
        sa.Column("holder", sa.String(120), nullable=False),
        sa.Column("until", sa.Float, nullable=False),
    )
    op.create_table(
        "receipts",
        sa.Column("job", sa.String(40), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("delivery", sa.String(60), primary_key=True),
        sa.Column("run", sa.String(40)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )


def _people() -> None:
    op.create_table(
        "holds",
        sa.Column("run", sa.String(40), sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.Column("until", sa.String(32)),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("until", sa.Float, nullable=False),
    )
    op.create_table(
        "acts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
