"""The pages in a real browser: by mouse, by keyboard alone, on a small screen, in the dark, without scripts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.model import Severity, Status
from schedules.configuration.service import Schedule
from schedules.jobs.queue import Job, JobState, Kind
from tests.ecr_audit.web.doors import RUN, Served, kept, mixed, serving, tables
from tests.reports import runs
from tests.reports.mixed import mixed_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; scripts/viewers installs it")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--disable-quic"]  # fmt: skip
REGISTRY = f"/runs/{RUN}/registries/100000000003/eu-central-1"

VIOLATIONS = (
    """addEventListener("securitypolicyviolation", (event) => console.error("policy: " + event.violatedDirective))"""
)

CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const part = (one) => ((one /= 255) <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const weak = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent.trim();
    if (!text || element.closest("svg, script, noscript, option") || !element.checkVisibility()) continue;
    const pair = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) weak.add(`${ratio.toFixed(2)} ${element.tagName}.${element.className} ${text.slice(0, 40)}`);
  }
  return [...weak];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("browser")
    schedules = {"nightly": Schedule(every="nightly", waivers=str(folder / "waivers.yaml"))}
    with serving(folder, schedules=schedules, runs=[mixed(22), mixed()]) as world:
        yield world


class Tab:
    """A tab in which nothing may go wrong."""

    def __init__(self, browser: Any, url: str, **options: Any) -> None:
        self.context = browser.new_context(base_url=url, viewport={"width": 1200, "height": 900}, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.wrong: list[str] = []
        self.asked: set[str] = set()
        self.page.add_init_script(VIOLATIONS)
        self.page.on("request", lambda request: self.asked.add(re.sub("^(https?://[^/]+).*", r"\1", request.url)))
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: self.wrong.append(f"dialog {dialog.message}"))

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def tab(browser: Any, served: Served) -> Iterator[Tab]:
    made = Tab(browser, served.url, permissions=["clipboard-read", "clipboard-write"])
    yield made
    made.close()
    assert made.wrong == []
    assert made.asked <= {served.url}


def begun(world: Served, **request: Any) -> Job:
    """A job that a worker has taken."""
    job = world.services.audit("nightly", "test")
    taken = world.services.queue.begin(job.id, "worker")
    assert taken is not None
    return taken


def test_filters_stand_in_the_address_and_come_back(tab: Tab):
    page = tab.page
    page.goto(f"/runs/{RUN}")
    critical = sum(1 for one in mixed_run().findings if one.severity is Severity.CRITICAL)
    page.get_by_label("Critical").check()
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url(f"**/runs/{RUN}?severity=critical#findings")
    assert page.locator("#count").inner_text().startswith(f"{critical} of ")
    assert page.locator("tr.finding").count() == critical
    assert page.get_by_label("Critical").is_checked()
    page.get_by_label("Text").fill("refused")
    page.keyboard.press("Enter")
    page.wait_for_url("**/*text=refused&severity=critical#findings")
    page.go_back()
    assert page.locator("tr.finding").count() == critical
    assert page.get_by_label("Text").is_enabled()
    page.get_by_role("link", name="Show all", exact=True).click()
    page.wait_for_url(f"**/runs/{RUN}#findings")
    page.get_by_role("link", name="Since").click()
    page.wait_for_url("**/*sort=since#findings")
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Since")


def test_a_finding_is_reached_by_keyboard_alone(tab: Tab):
    page = tab.page
    page.goto(f"/runs/{RUN}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    first = mixed_run().findings[0].fingerprint
    for _ in range(80):
        page.keyboard.press("Tab")
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert width >= 2 or page.evaluate("document.activeElement.tagName") in ("INPUT", "SELECT")
        if page.evaluate("(document.activeElement.className || '') == 'title'"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{RUN}/findings/*")
    assert re.fullmatch("[0-9a-f]{16}", page.url.rpartition("/")[2])
    assert len(first) == 16


def test_commands_are_copied_as_they_are(tab: Tab, served: Served):
    page = tab.page
    run = served.services.opened(RUN).run
    found = next(one for one in run.findings if one.check == "grants.replication-allowed" and one.remediation)
    page.goto(f"/runs/{RUN}/findings/{found.fingerprint}")
    page.get_by_role("button", name="Copy the commands").click()
    page.get_by_text("Copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("#!/usr/bin/env bash\n")
    assert copied == page.locator("#command").inner_text()


def test_progress_is_seen_while_it_happens(tab: Tab, served: Served):
    page, queue = tab.page, served.services.queue
    job = begun(served)
    page.goto(f"/jobs/{job.id}")
    queue.report_progress(job.id, "worker", note="reading <b>registries</b>", done=3, total=12)
    page.get_by_text("3 of 12").wait_for()
    assert page.get_by_text("reading <b>registries</b>", exact=True).is_visible()
    assert page.locator("progress").evaluate("bar => bar.value / bar.max") == 0.25
    queue.report_progress(job.id, "worker", note="judging", done=12, total=12)
    page.get_by_text("12 of 12").wait_for()
    assert page.locator(".progress [role=status]").text_content() == "judging, 100 percent"
    queue.made(job.id, "worker", RUN)
    queue.end(job.id, "worker", JobState.DONE)
    page.get_by_text("✔ Done").wait_for()
    page.get_by_role("link", name="Open the run").click()
    page.wait_for_url(f"**/runs/{RUN}")


def test_a_job_is_asked_for_followed_and_cancelled(tab: Tab, served: Served):
    page = tab.page
    page.goto("/")
    page.get_by_text("Limit to some accounts or Regions").click()
    page.get_by_label("Regions", exact=True).fill("eu-west-1")
    page.get_by_role("button", name="Audit now").click()
    page.wait_for_url("**/jobs/*")
    job = served.services.job(page.url.rpartition("/")[2])
    assert job.request["scope"]["regions"] == ["eu-west-1"]
    served.services.queue.begin(job.id, "worker")
    page.get_by_text("▶ Running").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("requested cancellation").wait_for()
    served.services.queue.end(job.id, "worker", JobState.CANCELLED, "cancelled by test")
    page.get_by_text("– Cancelled").wait_for()


def test_what_a_user_types_survives_the_end_of_a_job(tab: Tab, served: Served):
    page = tab.page
    job = begun(served)
    page.goto("/")
    page.get_by_text("Limit to some accounts or Regions").click()
    page.get_by_label("Accounts", exact=True).fill("100000000003")
    served.services.queue.report_progress(job.id, "worker", note="reading", done=1, total=2)
    page.get_by_text("1 of 2").wait_for()
    served.services.queue.end(job.id, "worker", JobState.FAILED, "the disk is full")
    page.get_by_text("The job ended: failed.").first.wait_for()
    assert page.get_by_label("Accounts", exact=True).input_value() == "100000000003"


def test_a_finding_is_waived(tab: Tab, served: Served):
    page = tab.page
    found = next(one for one in mixed_run().findings if one.status is Status.FAIL and one.waiver is None)
    page.goto(f"/runs/{RUN}/findings/{found.fingerprint}")
    page.get_by_label("Reason").fill("Moved in January")
    page.get_by_role("button", name="Waive").click()
    assert page.evaluate("document.activeElement.name") == "until"  # the browser asks for the day
    page.get_by_label("Last day of validity").fill("2026-12-31")
    page.get_by_role("button", name="Waive").click()
    page.get_by_text("Waived since this run").wait_for()
    assert page.get_by_text("Moved in January").is_visible()
    assert found.fingerprint in Path(served.services.configuration.schedules["nightly"].waivers).read_text()


def test_reports_are_made_and_fetched(tab: Tab, served: Served):
    page = tab.page
    page.goto(f"/runs/{RUN}#reports")
    form = page.locator("form[action$='/reports']")
    form.get_by_label("pdf").uncheck()
    form.get_by_role("button", name="Create reports").click()
    page.wait_for_url("**/jobs/*")
    job = served.services.job(page.url.rpartition("/")[2])
    assert (job.kind, job.request["formats"]) == (Kind.REPORT, ["csv"])
    served.services.queue.begin(job.id, "worker")
    served.services.queue.end(job.id, "worker", JobState.DONE)
    link = page.get_by_role("link", name="CSV, every finding")
    link.wait_for()
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == f"ecr-audit-{RUN}-csv.zip"


def addresses(world: Served) -> list[str]:
    """A page of every kind."""
    marks = [one.fingerprint for one in mixed_run().findings]
    job = next(iter(world.services.queue.list(limit=1)), None) or begun(world)
    return [
        "/", "/runs", f"/runs/{RUN}", f"/runs/{RUN}/findings/{marks[0]}", f"/runs/{RUN}/findings/{marks[0]}?row=whole",
        f"/runs/{RUN}/change", f"/runs/{RUN}/registries", REGISTRY, "/schedules", "/jobs", f"/jobs/{job.id}", "/checks",
        "/checks/grants.replication-allowed",
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_small_screen_and_can_be_read(browser: Any, served: Served, scheme: str):
    begun(served)
    tab = Tab(browser, served.url, color_scheme=scheme)
    for path in addresses(served):
        tab.page.set_viewport_size({"width": 1200, "height": 900})
        tab.page.goto(path)
        assert tab.page.evaluate(CONTRAST) == [], path
        tab.page.set_viewport_size({"width": 360, "height": 740})
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= 360, path
    tab.page.evaluate("document.querySelector('h1').style.color = 'rgb(119, 119, 119)'")
    assert tab.page.evaluate(CONTRAST) != []  # the measure itself works
    tab.close()
    assert tab.wrong == []


def test_hostile_names_do_nothing_and_fit_a_small_screen(browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs, "HOSTILE", tuple(one for one in runs.HOSTILE if "\ud83d" not in one))
    run = kept(runs.hostile_run())
    name = "<img src=x onerror=alert(1)>\u202e" + "y" * 900
    with serving(tmp_path, runs=[(run, tables(name))]) as world:
        tab = Tab(browser, world.url)
        tab.page.set_viewport_size({"width": 360, "height": 740})
        findings = [f"/runs/{RUN}/findings/{one.fingerprint}" for one in run.findings[:6]]
        for path in ("/", f"/runs/{RUN}", f"/runs/{RUN}/registries", REGISTRY, *findings):
            tab.page.goto(path)
            assert tab.page.locator("main img, main script").count() == 0
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= 360, path
        tab.close()
        assert tab.wrong == []
        assert tab.asked == {world.url}


def test_without_scripts_pages_do_the_same(browser: Any, served: Served):
    job = begun(served)
    tab = Tab(browser, served.url, java_script_enabled=False)
    page = tab.page
    page.goto(f"/runs/{RUN}")
    page.get_by_label("Critical").check()
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**/*severity=critical*")
    page.goto(f"/jobs/{job.id}")
    served.services.queue.report_progress(job.id, "worker", note="reading", done=5, total=9)
    page.get_by_text("5 of 9").wait_for()  # the page reloads
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("requested cancellation").wait_for()
    tab.close()
    assert tab.wrong == []


def test_on_paper_there_is_the_content_and_nothing_to_press(tab: Tab):
    page = tab.page
    page.goto(f"/runs/{RUN}")
    page.emulate_media(media="print")
    assert page.locator("tr.finding").first.is_visible()
    assert not page.get_by_role("navigation", name="Main").is_visible()
    assert not page.locator("#filters").is_visible()
