"""Everything around the service: AWS, a database server, receivers of mail and of signed messages, and the clock."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import subprocess
import sys
import time
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from aiosmtpd.controller import Controller

from audit.store import Store, open_store
from ecr_audit.simulator import DEMO_BASELINE, DEMO_WORLD, Simulation, load_world, serve
from schedules.deliveries.receipts import Receipt, Receipts, ReceiptState
from schedules.jobs.queue import Job, JobQueue, JobState, Kind
from tests.audit.store.postgresql import Server
from tests.nights.processes import Forked
from tests.schedules.deliveries.mailboxes import Post
from tests.schedules.deliveries.receivers import Answer, Web, receiver

ZONE = zoneinfo.ZoneInfo("Europe/Berlin")
FIRST = dt.date(2027, 3, 11)
"""In the night of 28 March the clock skips 02:30."""
SECONDS = 120.0
"""Whatever takes longer will never come."""
CONFIGURATION = """\
version: 1
store: {store}
aws: {{endpoint_url: "{endpoint}", processes: 1}}
retention: {{runs: 20}}
schedules:
  nightly:
    every: nightly
    timezone: Europe/Berlin
    baseline: baseline.yaml
    {scope}
    deliveries: [archive, mail, hook]
    time_limit_minutes: 60
deliveries:
  archive: {{type: folder, folder: archive, attach: [csv]}}
  mail:
    {{type: smtp, host: 127.0.0.1, port: {mail}, tls: none, sender: audit@example.com, to: [oncall@example.com]}}
  hook: {{type: webhook, url: "{hook}", secret: {{file: secret}}, notify_on: {{always: true}}}}
