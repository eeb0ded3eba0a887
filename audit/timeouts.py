"""A time limit for work of unbounded length: a regular expression in a custom check can run for years."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

AGAIN_AFTER = 1.0
"""The interrupted work may be one of several pieces: each of the others then gets this many seconds."""


class TimeBudgetExceededError(Exception):
    """The work took too long."""


@dataclass(slots=True)
class TimeBudget:
    """How many seconds one piece of work may take, and all pieces together.

    Only the main thread can be interrupted (Python's `signal`; regular expressions check for signals while they match).
    In other threads a piece runs to its end, and no further piece starts when the time is used up.
    """

    each: float = 120.0
    together: float = 600.0
    _spent: float = field(default=0.0, init=False)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Raise TimeBudgetExceededError in the block once its time is used up, and again if the block continues.

        Raises it at once where no time is left.
        """
        left = self.together - self._spent
        if left <= 0:
            raise TimeBudgetExceededError(
                f"the time limit of {self.together:g} seconds for all custom checks is used up"
            )
        began = time.monotonic()
        try:
            with _alarm(min(self.each, left)):
                yield
        finally:
            self._spent += time.monotonic() - began


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: object) -> None:
        raise TimeBudgetExceededError(f"it was stopped after {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_AFTER)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
