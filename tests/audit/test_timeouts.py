"""Work that never ends is ended, and what shares its time is not begun."""

from __future__ import annotations

import signal
import threading

import pytest

from audit.timeouts import TimeBudget, TimeBudgetExceededError


def forever() -> None:
    while True:
        pass


def test_endless_work_is_ended_and_the_alarm_is_put_back() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TimeBudgetExceededError, match=r"after 0\.05 seconds"), TimeBudget(each=0.05)():
        forever()
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_pieces_share_their_time() -> None:
    patience = TimeBudget(each=5, together=0.05)
    with pytest.raises(TimeBudgetExceededError), patience():
        forever()
    with pytest.raises(TimeBudgetExceededError, match="used up"), patience():
        pytest.fail("it was begun")


def test_other_threads_are_let_be() -> None:
    done: list[bool] = []

    def work() -> None:
        with TimeBudget(each=0.001)():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
