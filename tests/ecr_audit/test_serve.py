"""`ecr-audit serve` as people meet it: a real process, a simulated organization, a browser, and signals.

Where the start is not what is shown, the process and its workers are forked; see `tests.docs.quick_ecr_audit`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from ecr_audit.simulator import DEMO_BASELINE, DEMO_WORLD, load_world, serve
from ecr_audit.simulator.faults import Fault
from tests.docs.quick_ecr_audit import kept_ecr_audit
from tests.reports.test_html import CHROMIUM  # where it is, and why tests are skipped without

pytestmark = pytest.mark.xdist_group("commands")
INSTALLED = (sys.executable, "-m", "ecr_audit")
SECONDS = 120.0
CONFIGURATION = """\
version: 1
store: store
web: {{port: 0}}
aws: {{endpoint_url: "{endpoint}", processes: 1}}
schedules:
  nightly:
    every: nightly
    baseline: baseline.yaml
    waivers: waivers.yaml
    scope: {{accounts: ["210000000021", "210000000022"], regions: [eu-west-1]}}
    deliveries: [archive]
deliveries:
  archive: {{type: folder, folder: archive, attach: [csv]}}
"""


@dataclass
class Served:
    """A service at work."""

    url: str
    folder: Path
    process: subprocess.Popen[str]
    world: Any

    def api(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def until(self, path: str, wanted: Any) -> Any:
        end = time.monotonic() + SECONDS
        while not wanted(found := self.api(path)):
            assert time.monotonic() < end, found
            time.sleep(0.1)
        return found


@contextmanager
def served(folder: Path, *program: str) -> Iterator[Served]:
    with serve(load_world(DEMO_WORLD)) as simulation:
        (folder / "service.yaml").write_text(CONFIGURATION.format(endpoint=simulation.endpoint))
        (folder / "baseline.yaml").write_text(DEMO_BASELINE.read_text())
        with started(folder, simulation.environment(), *program) as (url, process):
            yield Served(url, folder, process, simulation.world)


@contextmanager
def started(folder: Path, environment: dict[str, str], *program: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [*program, "serve", "--log-format", "json"],
        cwd=folder, env=os.environ | environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        line = ""
        while not line.startswith("Listening on "):
            line = process.stderr.readline()
            assert line, process.wait()
        threading.Thread(target=_keep, args=(process.stderr, folder / "log"), daemon=True).start()
        yield line.split()[-1], process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)
    finally:
        process.kill()
        process.wait()


def _keep(said: IO[str], path: Path) -> None:
    """What it says must go somewhere, or it would wait for a reader."""
    with path.open("a") as log:
        for line in said:
            log.write(line)
            log.flush()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; scripts/viewers installs it")
def test_a_person_audits_follows_opens_the_pdf_and_waives(tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    with served(tmp_path, kept_ecr_audit()) as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(base_url=service.url)
        page.set_default_timeout(SECONDS * 1000)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # Some registry answers slowly, so that there is something to follow.
        service.world.faults += (Fault("ecr:DescribeRegistry", "latency", seconds=1.0),)

        page.goto("/")
        page.get_by_role("button", name="Audit now").click()
        expect(page.get_by_text(re.compile("[0-9]+ of [0-9]+"))).to_be_visible(timeout=SECONDS * 1000)
        page.get_by_role("link", name="Open the run").click()
        expect(page.get_by_role("heading", name="Top risks")).to_be_visible()

        with page.expect_download() as download:
            page.locator("a[href$='/pdf']").first.click()
        assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")

        page.locator("#findings-table tbody a, table tbody a[href*='/findings/']").first.click()
        expect(page.get_by_role("heading", name="How to fix")).to_be_visible()
        fingerprint = page.url.rstrip("/").rpartition("/")[2]
        page.get_by_label("Reason").fill("Until the vault is moved")
        until = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)).isoformat()
        page.get_by_label("Last day of validity").fill(until)
        page.get_by_role("button", name="Waive").click()
        expect(page.get_by_text("Waived since this run")).to_be_visible()
        assert complaints == []
        browser.close()

        assert fingerprint in (tmp_path / "waivers.yaml").read_text()
        job = service.api("/audits", {"schedule": "nightly"})
        ended = service.until(f"/jobs/{job['id']}", lambda found: found["state"] == "done")
        findings = service.api(f"/runs/{ended['run']}/findings?status=waived&limit=100")
        assert fingerprint in json.dumps(findings)


def test_a_stop_in_the_middle_goes_on_with_the_next_start(tmp_path: Path) -> None:
    with served(tmp_path, *INSTALLED) as service:
        service.world.faults += (Fault("ecr:DescribeRegistry", "latency", seconds=2.0),)
        job = service.api("/audits", {"schedule": "nightly"})
        service.until(f"/jobs/{job['id']}", lambda found: found["note"].startswith("reading rules"))
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(SECONDS) == 0
        service.world.faults = service.world.faults[:-1]
        environment = {"AWS_ENDPOINT_URL": ""} | _aws()
        with started(tmp_path, environment, kept_ecr_audit()) as (url, _):
            service.url = url
            ended = service.until(f"/jobs/{job['id']}", lambda found: found["state"] == "done")
            assert ended["attempts"] == 1
            service.until(
                f"/jobs/{job['id']}/receipts",
                lambda found: [one["state"] for one in found["receipts"]] == ["sent"],
            )


def _aws() -> dict[str, str]:
    """Credentials that the simulated organization knows; the address is in the configuration."""
    from ecr_audit.simulator import environment

    found = environment("http://127.0.0.1:9", load_world(DEMO_WORLD).first_account())
    return {name: value for name, value in found.items() if name != "AWS_ENDPOINT_URL"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "0.0.0.0"], "everyone who can reach this machine could use the service without signing in"),
        (["--host", "192.0.2.1", "--port", "1"], "without signing in"),
    ],
)
def test_it_does_not_open_itself_to_the_world(tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "service.yaml").write_text("version: 1\nstore: store\n")
    answer = subprocess.run(
        [kept_ecr_audit(), "serve", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert words in answer.stderr


def test_a_port_that_is_taken_is_reported(tmp_path: Path) -> None:
    import socket

    (tmp_path / "service.yaml").write_text("version: 1\nstore: store\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = subprocess.run(
            [kept_ecr_audit(), "serve", "--port", port],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert answer.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in answer.stderr
