"""Rate limits of expensive operations: per user and for all users together."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from enum import StrEnum

from fastapi import HTTPException, Request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ecr_audit.web.security.roles import User


class Cost(StrEnum):
    """What is limited."""

    AUDIT = "audits"
    REPORT = "reports"
    """Jobs that make reports."""
    DOWNLOAD = "downloads"
    """Reports that are rendered during the request."""
    WAIVER = "waivers"
    SIGN_IN = "sign-in attempts"
    WRONG = "requests with an invalid token"
    FOLLOW = "connections that follow a job"


EACH_AND_ALL: Mapping[Cost, tuple[str, str]] = {
    Cost.AUDIT: ("20/hour", "60/hour"),
    Cost.REPORT: ("60/hour", "240/hour"),
    Cost.DOWNLOAD: ("60/minute", "240/minute"),
    Cost.WAIVER: ("60/minute", "120/minute"),
    Cost.SIGN_IN: ("10/minute", "100/minute"),
    Cost.WRONG: ("30/minute", "1000/minute"),
    Cost.FOLLOW: ("120/minute", "600/minute"),
}
"""Limits per user or address, and for all together."""


class RateLimits:
    """Counts in this process. Each process of a service counts for itself."""

    def __init__(self, bounds: Mapping[Cost, tuple[str, str]] = EACH_AND_ALL) -> None:
        """*bounds*: per user and for all together, as in `10/minute`."""
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._lock = threading.Lock()
        self._bounds = {cost: (parse(each), parse(together)) for cost, (each, together) in bounds.items()}

    def hit(self, cost: Cost, who: str) -> int:
        """Count one operation. 0 if it is allowed, else the seconds to wait."""
        each, together = self._bounds[cost]
        with self._lock:
            wait = max(self._wait(each, cost, who), self._wait(together, cost, ""))
            if not wait:
                self._limiter.hit(each, cost.value, who)
                self._limiter.hit(together, cost.value, "")
            return wait

    def _wait(self, bound: RateLimitItem, cost: Cost, who: str) -> int:
        if self._limiter.test(bound, cost.value, who):
            return 0
        left = self._limiter.get_window_stats(bound, cost.value, who).reset_time - time.time()
        return max(1, math.ceil(left))


class Limited:
    """A dependency that enforces a rate limit; comes after the dependency that checks the role."""

    def __init__(self, cost: Cost) -> None:
        """*cost*: what is counted."""
        self.cost = cost

    def __call__(self, request: Request) -> None:
        """Raises HTTPException 429 with `Retry-After`."""
        user: User | None = request.state.user
        limits: RateLimits = request.app.state.limits
        who = user.name if user else request.client.host if request.client else ""
        wait = limits.hit(self.cost, f"{'user' if user else 'address'} {who}")
        if wait:
            detail = f"too many {self.cost.value}; try again in {wait} seconds"
            raise HTTPException(429, detail, headers={"Retry-After": str(wait)})
