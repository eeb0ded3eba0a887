"""What is told, as plain sentences and as JSON values: first what changed, then the totals, then a link."""

from __future__ import annotations

from schedules.digests import Digest
from schedules.model import Decision, Facts, Message
from schedules.telling import event_of


def compose(facts: Facts, decision: Decision, digest: Digest | None = None) -> Message:
    """The message about *facts* for a delivery that *decision* lets go."""
    name = facts.schedule or "audit"
    verdict = facts.view.conclusion.word if facts.view is not None else facts.job.state.value
    return Message(
        subject=f"[ecr-audit] {name}: {verdict}"[:150],
        changed=decision.reasons,
        totals=() if facts.view is None else facts.view.conclusion.sentences,
        link=facts.link,
        document={"version": 1, "event": event_of(decision).value, "schedule": facts.schedule},
    )
