"""What a forked process plays: a service, or a worker that something befalls."""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

import time_machine

from audit.progress import Phase, ProgressEvent
from audit.store import open_store
from schedules.configuration.loading import load_configuration
from schedules.deliveries import retry
from schedules.deliveries.receipts import Receipts
from schedules.jobs.queue import JobQueue
from schedules.service import supervisor, worker
from schedules.service.main import Service
from schedules.service.progress import Steps
from tests.nights.processes import launcher


def service(header: dict[str, Any]) -> int:
    """A service that lives until it is told to stop, or dies. Time goes on from what it is told."""
    traveller = time_machine.travel(dt.datetime.fromtimestamp(header["at"], dt.UTC), tick=True).start()
    # Pauses that are minutes by night are moments here.
    supervisor.RETRY_SECONDS, supervisor.NOTIFY_LOOKS_SECONDS, supervisor.GRACE_SECONDS = 0.2, 0.3, 5.0
    stage = Path(header["stage"])
    configuration = load_configuration((stage / "service.yaml").read_text(), "service.yaml", stage)
    store = open_store(configuration.store)
    launch = launcher(header["zygote"], header["stage"], time.time)
    one = Service(configuration, store, worker.utc_now, launch=launch, poll_seconds=0.05)
    one._supervisor._ticks = time.time
    one.start()
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "now":
            traveller.move_to(dt.datetime.fromtimestamp(float(rest), dt.UTC))
            one._scheduler.wakeup()
        if word == "stop":
            one.stop(20)
            return 0
    return 1


def work(header: dict[str, Any]) -> int:
    """A worker, as it comes, or with what the stage has in store for it."""
    traveller = time_machine.travel(dt.datetime.fromtimestamp(header["at"], dt.UTC), tick=True)
    traveller.start()
    retry.BOUND_SECONDS = 5.0
    retry._backoff = lambda _state: 0.05  # type: ignore[assignment]
    for fault in _taken(Path(header["stage"]) / "faults.json"):
        _FAULTS[fault](Path(header["stage"]))
    return worker.main()


def _taken(path: Path) -> list[str]:
    """The next worker's faults; the one after it has none of them."""
    try:
        todo: list[list[str]] = json.loads(path.read_text())
    except FileNotFoundError:
        return []
    if not todo:
        return []
    path.write_text(json.dumps(todo[1:]))
    return todo[0]


def _die(*_arguments: object, **_named: object) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_at(phase: Phase) -> Any:
    def prepare(_stage: Path) -> None:
        real = Steps.__call__

        def note(self: Steps, event: ProgressEvent) -> None:
            real(self, event)
            if event == ProgressEvent(phase):
                _die()

        Steps.__call__ = note  # type: ignore[method-assign]  # in this process alone

    return prepare


def _hang_at(phase: Phase) -> Any:
    def prepare(stage: Path) -> None:
        real = Steps.__call__

        def note(self: Steps, event: ProgressEvent) -> None:
            real(self, event)
            if event == ProgressEvent(phase):
                (stage / "hanging").touch()
                while (stage / "hanging").exists():
                    time.sleep(0.02)

        Steps.__call__ = note  # type: ignore[method-assign]  # in this process alone

    return prepare


def _small_disk(_stage: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))


def _replace(owner: Any, name: str) -> Any:
    return lambda _stage: setattr(owner, name, _die)


_FAULTS: dict[str, Any] = {
    "dies-reading": _die_at(Phase.SUMMARIES),
    "dies-judging": _die_at(Phase.JUDGING),
    "dies-before-keeping": _die_at(Phase.KEEPING),
    "dies-once-kept": _replace(JobQueue, "made"),
    "dies-before-its-outcome": _replace(JobQueue, "end"),
    "dies-before-telling": _replace(worker, "notify"),
    "dies-before-a-receipt": _replace(Receipts, "sent"),
    "hangs": _hang_at(Phase.SUMMARIES),
    "full-disk": _small_disk,
}

PLAYS = {"service": service, "worker": work}
