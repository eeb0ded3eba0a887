"""An end for work whose length somebody else decides: a suite's regular expression can keep a processor for years."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 120.0
AGAIN_AFTER = 5.0
"""What was interrupted may be one of several: each of them gets this long from then on."""


class OutOfPatienceError(Exception):
    """The work took too long."""


@contextmanager
def interrupted_after_a_while(seconds: float = SECONDS) -> Iterator[None]:
    """Raise OutOfPatienceError in what goes on inside after *seconds*, and again where it goes on regardless.

    Only the main thread can be interrupted (Python's `signal`; its regular expressions look for signals while they
    match); elsewhere the work takes as long as it takes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: object) -> None:
        raise OutOfPatienceError(f"it was ended after {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_AFTER)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
