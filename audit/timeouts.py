"""An end for work whose length somebody else decides: a suite's regular expression can keep a processor for years."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

AGAIN_AFTER = 1.0
"""What was interrupted may be one of several pieces: each of them gets this long from then on."""


class TimeBudgetExceededError(Exception):
    """The work took too long."""


@dataclass(slots=True)
class TimeBudget:
    """How many seconds one piece of work may take, and all pieces together.

    Only the main thread can be interrupted (Python's `signal`; its regular expressions look for signals while they
    match); elsewhere a piece takes as long as it takes, and the next one is not begun when the time is up.
    """

    each: float = 120.0
    together: float = 600.0
    _spent: float = field(default=0.0, init=False)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Raise OutOfPatienceError in what goes on inside once its time is up, and again where it goes on regardless.

        Raises it at once where no time is left.
        """
        left = self.together - self._spent
        if left <= 0:
            raise TimeBudgetExceededError(f"the {self.together:g} seconds for all of this are used up")
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
        raise TimeBudgetExceededError(f"it was ended after {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_AFTER)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
