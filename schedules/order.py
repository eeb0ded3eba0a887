"""What a worker process is told on its standard input: one line of JSON. It may hold a database password, so it is
neither an argument nor a variable of the environment, which other processes could read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum


class Task(StrEnum):
    """What a worker is to do with its job."""

    WORK = "work"
    """Do it, record its outcome, tell whoever is to hear of it."""
    TELL = "tell"
    """Its outcome is recorded; tell those who have not heard of it."""


@dataclass(frozen=True, slots=True)
class Order:
    """One job for one worker."""

    task: Task
    job: str
    holder: str
    """Which attempt this is: what it writes is taken only while that one holds the job."""
    store: str
    """URL of the store, which knows where its evidence lies."""
    configuration: str
    """The service's configuration, as JSON."""

    def as_line(self) -> bytes:
        """One line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Order:
        """The reverse of `as_line`."""
        values = json.loads(line)
        return cls(**values | {"task": Task(values["task"])})
