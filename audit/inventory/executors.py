"""Runs tasks on threads of this process, or in worker processes; a task whose worker dies is repeated or reported."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from audit.aws.calls import Calls
from audit.aws.identities import Keys, RoleIdentity
from audit.aws.sessions import ClientSession
from audit.aws.settings import AwsSettings
from audit.inventory.tasks import Result, Task, perform
from audit.inventory.thread_pool import ThreadPool

_ATTEMPTS = 2
"""How often a task is started: it is repeated once after the death of its worker."""


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """A task without a result."""

    code: str
    message: str


TaskOutcome = Result | TaskFailure


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a worker process needs to start."""

    settings: AwsSettings
    caller_account: str
    partition: str
    caller_keys: Keys | None
    """Temporary credentials of the caller; None: the worker finds them as this process did."""
    threads: int


def _attempt(task: Task, calls: Calls, pool: ThreadPool) -> TaskOutcome:
    try:
        return perform(task, calls, pool)
    except Exception as error:
        # An unexpected error on one registry must not end the run: it becomes an evidence gap of that registry.
        return TaskFailure(
            type(error).__name__, f"the collector failed with an unexpected error on this registry: {error}"
        )


class ThreadExecutor:
    """Runs tasks on threads of this process."""

    def __init__(self, calls: Calls, threads: int) -> None:
        self._calls = calls
        self._coordinators = ThreadPool(threads, "registry")
        self._readers = ThreadPool(threads, "call")

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, TaskOutcome]]:
        """Each task with its outcome, in the order in which they end."""
        done: queue.SimpleQueue[tuple[Task, TaskOutcome]] = queue.SimpleQueue()
        for task in tasks:
            self._coordinators.submit(partial(self._run_one, task, done))
        for _ in tasks:
            yield done.get()

    def _run_one(self, task: Task, done: queue.SimpleQueue[tuple[Task, TaskOutcome]]) -> None:
        done.put((task, _attempt(task, self._calls, self._readers)))

    def close(self) -> None:
        """Let the threads end."""
        self._coordinators.close()
        self._readers.close()


@dataclass(slots=True, eq=False)
class _Worker:
    process: BaseProcess
    pipe: Connection
    busy: dict[int, Task] = field(default_factory=dict)

    @property
    def load(self) -> int:
        return sum(task.weight for task in self.busy.values())


class ProcessExecutor:
    """Runs tasks in worker processes; `close` ends every worker."""

    def __init__(self, setup: WorkerSetup, processes: int) -> None:
        self._setup = setup
        self._context = multiprocessing.get_context("spawn")
        self._workers = [self._start() for _ in range(processes)]

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, TaskOutcome]]:
        """Each task with its outcome, in the order in which they end. A task whose worker died is started once more."""
        todo = sorted(range(len(tasks)), key=lambda number: tasks[number].weight)
        begun = dict.fromkeys(todo, 0)
        left = len(tasks)
        while left:
            self._assign(tasks, todo, begun)
            for worker in self._ready():
                outcome = self._receive(worker)
                if outcome is not None:
                    number, result = outcome
                    yield worker.busy.pop(number), result
                    left -= 1
                    continue
                for number, task in self._replace_worker(worker).items():
                    if begun[number] < _ATTEMPTS:
                        todo.append(number)
                    else:
                        yield task, TaskFailure("WorkerDied", "two worker processes died while they read this registry")
                        left -= 1

    def close(self) -> None:
        """End every worker, also in the middle of a task."""
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(timeout=2.0)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(theirs, self._setup), name="ecr-audit worker", daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _assign(self, tasks: Sequence[Task], todo: list[int], begun: dict[int, int]) -> None:
        """Give tasks, largest first, to the least loaded worker; no worker gets more tasks than it has threads."""
        while todo:
            worker = min(self._workers, key=lambda one: (one.load, len(one.busy)))
            if len(worker.busy) >= self._setup.threads:
                free = [one for one in self._workers if len(one.busy) < self._setup.threads]
                if not free:
                    return
                worker = min(free, key=lambda one: one.load)
            number = todo.pop()
            begun[number] += 1
            worker.busy[number] = tasks[number]
            try:
                worker.pipe.send((number, tasks[number]))
            except OSError:
                return  # the worker is dead; its sentinel becomes ready at once

    def _ready(self) -> list[_Worker]:
        pipes = {worker.pipe: worker for worker in self._workers}
        sentinels = {worker.process.sentinel: worker for worker in self._workers}
        ready: list[Any] = wait([*pipes, *sentinels])
        # A dead worker's last answers are still in its pipe, so pipes come first.
        found = [pipes[one] for one in ready if one in pipes]
        return found or [sentinels[one] for one in ready if one in sentinels]

    def _receive(self, worker: _Worker) -> tuple[int, TaskOutcome] | None:
        """The next outcome of *worker*; None when it is dead."""
        try:
            if worker.pipe.poll() or worker.process.is_alive():
                number, outcome = worker.pipe.recv()
                return int(number), outcome
        except (EOFError, OSError):
            pass  # the pipe ended: the worker died, which the caller handles
        return None

    def _replace_worker(self, worker: _Worker) -> dict[int, Task]:
        """Replace a dead worker; returns the tasks that it had."""
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
        self._workers[self._workers.index(worker)] = self._start()
        return worker.busy


def work(pipe: Connection, setup: WorkerSetup) -> None:
    """Main function of a worker process: take tasks from *pipe*, send outcomes back, end when the parent is gone."""
    # Ctrl-C reaches the whole process group; the parent decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    session = ClientSession(setup.settings, connections=setup.threads)
    calls = Calls(session, caller_account=setup.caller_account, partition=setup.partition, in_flight=setup.threads)
    if setup.caller_keys is not None:
        keys = setup.caller_keys
        session.set_caller_credentials(keys.access_key, keys.secret_key, keys.token)
        calls.caller_identity = RoleIdentity(session.refreshed_caller_keys, keys)
    coordinators = ThreadPool(setup.threads, "registry")
    readers = ThreadPool(setup.threads, "call")
    sending = threading.Lock()

    def do(number: int, task: Task) -> None:
        outcome = _attempt(task, calls, readers)
        if not isinstance(outcome, TaskFailure):
            outcome = replace(outcome, calls=outcome.calls.plus(calls.take_role_counts()))
        with sending:
            pipe.send((number, outcome))

    while True:
        try:
            number, task = pipe.recv()
        except (EOFError, OSError):
            # The parent is gone or closed the pipe. Threads may be waiting for AWS: their results are no longer needed.
            os._exit(0)
        coordinators.submit(partial(do, number, task))