"""


@dataclass
class Stage:
    """One organization, one service, one night after another."""

    folder: Path
    zygote: str
    simulation: Simulation
    database: Server
    url: str
    post: Post
    mail_port: int
    hook: Web
    answers: list[Answer] = field(default_factory=list)
    """What the receiver of signed messages answers next; without any, it takes them."""
    service: Forked | None = None
    now: float = 0.0

    def __post_init__(self) -> None:
        self.engine = sa.create_engine(self.url.replace("postgresql:", "postgresql+psycopg:"), pool_pre_ping=True)
        self.queue = JobQueue(self.engine, lambda: dt.datetime.fromtimestamp(self.now, dt.UTC))

    # --- time -------------------------------------------------------------------------------------------------------

    def due(self, night: int) -> dt.datetime:
        """When night number *night*, from 1, is due: at 02:30, or where the clock skips that, at the end of the gap."""
        wall = dt.datetime.combine(FIRST + dt.timedelta(days=night - 1), dt.time(2, 30), ZONE)
        back = wall.astimezone(dt.UTC).astimezone(ZONE)
        return (wall if back == wall and back.hour == 2 else wall.replace(hour=3, minute=0)).astimezone(dt.UTC)

    def show(self, moment: dt.datetime) -> None:
        """Let the clock show *moment*, for AWS and for the service."""
        self.now = moment.timestamp()
        self.simulation.world._now = self.now
        if self.service is not None:
            self.service.say(f"now {self.now}")

    # --- the service ------------------------------------------------------------------------------------------------

    def start(self, moment: dt.datetime) -> Forked:
        """A service that begins at *moment*."""
        self.show(moment)
        self.service = self.another()
        return self.service

    def another(self) -> Forked:
        """One more service of the same store."""
        header = {"play": "service", "stage": str(self.folder), "zygote": self.zygote, "at": self.now}
        return Forked(self.zygote, header)

    def kill(self) -> None:
        """End the service as a power cut does."""
        assert self.service is not None
        self.service.kill()
        self._gone()

    def stop(self) -> None:
        """End the service in good order."""
        assert self.service is not None
        self.service.say("stop")
        assert self._gone() == 0

    def _gone(self) -> int | None:
        service, self.service = self.service, None
        assert service is not None
        self.until(lambda: service.ended() is not None)
        return service.ended()

    def in_store_for_workers(self, *faults: list[str]) -> None:
        """What befalls the next worker, the one after it, …"""
        (self.folder / "faults.json").write_text(json.dumps(faults))

    # --- the mail server --------------------------------------------------------------------------------------------

    def start_mail(self) -> None:
        self._mail = Controller(
            self.post, hostname="127.0.0.1", port=self.mail_port, decode_data=False, enable_SMTPUTF8=False
        )
        self._mail.start()

    def stop_mail(self) -> None:
        self._mail.stop(no_assert=True)

    # --- what is to be seen -----------------------------------------------------------------------------------------

    def job(self, night: int) -> Job | None:
        """The job of a night's occasion."""
        return self.queue.occasion("nightly", self.due(night))

    def receipts(self, job: Job) -> tuple[Receipt, ...]:
        """What became of its promised deliveries."""
        return Receipts(self.engine, self.queue._clock).of(job.id)

    def settled(self, night: int) -> bool:
        """Whether a night has its outcome, and everybody was told."""
        job = self.job(night)
        return job is not None and job.state.ended and self._told(job)

    def told(self, job_id: str, state: JobState) -> bool:
        """Whether a job ended so, and everybody was told."""
        job = self.queue.get(job_id)
        return job is not None and job.state is state and self._told(job)

    def _told(self, job: Job) -> bool:
        ended = {one.delivery for one in self.receipts(job) if one.state is not ReceiptState.PENDING}
        return ended.issuperset(job.promised)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for *condition*. A database that is away makes none true."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except sa.exc.OperationalError:
                pass
            time.sleep(0.05)
        shown = [
            (job.id, job.due_at, job.state, job.reason, job.note, job.attempts) for job in self.queue.list(limit=3)
        ]
        raise AssertionError(f"it did not come to pass; the ledger ends with {shown}")

    def running(self, night: int) -> bool:
        """Whether somebody works on a night's job."""
        job = self.job(night)
        return job is not None and job.state is JobState.RUNNING

    def manual_steps(self) -> Job:
        """An audit that somebody asks for besides."""
        request = {"deliveries": ["archive", "mail", "hook"]}
        job = self.queue.enqueue(Kind.AUDIT, by="ada", schedule="nightly", request=request)
        assert job is not None
        return job

    def store(self) -> Store:
        """The store, opened anew."""
        return open_store(self.url)


@contextmanager
def staged(folder: Path, database: Server, *, whole: bool) -> Iterator[Stage]:
    """A stage in *folder*. *whole*: audit the demo organization as a whole, not two of its accounts."""
    with ExitStack() as stack:
        simulation = stack.enter_context(serve(load_world(DEMO_WORLD)))
        os.environ.update(simulation.environment())
        answers: list[Answer] = []
        hook = stack.enter_context(receiver(lambda _got: answers.pop(0) if answers else Answer()))
        post = Post()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        url = database.fresh()
        scope = "" if whole else 'scope: {accounts: ["210000000041", "210000000042"]}'
        text = CONFIGURATION.format(store=url, endpoint=simulation.endpoint, mail=port, hook=hook.url, scope=scope)
        (folder / "service.yaml").write_text(text)
        (folder / "baseline.yaml").write_text(DEMO_BASELINE.read_text())
        (folder / "secret").write_text("a-key-for-signatures")
        open_store(url)
        zygote = stack.enter_context(_zygote(folder))
        stage = Stage(folder, zygote, simulation, database, url, post, port, hook, answers)
        stage.start_mail()
        stack.callback(stage.stop_mail)
        stack.callback(lambda: stage.service and stage.service.kill())
        yield stage


@contextmanager
def _zygote(folder: Path) -> Iterator[str]:
    path = str(folder / "zygote")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.nights.zygote", path],
            stdout=subprocess.PIPE,
            stderr=log,
            stdin=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield path
        finally:
            process.kill()
            process.wait()
