"""`notify_on` of a delivery: the events that it is notified of."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from checks.baseline.values import Strict
from checks.model import Severity


class NotifyOn(Strict):
    """The events that a delivery is notified of. If none applies, nothing is sent, and the receipt says why."""

    always: bool = Field(default=False, description="After every run, regardless of its findings.")
    new: Severity | Literal["never"] = Field(
        default=Severity.HIGH, description="New findings of this severity or higher; `never`: none."
    )
    worse: bool = Field(default=True, description="A finding became more severe, at or above `new`.")
    gaps: bool = Field(default=True, description="New evidence gaps, compared with the previous run.")
    recovery: bool = Field(default=True, description="What an earlier notification reported is resolved.")
    failed: bool = Field(default=True, description="There is no run: the job failed, was missed or timed out.")
    digest: Literal["never", "daily", "weekly", "monthly"] = Field(
        default="never",
        description="In addition, a summary of all runs since the last digest, sent with the first run of each period.",
    )
