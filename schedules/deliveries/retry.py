"""Retries of deliveries and of database access, and delivery errors that carry more than a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    stop_any,
    wait_random_exponential,
)
from tenacity.stop import stop_base

from schedules.deliveries.settings import DeliverySettings
from schedules.notifications.model import DeliveryError


class LaterError(DeliveryError):
    """The receiver requested a delay before the next attempt."""

    def __init__(self, message: str, *, seconds: float) -> None:
        """*seconds*: from now."""
        super().__init__(message, again=True)
        self.seconds = seconds


class PartlyDeliveredError(DeliveryError):
    """Some of its recipients have it, and must not get it twice."""

    def __init__(self, message: str, *, left: DeliverySettings) -> None:
        """*left*: the delivery to the remaining recipients."""
        super().__init__(message, again=True)
        self.left = left


ATTEMPTS = 5
BOUND_SECONDS = 600.0
"""Bound for all attempts of a delivery and the pauses between them."""
LONGEST_PAUSE_SECONDS = 120.0
DATABASE_ATTEMPTS = 6

Pause = Callable[[float], None]
Answer = TypeVar("Answer")

_AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
"""Errors of a database that is down, locked or unreachable: a retry may succeed."""

_backoff = wait_random_exponential(multiplier=4, max=LONGEST_PAUSE_SECONDS)
"""Full jitter: anything up to 4, 8, 16, 32 seconds, so that deliveries that failed together do not retry together."""


def attempts(pause: Pause) -> Retrying:
    """Attempts of a delivery, as long as a retry may succeed."""
    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, DeliveryError) and error.again),
        wait=_wait,
        stop=stop_any(stop_after_attempt(ATTEMPTS), stop_after_delay(BOUND_SECONDS), _PastBound()),
        sleep=pause,
        reraise=True,
    )


def lasting(call: Callable[[], Answer], pause: Pause) -> Answer:
    """The result of *call*, retried while the database is unavailable. Raises its last error after about 30 s."""
    retrying = Retrying(
        retry=retry_if_exception_type(_AWAY),
        wait=wait_random_exponential(multiplier=1, max=30),
        stop=stop_after_attempt(DATABASE_ATTEMPTS),
        sleep=pause,
        reraise=True,
    )
    return retrying(call)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.seconds if isinstance(error, LaterError) else 0.0
    return max(_backoff(state), asked)


class _PastBound(stop_base):
    """Whether the next pause would exceed the bound; pauses count even where *pause* does not really sleep."""

    def __call__(self, retry_state: RetryCallState) -> bool:
        return retry_state.idle_for + retry_state.upcoming_sleep > BOUND_SECONDS
