"""The web interface with a long history: 2,000 runs of five schedules, with jobs and receipts, on a real server.

    python -m benchmarks.web [--runs 2000] [--times 20]

This measures database rows: the evidence of one run is on disk, which is the newest run of every schedule.
Milliseconds are of complete responses over loopback; CPU is that of this process, including the client.
"""

from __future__ import annotations

import argparse
import datetime as dt
import http.client
import os
import statistics
import tempfile
import time

import sqlalchemy as sa

from audit.store import Store, open_store, schema
from ecr_audit.web.app import create_app
from ecr_audit.web.services import Services
from ecr_audit.web.serving import serve_web
from schedules.configuration.service import Configuration
from tests.reports.mixed import mixed_run

ASKED = ("/metrics", "/readyz", "/", "/runs", "/jobs", "/schedules", "/api/v1/runs", "/api/v1/schedules")
SCHEDULES = ("nightly", "nightly-eu", "nightly-us", "hourly", "weekly")
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder)
        fill(store, options.runs)
        services = Services(configuration(), store, lambda: NOW)
        server = serve_web(create_app(services), "127.0.0.1", 0)
        try:
            report(server.port, options.runs, options.times)
        finally:
            server.stop()


def configuration() -> Configuration:
    return Configuration.model_validate(
        {"schedules": {name: {"every": "nightly"} for name in SCHEDULES}, "web": {"signin": "none"}}, strict=True
    )


def fill(store: Store, number: int) -> None:
    """Rows of *number* runs, each with its job and two receipts, and 40 finding rows for each."""
    run = mixed_run(documents={})
    store.save(run, {})
    with store.engine.begin() as connection:
        kept = dict(connection.execute(sa.select(schema.runs)).mappings().one())
        runs, jobs, receipts, findings = [], [], [], []
        for night in range(number):
            began = run.started_at - dt.timedelta(hours=6 * (number - night))
            name, job = f"{began:%Y%m%dT%H%M%SZ}-{night:06x}", f"{began:%Y%m%dT%H%M%SZ}-{night + 1:06x}"
            text, schedule = began.strftime("%Y-%m-%dT%H:%M:%S+00:00"), SCHEDULES[night % len(SCHEDULES)]
            line = {**kept["summary"], "id": name, "started_at": text, "finished_at": text}
            runs.append({**kept, "id": name, "job": job, "started_at": text, "finished_at": text, "summary": line})
            newest = night >= number - len(SCHEDULES)
            jobs.append(
                {
                    "id": job,
                    "kind": "audit",
                    "schedule": schedule,
                    "due_at": text,
                    "requested_at": text,
                    "requested_by": "schedule",
                    "request": {},
                    "state": "done",
                    "reason": "",
                    "run": run.id if newest else name,
                    "started_at": text,
                    "finished_at": text,
                    "attempts": 1,
                    "note": "",
                    "done": 39,
                    "total": 39,
                }
            )
            receipts += [
                {
                    "job": job,
                    "delivery": delivery,
                    "state": "sent",
                    "attempts": 1,
                    "at": text,
                    "reason": "",
                    "detail": {},
                }
                for delivery in ("mail", "archive")
            ]
            findings += [
                {
                    "run": name, "fingerprint": f"{one:016x}", "check": "c", "status": "fail", "severity": "high",
                    "account": "111122223333", "region": "eu-west-1", "waived": False,
                    "first_seen": text, "seen_runs": 1,
                }
                for one in range(40)
            ]  # fmt: skip
        for table, rows in (
            (schema.runs, runs),
            (schema.jobs, jobs),
            (schema.receipts, receipts),
            (schema.findings, findings),
        ):
            connection.execute(table.insert(), rows)


def report(port: int, runs: int, times: int) -> None:
    print(f"{runs:,} runs; {times} requests each; load of the machine {os.getloadavg()[0]:.1f}")
    print(f"{'path':<22}{'first ms':>10}{'median ms':>11}{'worst ms':>10}{'CPU ms':>8}{'bytes':>9}")
    for path in ASKED:
        taken, size = [], 0
        began = 0.0
        for turn in range(times + 1):
            if turn == 1:
                began = time.process_time()
            start = time.perf_counter()
            size = asked(port, path)
            taken.append((time.perf_counter() - start) * 1000)
        cpu = (time.process_time() - began) * 1000 / times
        rest = taken[1:]
        print(f"{path:<22}{taken[0]:>10.0f}{statistics.median(rest):>11.0f}{max(rest):>10.0f}{cpu:>8.0f}{size:>9,}")


def asked(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    size = len(answer.read())
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return size


if __name__ == "__main__":
    main()
