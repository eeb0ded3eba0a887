"""`notify_on` of a delivery: the events of which it is notified."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from checks.baseline.values import Strict
from checks.model import Severity


class NotifyOn(Strict):
    """The events that a delivery is notified of. Where none applies, nothing is sent, and the receipt says why."""

    always: bool = Field(default=False, description="After every run, whatever it found.")
    new: Severity | Literal["never"] = Field(
        default=Severity.HIGH, description="New findings of this severity or a worse one."
    )
    worse: bool = Field(default=True, description="A finding became more severe, at or above `new`.")
    gaps: bool = Field(default=True, description="Evidence is missing that the run before had.")
    recovery: bool = Field(default=True, description="What an earlier notification reported is resolved.")
    failed: bool = Field(default=True, description="There is no run: the job failed, was missed or took too long.")
    digest: Literal["never", "daily", "weekly", "monthly"] = Field(
        default="never",
        description="Besides that, a summary of all runs since the last one, with the first run of a period.",
    )
