"""Stands in for the rules and the messages while they are not there."""

from __future__ import annotations

import datetime as dt
from typing import Any

from schedules.deliveries.settings import Tell
from schedules.model import Decision, Facts, Message

Digest = Any


def decide(tell: Tell, facts: Facts, *, last_digest_at: dt.datetime | None) -> Decision:
    """Everything goes that is always told, or has no run."""
    if tell.always or facts.run is None:
        return Decision(reasons=("always",))
    return Decision(reasons=(), quiet="nothing new")


def compose(facts: Facts, decision: Decision, digest: Digest | None = None) -> Message:
    """A plain one."""
    run = facts.run.id if facts.run else ""
    document = {"version": 1, "event": "run" if run else "failed", "job": facts.job.id, "run": run}
    return Message(f"ECR audit {facts.schedule}", (facts.job.reason or "finished",), (), facts.link, document)


def digest_of(lines: Any, jobs: Any) -> Digest:
    """Nothing."""
    return None
