"""What the tests of the pages share: two nights with jobs of every outcome, and ways to look at pages."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

import httpx

from audit.model import Run
from checks.model import Severity, Status
from ecr_audit.web.security.headers import POLICY
from schedules.configuration.service import Schedule
from schedules.deliveries.receipts import Receipts
from schedules.jobs.queue import JobState, Kind
from tests.ecr_audit.web.doors import NOW, RUN, Served, kept, mixed, serving, tables
from tests.ecr_audit.web.pages_seen import Seen
from tests.reports.mixed import mixed_run

EARLIER = "20261122T020000Z-4f9a1c"


def earlier_run() -> Run:
    """The run of the night before: without the last finding of each check, one of them less severe."""
    run = mixed_run()
    results = []
    for result in run.results:
        found = [
            replace(one, severity=Severity.LOW) if one.status is Status.FAIL else one for one in result.findings[:1]
        ]
        results.append(replace(result, findings=(*found, *result.findings[1:-1])))
    return kept(replace(run, results=tuple(results)), 22)


@contextmanager
def usual(folder: Path) -> Iterator[Served]:
    """Two nights of the usual organization, two schedules, jobs of every outcome."""
    schedules = {
        "nightly": Schedule(every="nightly", timezone="Europe/Berlin", waivers=str(folder / "waivers.yaml")),
        "weekly": Schedule(every="weekly", paused=True),
    }
    with serving(folder, schedules=schedules, runs=[(earlier_run(), tables()), mixed()]) as world:
        _jobs(world)
        yield world


def _jobs(world: Served) -> None:
    queue, receipts = world.services.queue, Receipts(world.store.engine, world.services.clock)
    for at, state in enumerate(state for state in JobState if state.ended):
        due = NOW - dt.timedelta(days=at + 1)
        job = queue.enqueue(Kind.AUDIT, by="schedule", schedule="nightly", due_at=due)
        assert job is not None
        assert queue.begin(job.id, "worker") is not None
        if state is JobState.DONE:
            queue.made(job.id, "worker", RUN)
            receipts.promise(job.id, "mail")
            receipts.failed(job.id, "mail", "<b>no answer</b>")
            receipts.promise(job.id, "archive")
            receipts.sent(job.id, "archive", {"place": "reports/\u202e"})
        queue.end(job.id, "worker", state, "" if state is JobState.DONE else f"because of <{state}>")
    running = queue.enqueue(Kind.AUDIT, by="<i>somebody</i>", request={"scope": {"regions": ["eu-west-1"]}})
    assert running is not None
    queue.begin(running.id, "worker")
    queue.report_progress(running.id, "worker", note="reading <registries>", done=3, total=12)
    queue.enqueue(Kind.AUDIT, by="test", schedule="nightly", request={"deliveries": ["mail"]})
    report = queue.enqueue(Kind.REPORT, by="test", run=RUN, request={"formats": ["csv", "markdown"]})
    assert report is not None
    queue.begin(report.id, "worker")
    queue.end(report.id, "worker", JobState.DONE)


def look(client: httpx.Client, path: str, status: int = 200) -> Seen:
    """The page there, which has nothing wrong with it."""
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:300])
    assert answer.headers["content-security-policy"] == POLICY
    seen = Seen(answer.text)
    assert seen.problems == [], path
    return seen


def crawl(client: httpx.Client, start: str, below: str = "/", variants: int = 4) -> dict[str, Seen]:
    """Every page *below* that can be reached, of each path so many *variants* of its query."""
    waiting, pages, seen_paths = [start], {}, Counter[str]()
    while waiting:
        path = waiting.pop(0)
        bare = path.partition("?")[0]
        if path in pages or seen_paths[bare] > variants or "/download/" in path or not path.startswith(below):
            continue
        seen_paths[bare] += 1
        answer = client.get(path)
        assert answer.status_code in (200, 303), (path, answer.status_code, answer.text[:300])
        if answer.status_code == 303:
            waiting.append(answer.headers["location"].partition("#")[0])
            continue
        if not answer.headers["content-type"].startswith("text/html"):
            assert answer.headers["content-disposition"].startswith("attachment"), path
            continue
        seen = pages[path] = Seen(answer.text)
        assert seen.problems == [], path
        links = (urljoin(path, link).partition("#")[0] for link in seen.links if link.startswith("/"))
        waiting += [link for link in dict.fromkeys(links) if link not in pages]
    return pages


def post(world: Served, page: str, ending: str, **data: object) -> httpx.Response:
    """Fill in the form on *page* whose address ends so, and send it."""
    browser = world.browser()
    form = Seen(browser.client.get(page).text).form(ending)
    sent = {name: values[0] for name, values in form.fields.items() if values} | data
    return browser.post(urljoin(page, form.action), sent)
