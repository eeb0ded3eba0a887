"""The pages: every link leads somewhere, and no name from outside is markup."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from checks.model import Severity, Status
from checks.selection import Selection
from ecr_audit.web.pages import home, jobs
from schedules.deliveries.receipts import Receipts, ReceiptState
from schedules.jobs.queue import JobState, Kind
from tests.ecr_audit.web.doors import RUN, Served, kept, mixed, serving, tables
from tests.ecr_audit.web.pages_seen import Seen
from tests.ecr_audit.web.pages_world import EARLIER, crawl, earlier_run, look, usual
from tests.reports import runs
from tests.reports.mixed import mixed_run


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with usual(tmp_path_factory.mktemp("pages")) as world:
        yield world


def test_hostile_names_are_shown_and_never_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Half a character is nothing that a store can keep.
    monkeypatch.setattr(runs, "HOSTILE", tuple(one for one in runs.HOSTILE if "\ud83d" not in one))
    hostile = kept(runs.hostile_run())
    name = "<script>alert(1)</script>\u202e{{7*7}}" + "x" * 500
    with serving(tmp_path, runs=[(hostile, tables(name))]) as world:
        pages = crawl(world.browser().client, f"/runs/{hostile.id}", f"/runs/{hostile.id}")
        assert len([path for path in pages if "/findings/" in path and "?" not in path]) == len(hostile.findings)
        for path, seen in pages.items():
            assert seen.tags.get("script", 0) == 1, path
            assert not {"img", "iframe", "object"} & seen.tags.keys(), path
            assert "49" not in re.findall(r"\{\{7\*7\}\}|\b49\b", seen.words), path
        everything = " ".join(seen.text for seen in pages.values())
        assert "<script>alert(1)</script>" in everything
        assert "evil<U+202E>gpj.exe" in everything
        assert "{{ 7 * 7 }}" in everything
        assert "<script>alert(1)</script><U+202E>{{7*7}}" in everything


@pytest.mark.parametrize("path", ["/", "/runs", "/jobs", "/schedules", "/checks"])
def test_an_empty_service_says_what_to_do_first(tmp_path: Path, path: str):
    with serving(tmp_path) as world:
        seen = look(world.browser().client, path)
        assert re.search("ecr-audit|Begin here|Audit now", seen.words)
        assert look(world.browser().client, "/runs/latest", 404).words.count("run")


def test_the_first_page_shows_how_things_stand(served: Served):
    seen = look(served.browser().client, "/")
    assert "Action required" in seen.words
    assert "In progress" in seen.words
    assert "reading <registries>" in seen.words
    assert "3 of 12" in seen.words
    assert "Open failures of the last 2 runs" in seen.words
    assert f"/runs/{EARLIER}" in seen.links


def test_a_narrowed_run_is_marked_on_its_pages_and_is_not_the_latest(tmp_path: Path):
    run = replace(mixed_run(), selection=Selection(("grants",)), not_selected=("topology.no-cycle",))
    narrowed = kept(run, 24)
    with serving(tmp_path, runs=[mixed(), (narrowed, tables())]) as world:
        browser = world.browser().client
        first = look(browser, "/")
        assert first.links.index(f"/runs/{RUN}") < first.links.index(f"/runs/{narrowed.id}")
        assert "narrowed" in first.words
        pages = crawl(browser, f"/runs/{narrowed.id}", f"/runs/{narrowed.id}", variants=1)
        assert {path for path, seen in pages.items() if "narrowed" not in seen.words} == set()
        assert browser.get("/runs/latest").headers["location"] == f"/runs/{RUN}"
        assert "This run was narrowed to checks grants" in look(browser, f"/runs/{narrowed.id}").words


def test_a_run_that_cannot_be_read_hides_no_other(tmp_path: Path):
    with serving(tmp_path, runs=[(earlier_run(), tables()), mixed()]) as world:
        (world.store.folder / "runs" / RUN / "run.json.gz").write_bytes(b"altered")
        browser = world.browser().client
        seen = look(browser, "/")
        assert "cannot be read" in seen.words
        assert "altered after the run was stored" in seen.words
        assert look(browser, f"/runs/{EARLIER}")
        assert "altered after the run was stored" in look(browser, f"/runs/{RUN}", 503).words


def count_of(seen: Seen) -> int:
    found = re.search(r"(?:(\d+) of \d+ findings|(\d+) findings?), (?:highest severity|sorted)|None of", seen.words)
    assert found
    return int(found[1] or found[2] or 0)


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ("", lambda one: True),
        ("severity=critical", lambda one: one.severity is Severity.CRITICAL),
        ("severity=high&severity=low", lambda one: one.severity in (Severity.HIGH, Severity.LOW)),
        ("status=fail", lambda one: one.status is Status.FAIL and one.waiver is None),
        ("status=waived&status=error", lambda one: one.waiver is not None or one.status is Status.ERROR),
        ("status=unknown", lambda one: one.status is Status.UNKNOWN and one.waiver is None),
        ("check=grants.replication-allowed", lambda one: one.check == "grants.replication-allowed"),
        ("account=100000000009", lambda one: one.account == "100000000009"),
        ("region=us-east-1&severity=low", lambda one: (one.region, one.severity.value) == ("us-east-1", "low")),
        ("text=no+such+thing", lambda one: False),
        ("text=&check=&account=", lambda one: True),
    ],
)  # fmt: skip
def test_filters_stand_in_the_address(served: Served, query: str, chosen: object):
    assert callable(chosen)
    seen = look(served.browser().client, f"/runs/{RUN}?{query}")
    expected = {one.fingerprint for one in mixed_run().findings if chosen(one)}
    assert count_of(seen) == len(expected)
    shown = {link.rpartition("/")[2] for link in seen.links if "/findings/" in link}
    assert shown == expected


def test_what_changed_since_the_run_before_can_be_asked_for(served: Served):
    client = served.browser().client
    view = served.services.opened(RUN).view
    assert view.change is not None
    for state in ("new", "worse", "still"):
        marks = getattr(view.change, state)
        assert marks, state
        seen = look(client, f"/runs/{RUN}?state={state}")
        assert {link.rpartition("/")[2] for link in seen.links if "/findings/" in link} == marks


def test_what_is_gone_is_reported_too(tmp_path: Path):
    """Fixed findings are in no list of the later run."""
    run = mixed_run()
    gone = {one.fingerprint for result in run.results for one in result.findings[:1] if one.status is Status.FAIL}
    results = tuple(replace(result, findings=result.findings[1:]) for result in run.results)
    coverage = replace(run.coverage, unaccounted=())
    later = kept(replace(run, results=results, gaps=(), coverage=coverage))
    with serving(tmp_path, runs=[mixed(22), (later, {})]) as world:
        client = world.browser().client
        seen = look(client, f"/runs/{RUN}/change")
        change = world.services.opened(RUN).view.change
        assert change is not None
        assert change.fixed <= gone
        assert f"Fixed: {len(change.fixed)}" in seen.words
        shown = {link.rpartition("/")[2] for link in seen.links if f"/runs/{EARLIER}/findings/" in link}
        assert shown == change.fixed
        assert "no run before" in look(client, f"/runs/{EARLIER}/change", 404).words.casefold()
        (world.store.folder / "runs" / EARLIER / "run.json.gz").unlink()
    with serving(tmp_path) as world:
        words = look(world.browser().client, f"/runs/{RUN}/change").words
        assert "Findings that are no longer open cannot be shown" in words


def test_worst_comes_first_and_columns_can_be_sorted(served: Served):
    client = served.browser().client
    view = served.services.opened(RUN).view

    def order(query: str) -> list[str]:
        return [one.rpartition("/")[2] for one in look(client, f"/runs/{RUN}?{query}").links if "/findings/" in one]

    assert order("") == [one.fingerprint for one in view.findings]
    names = {one.fingerprint: one.resource.casefold() for one in view.findings}
    assert [names[one] for one in order("sort=resource")] == sorted(names.values())
    assert [names[one] for one in order("sort=-resource")] == sorted(names.values(), reverse=True)
    assert order("sort=since")[-1] not in view.ages


def test_filters_that_are_not_valid_are_reported(served: Served):
    seen = look(served.browser().client, f"/runs/{RUN}?severity=banana&page=-1&colour=%3Cb%3E")
    for odd in ("severity=banana", "page=-1", "colour=<b>"):
        assert f"“{odd}”" in seen.words
    assert count_of(seen) == len(mixed_run().findings)


def test_a_hundred_findings_are_on_a_page(tmp_path: Path):
    run = kept(runs.large_run(250, 5))
    with serving(tmp_path, runs=[(run, {})]) as world:
        client = world.browser().client
        found: list[str] = []
        for page, rows in ((1, 100), (2, 100), (3, 50), (9, 50)):
            seen = look(client, f"/runs/{RUN}?page={page}")
            links = [one for one in seen.links if "/findings/" in one]
            assert len(links) == rows
            found += links if page < 9 else []
        assert len(set(found)) == 250
        assert "201 to 250 of 250" in seen.words
        assert "stored no data" in look(client, f"/runs/{RUN}/registries/999999999999/eu-west-1", 404).words
        assert "stored no evidence tables" in look(client, f"/runs/{RUN}/registries", 404).words


def test_the_beginning_of_an_id_and_latest_lead_to_the_run(served: Served):
    client = served.browser().client
    for name in ("latest", "20261123"):
        answer = client.get(f"/runs/{name}?severity=high")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{RUN}?severity=high")


def test_a_finding_shows_its_evidence_its_fix_and_its_past(served: Served):
    run = served.services.opened(RUN).run
    found = next(one for one in run.findings if one.check == "grants.replication-allowed" and one.remediation)
    client = served.browser().client
    seen = look(client, f"/runs/{RUN}/findings/{found.fingerprint}")
    fix = "Review it before you run it"
    for text in (found.message, "DENIED_IMPLICIT", "prod/, shared/", fix, "set -euo pipefail"):
        assert text in seen.words, text
    assert f"/runs/{EARLIER}/findings/{found.fingerprint}" in seen.links
    assert "/checks/grants.replication-allowed" in seen.links
    for script in run.scripts:
        listed = f"/runs/{RUN}/scripts/{script.name}" in seen.links
        assert listed == (found.fingerprint in script.findings)


def test_the_whole_judged_row_can_be_seen(served: Served):
    run = served.services.opened(RUN).run
    wanted = tables()["links"].iloc[0]
    found = next(one for one in run.findings if one.key.get("source_account") == wanted["source_account"]
                 and one.key.get("source_region") == wanted["source_region"] and len(one.key) == 4)  # fmt: skip
    seen = look(served.browser().client, f"/runs/{RUN}/findings/{found.fingerprint}?row=whole")
    assert "Complete row of links" in seen.words
    assert "grant given no Whether `grant_verdict` allows at least some names" in seen.words
    seen = look(served.browser().client, f"/runs/{EARLIER}/findings/{'0' * 16}", 404)
    assert "has no finding 0000000000000000" in seen.words


def test_registries_and_their_links(served: Served):
    client = served.browser().client
    listed = look(client, f"/runs/{RUN}/registries")
    assert "2 registries" in listed.words
    assert "1 registry." in look(client, f"/runs/{RUN}/registries?text=destination").words
    source = look(client, f"/runs/{RUN}/registries/100000000003/eu-central-1")
    assert "blocked: a rule replicates and the destination refuses" in source.words
    assert f"/runs/{RUN}/registries/100000000009/eu-west-1" in source.links
    target = look(client, f"/runs/{RUN}/registries/100000000009/eu-west-1")
    assert "denied." in target.words
    assert f"/runs/{RUN}/registries/100000000003/eu-central-1" in target.links


def test_gaps_name_the_permission_that_helps(served: Served):
    seen = look(served.browser().client, f"/runs/{RUN}")
    assert "Allow these actions in a policy of the audit role: ecr:DescribeRepositoryCreationTemplates" in seen.words
    assert "Required permission" in seen.words


def test_reports_come_as_files(served: Served):
    client = served.browser().client
    one = client.get(f"/runs/{RUN}/download/markdown")
    assert one.headers["content-disposition"] == f'attachment; filename="ecr-audit-{RUN}-summary.md"'
    several = client.get(f"/runs/{RUN}/download/csv")
    assert several.headers["content-disposition"].endswith('-csv.zip"')
    with zipfile.ZipFile(BytesIO(several.content)) as archive:
        assert "findings.csv" in archive.namelist()
        assert archive.testzip() is None
    assert "This is not a valid report format" in look(client, f"/runs/{RUN}/download/exe", 404).words
    script = served.services.opened(RUN).run.scripts[0]
    answer = client.get(f"/runs/{RUN}/scripts/{script.name}")
    assert answer.content == script.text.encode()
    for name in ("nothing.sh", "..%2f..%2frun.json.gz", "%2e%2e"):
        assert client.get(f"/runs/{RUN}/scripts/{name}").status_code == 404


def test_runs_name_what_made_them(served: Served):
    client = served.browser().client
    job = next(job for job in served.services.queue.list(limit=200) if job.run == RUN and job.kind is Kind.AUDIT)
    assert f"/jobs/{job.id}" in look(client, "/runs").links
    assert f"/jobs/{job.id}" in look(client, f"/runs/{RUN}").links
    assert "Requested by command line" in look(client, f"/runs/{EARLIER}").words


def test_pages_of_runs_and_jobs_go_on(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(home, "PAGE", 1)
    monkeypatch.setattr(jobs, "PAGE", 3)
    client = served.browser().client
    for path, inside in (("/runs", "/runs/2026"), ("/jobs", "/jobs/2026")):
        found: list[str] = []
        while path:
            seen = look(client, path)
            found += dict.fromkeys(link for link in seen.links if link.startswith(inside) and "/findings" not in link)
            path = next((link for link in seen.links if "before=" in link), "")
        every = {f"/runs/{one.id}" for one in served.services.store.list(99)} | {
            f"/jobs/{one.id}" for one in served.services.queue.list(limit=999)
        }
        assert set(found) >= {one for one in every if one.startswith(inside)}


def test_jobs_show_what_became_of_them(served: Served):
    client = served.browser().client
    seen = look(client, "/jobs")
    for state in JobState:
        words = look(client, f"/jobs?state={state.value}").words
        some = any(job.state is state for job in served.services.queue.list(limit=200))
        assert ("No job matches" in words) is not some
    done = next(
        job for job in served.services.queue.list(limit=200) if job.state is JobState.DONE and job.kind is Kind.AUDIT
    )
    seen = look(client, f"/jobs/{done.id}")
    assert "<b>no answer</b>" in seen.words
    assert "reports/<U+202E>" in seen.words
    assert not any(form.action == "/audits" for form in seen.forms)
    failed = next(job for job in served.services.queue.list(limit=200) if job.state is JobState.FAILED)
    assert look(client, f"/jobs/{failed.id}").form("/audits").fields["schedule"] == ["nightly"]
    narrowed = next(job for job in served.services.queue.list(limit=200) if "scope" in job.request)
    assert "Scope Regions eu-west-1" in look(client, f"/jobs/{narrowed.id}").words
    assert "Job 'nothing' does not exist" in look(client, "/jobs/nothing", 404).words


def test_every_state_of_a_delivery_has_a_label(tmp_path: Path):
    with serving(tmp_path) as world:
        job = world.services.queue.enqueue(Kind.AUDIT, by="test")
        assert job is not None
        receipts = Receipts(world.store.engine, world.services.clock)
        for name in ("mail", "chat", "bucket", "hook"):
            receipts.promise(job.id, name)
        receipts.sent(job.id, "chat", {})
        receipts.suppressed(job.id, "bucket", "nothing is new")
        receipts.failed(job.id, "hook", "the server said no")
        words = look(world.browser().client, f"/jobs/{job.id}").words
    assert {one.state for one in receipts.of(job.id)} == set(ReceiptState)
    for label in ("▶ Pending", "✔ Sent", "– Not needed", "✘ Failed"):
        assert label in words


def test_schedules_show_when_and_what_came_of_it(served: Served):
    seen = look(served.browser().client, "/schedules")
    assert "Europe/Berlin" in seen.words
    assert "2026-11-24 01:30" in seen.words
    assert "None while the schedule is paused." in seen.words
    assert "because of <coalesced>." in seen.words


def test_checks_have_pages_under_every_name(served: Served):
    client = served.browser().client
    for name in ("grants.replication-allowed", "GRT-01", "grt-01"):
        seen = look(client, f"/checks/{name}")
        assert "Why it matters" in seen.words
        assert any(link.startswith("https://docs.aws.amazon.com/") for link in seen.links)
    assert "This check does not exist" in look(client, "/checks/%3Cb%3E", 404).words


def test_expectations_of_the_organizations_own_have_pages(tmp_path: Path):
    with serving(tmp_path, runs=[(kept(runs.own_run()), tables())]) as world:
        pages = crawl(world.browser().client, f"/runs/{RUN}", variants=1)
        page = pages[f"/checks/user.ours.names?run={RUN}"]
        assert "Names begin with a team" in page.words
        assert "Rename {repository}." in page.words


def test_files_of_the_pages_are_kept_by_browsers_and_nothing_else_is_there(served: Served):
    client = served.browser().client
    seen = look(client, "/")
    for asset in seen.assets:
        answer = client.get(asset)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    for name in ("nothing.css", "..%2fpages%2f__init__.py", "%2e%2e%2f__init__.py"):
        assert client.get(f"/static/{name}").status_code == 404
    assert client.get("/").headers["cache-control"] == "no-store"


def test_errors_are_pages_that_say_what_to_do(served: Served):
    client = served.browser().client
    for path in (
        "/nowhere",
        f"/runs/{RUN}/nothing",
        "/runs/%00",
        "/jobs/%00",
        "/runs?before=%00",
        "/runs/..%2f..%2fetc%2fpasswd",
    ):
        assert "See the list of runs" in look(client, path, 404).words
    assert client.get("/audits").status_code == 405
