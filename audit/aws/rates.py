"""How fast one registry may be asked: a token bucket that appears at the first throttling and adapts from there.

AWS publishes no rates for ECR's control-plane reads; it only says that every operation is throttled per account and
Region (ECR user guide, "common errors"). So no rate is assumed: the first refusal sets one from what was measured.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_DECREASE = 0.7
_SLOWEST = 0.5
_FASTEST = 200.0
_GAIN_PER_SECOND = 2.0


class RateLimit:
    """The limit of one (service, account, Region). Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rate: float | None = None
        self._tokens = 0.0
        self._refilled = 0.0
        self._lowered = float("-inf")
        self._window = clock()
        self._sent = 0
        self._previous = 0.0
        self._refused_since: float | None = None

    @property
    def rate(self) -> float | None:
        """Requests a second now allowed; None: not limited, since nothing was ever throttled."""
        return self._rate

    def reserve(self) -> float:
        """Take the next place in the queue; returns the seconds to wait before sending."""
        with self._lock:
            now = self._clock()
            self._measure(now)
            if self._rate is None:
                return 0.0
            self._tokens = min(1.0, self._tokens + (now - self._refilled) * self._rate)
            self._refilled = now
            self._tokens -= 1.0
            return 0.0 if self._tokens >= 0.0 else -self._tokens / self._rate

    def throttled(self) -> None:
        """AWS refused a request as too fast. Answers to requests of the same burst count once."""
        with self._lock:
            now = self._clock()
            if self._refused_since is None:
                self._refused_since = now
            if now - self._lowered < 1.0:
                return
            measured = max(self._previous, self._sent / max(now - self._window, 0.1))
            self._rate = max(_SLOWEST, _DECREASE * (measured if self._rate is None else self._rate))
            self._tokens, self._refilled, self._lowered = 0.0, now, now

    def answered(self) -> None:
        """A request got through: speed up a little, and drop the limit once it is far above any known rate."""
        if self._rate is None:
            return
        with self._lock:
            if self._rate is None:
                return
            self._refused_since = None
            self._rate += _GAIN_PER_SECOND / max(self._rate, 1.0)
            if self._rate > _FASTEST:
                self._rate = None

    def refused_for(self) -> float:
        """Seconds since the first of the refusals between which nothing got through; 0.0 where something just did."""
        with self._lock:
            return 0.0 if self._refused_since is None else self._clock() - self._refused_since

    def _measure(self, now: float) -> None:
        elapsed = now - self._window
        if elapsed >= 1.0:
            self._previous = self._sent / elapsed
            self._window, self._sent = now, 0
        self._sent += 1
