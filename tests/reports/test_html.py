"""report.html in a real browser: it finds, sorts, pages and unfolds, asks nobody for anything, and runs no names."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from audit.model import Run
from checks.model import Severity, Status
from reports.formats import render
from reports.view import build_view
from tests.reports import runs

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
browsing = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; scripts/viewers installs it")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--disable-quic"]  # fmt: skip


def html(run: Run) -> str:
    return render("html", run, build_view(run))["report.html"].decode()


class Elements(HTMLParser):
    """Which elements, attributes and link targets a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.targets: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.targets |= {value or "" for name, value in attrs if name in ("href", "action")}


@pytest.mark.parametrize("run", [runs.small_run(), runs.mixed_run(), runs.hostile_run(), runs.run_of([])])
def test_the_page_names_nothing_outside_itself(run: Run):
    text = html(run)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    assert "default-src" in policy[1]
    assert "unsafe" not in policy[1]
    assert "url(" not in text.partition("<style>")[2].partition("</style>")[0]
    parsed = Elements()
    parsed.feed(text)
    assert not parsed.tags & {"img", "link", "iframe", "object", "embed", "base", "svg", "video", "audio"}
    assert not parsed.attributes & {"src", "srcset", "style", "onclick", "onerror", "onload"}
    assert all(target.startswith("#") for target in parsed.targets)
    data = text.partition('id="data">')[2].partition("</script>")[0]
    assert "<" not in data


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


class Page:
    """A report in a tab; whatever it asks for, says or does wrong is kept."""

    def __init__(self, browser: Any, folder: Path, run: Run, **options: Any) -> None:
        path = folder / "report.html"
        path.write_text(html(run), encoding="utf-8")
        self.context = browser.new_context(viewport={"width": 1200, "height": 900}, **options)
        self.tab = self.context.new_page()
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.tab.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.tab.on("dialog", lambda dialog: self.wrong.append(f"dialog {dialog.message}"))
        self.tab.goto(path.as_uri())

    def rows(self) -> int:
        return self.tab.locator("#rows tr.finding").count()

    def count(self) -> str:
        return str(self.tab.locator("#count").inner_text())

    def settled(self, text: str) -> None:
        self.tab.wait_for_function("text => document.getElementById('count').textContent.startsWith(text)", arg=text)


@browsing
def test_filters_sorting_and_details(browser: Any, tmp_path: Path):
    run = runs.mixed_run()
    page = Page(browser, tmp_path, run)
    assert page.count() == f"{len(run.findings)} findings."
    critical = sum(1 for one in run.findings if one.severity is Severity.CRITICAL)
    page.tab.get_by_label("Critical").check()
    page.settled(f"{critical} of ")
    assert page.rows() == critical
    page.tab.get_by_role("button", name="Reset filters").click()
    page.settled(f"{len(run.findings)} findings")
    waived = sum(1 for one in run.findings if one.waiver)
    page.tab.get_by_label("Waived", exact=True).check()
    page.settled(f"{waived} of ")
    page.tab.get_by_role("button", name="Reset filters").click()
    page.settled(f"{len(run.findings)} findings")
    some = next(one for one in run.findings if one.status is Status.FAIL)
    page.tab.get_by_label("Text").fill(some.fingerprint)
    page.settled("1 of ")
    page.tab.get_by_role("button", name="Evidence and remediation").first.click()
    assert page.tab.get_by_text(some.fingerprint).first.is_visible()
    assert f"text={some.fingerprint}" in page.tab.url
    page.tab.reload()
    page.settled("1 of ")
    page.tab.get_by_role("button", name="Reset filters").click()
    page.tab.get_by_role("button", name="Resource").click()
    names = [one.inner_text() for one in page.tab.locator("#rows tr.finding td:nth-child(4)").all()]
    assert names == sorted(names)
    assert page.tab.locator("th[aria-sort=ascending]").inner_text().startswith("Resource")
    assert page.wrong == []
    assert len([url for url in page.asked if not url.startswith("file:")]) == 0
    page.context.close()


@browsing
def test_the_keyboard_suffices(browser: Any, tmp_path: Path):
    page = Page(browser, tmp_path, runs.mixed_run())
    page.tab.keyboard.press("Tab")
    assert page.tab.evaluate("document.activeElement.textContent") == "Skip to the findings"
    page.tab.keyboard.press("Enter")
    page.tab.keyboard.press("Tab")
    assert page.tab.evaluate("document.activeElement.name") == "text"
    page.tab.keyboard.type("no such thing anywhere")
    page.settled("0 of ")
    page.context.close()


@browsing
def test_names_are_shown_and_never_run(browser: Any, tmp_path: Path):
    run = runs.hostile_run()
    page = Page(browser, tmp_path, run)
    for button in page.tab.get_by_role("button", name="Evidence and remediation").all():
        button.click()
    assert page.wrong == []
    assert page.rows() == len(run.findings)
    assert page.tab.locator("#rows script, #rows img, #rows a").count() == 0
    page.context.close()


@browsing
def test_twenty_thousand_findings_stay_usable(browser: Any, tmp_path: Path):
    run = runs.large_run(20_000, 20)
    page = Page(browser, tmp_path, run)
    page.settled(f"{len(run.findings):,} findings")
    assert page.rows() == 100
    page.tab.get_by_role("button", name="Next").click()
    assert page.tab.locator("#where").inner_text().startswith("Page 2 of ")
    page.tab.get_by_label("Text").fill(build_view(run).findings[-1].fingerprint)
    page.settled("1 of ")
    assert page.wrong == []
    page.context.close()


@browsing
def test_without_scripts_it_still_says_what_is_wrong(browser: Any, tmp_path: Path):
    run = runs.large_run(1_000, 5)
    page = Page(browser, tmp_path, run, java_script_enabled=False)
    assert page.rows() == 200
    assert "not shown here; findings.csv holds all" in page.tab.locator(".unscripted").inner_text()
    assert not page.tab.locator("#filters").is_visible()
    page.context.close()


@browsing
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_narrow_screen_and_is_readable(browser: Any, tmp_path: Path, scheme: str):
    page = Page(browser, tmp_path, runs.mixed_run(), color_scheme=scheme)
    page.tab.set_viewport_size({"width": 360, "height": 740})
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 360
    ink, paper = page.tab.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert ink != paper
    page.context.close()
