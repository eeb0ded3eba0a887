"""Daemon threads that take work from a queue and do not delay an interrupted run.

The standard thread pool joins its threads when the interpreter ends, so Ctrl-C would wait for slow AWS calls.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Job(Generic[Result]):
    """A function that a thread runs, and its result."""

    __slots__ = ("_done", "_error", "_function", "_result")

    def __init__(self, function: Callable[[], Result]) -> None:
        self._function = function
        self._done = threading.Event()
        self._result: list[Result] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        """Run the function on the calling thread."""
        try:
            self._result.append(self._function())
        except BaseException as error:
            # Raised again in the thread that waits for the result.
            self._error = error
        finally:
            self._done.set()

    def result(self) -> Result:
        """Wait for the result; raises what the function raised."""
        # A wait without time-out cannot be interrupted by Ctrl-C on every platform.
        while not self._done.wait(timeout=60.0):
            pass
        if self._error is not None:
            raise self._error
        return self._result[0]


class ThreadPool:
    """A fixed number of threads. `each` may be called from several other threads at once, never from its own."""

    def __init__(self, threads: int, name: str) -> None:
        self._queue: queue.SimpleQueue[Job[None] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    @property
    def size(self) -> int:
        """Number of threads."""
        return len(self._threads)

    def each(self, function: Callable[[Item], None], items: Iterable[Item], at_once: int) -> None:
        """Call *function* on every item, at most *at_once* together; raises the first error after the others ended."""
        todo = _Shared(items)

        def drain() -> None:
            for item in todo:
                function(item)

        jobs = [Job(drain) for _ in range(max(1, min(at_once, self.size)))]
        for job in jobs:
            self._queue.put(job)
        errors = [error for error in (_error_of(job) for job in jobs) if error is not None]
        if errors:
            raise errors[0]

    def submit(self, function: Callable[[], None]) -> None:
        """Run *function* when a thread is free. It must not raise: no thread waits for its result."""
        self._queue.put(Job(function))

    def close(self) -> None:
        """Let the threads end once the queue is empty."""
        for _ in self._threads:
            self._queue.put(None)

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            job.run()


class _Shared(Iterator[Item]):
    """One iterator that several threads take from."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = iter(items)
        self._lock = threading.Lock()

    def __next__(self) -> Item:
        with self._lock:
            return next(self._items)


def _error_of(job: Job[None]) -> BaseException | None:
    try:
        job.result()
    except Exception as error:
        # Raised by the caller once every other job has ended too.
        return error
    return None
