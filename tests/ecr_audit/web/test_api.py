"""The JSON API over real HTTP: what it answers is what the store, the reports and the ledger say."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from checks.model import Severity, Status
from ecr_audit.web.api.events import Followers
from ecr_audit.web.security.roles import Role
from ecr_audit.web.services import RENDERED_AT_ONCE, RENDERED_NEXT, WAITING_AT_MOST, BusyError, Services
from reports.formats import FORMATS, render
from reports.formats.json import head
from reports.formats.json_values import json_value
from reports.run_view import kept_view
from schedules.configuration.service import Schedule, ScopeSettings
from schedules.deliveries.receipts import Receipts
from schedules.jobs.queue import JobState, Kind
from tests.ecr_audit.web.doors import API, RUN, Served, kept, mixed, serving
from tests.reports.runs import green_run, own_run, small_run, unread_run


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("api")
    schedules = {
        "nightly": Schedule(every="nightly", timezone="Europe/Berlin", waivers=str(folder / "waivers.yaml")),
        "asleep": Schedule(every="hourly", paused=True),
    }
    runs = [mixed(day) for day in (19, 20, 21, 22)]
    fixed = replace(runs[-1][0], results=runs[-1][0].results[1:])
    with serving(folder, schedules=schedules, runs=[*runs[:-1], (fixed, {}), mixed()]) as one:
        yield one


@pytest.fixture(scope="module")
def api(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{served.url}{API}", timeout=60) as client:
        yield client


def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_runs_come_newest_first_in_pages_without_gap_or_repetition(api: httpx.Client) -> None:
    ids: list[str] = []
    cursor = ""
    for _ in range(10):
        page = ok(api.get("/runs", params={"limit": 2, "cursor": cursor}))
        assert len(page["runs"]) <= 2
        ids += [one["id"] for one in page["runs"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert ids == [f"202611{day}T020000Z-4f9a1c" for day in (23, 22, 21, 20, 19)]


def test_a_run_is_the_head_of_its_json_report(served: Served, api: httpx.Client) -> None:
    answer = ok(api.get("/runs/latest"))
    run = served.store.load(RUN)
    view = kept_view(served.store, run)
    sum_ = answer.pop("evidence_sum")
    assert answer == json_value(head(run, view))
    assert sum_ == served.store.evidence_sum(RUN)
    assert ok(api.get(f"/runs/{RUN}"))["run"]["id"] == RUN


def test_findings_are_those_of_the_report_whole_and_in_order(api: httpx.Client) -> None:
    report = ok(api.get("/runs/latest/reports/json"))
    found: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = ok(api.get("/runs/latest/findings", params={"limit": 7, "cursor": cursor}))
        found += page["findings"]
        cursor = page["next"]
    assert found == report["findings"]
    assert page["count"] == page["total"] == len(found)
    assert len(ok(api.get("/runs/latest/findings", params={"limit": 200}))["findings"]) == len(found)


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("severity=critical&severity=high", lambda one: one["severity"] in ("critical", "high")),
        ("status=unknown", lambda one: one["status"] == "unknown" and not one["waiver"]),
        ("status=waived", lambda one: one["waiver"] is not None),
        ("check=settings.tag-mutability", lambda one: one["check"] == "settings.tag-mutability"),
        ("account=100000000009&region=eu-west-1", lambda one: one["account"] == "100000000009"),
        ("state=new", lambda one: one["change"] == "new"),
        ("text=LIFECYCLE%20policy", lambda one: "lifecycle policy" in one["message"].lower()),
    ],
)
def test_filters_let_through_what_they_say_and_nothing_else(api: httpx.Client, query: str, holds: Any) -> None:
    everything = ok(api.get("/runs/latest/findings?limit=200"))["findings"]
    chosen = ok(api.get(f"/runs/latest/findings?limit=200&{query}"))
    assert chosen["findings"] == [one for one in everything if holds(one)] != []
    assert chosen["count"] == len(chosen["findings"])


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "cursor=-1", "cursor=99999999", "severity=bad", "sort=x", "nonsense=1",
     "text=" + "x" * 201],
)  # fmt: skip
def test_what_a_query_cannot_mean_is_a_problem_that_says_where(api: httpx.Client, query: str) -> None:
    answer = api.get(f"/runs/latest/findings?{query}")
    assert answer.headers["content-type"] == "application/problem+json"
    problem = ok(answer, 422)
    assert problem["status"] == 422
    assert problem["errors"][0]["at"].removesuffix(".0") == f"query.{query.partition('=')[0]}"


def test_one_finding_has_its_command_and_its_history(api: httpx.Client) -> None:
    first = ok(api.get("/runs/latest/findings?limit=1"))["findings"][0]
    answer = ok(api.get(f"/runs/latest/findings/{first['fingerprint']}"))
    seen = answer.pop("seen")
    assert answer == first
    assert "aws ecr" in answer["remediation"]["commands"]
    assert [one["run"][:8] for one in seen] == ["20261123", "20261121", "20261120", "20261119"]
    ok(api.get("/runs/latest/findings/0000000000000000"), 404)


def test_gaps_checks_scripts_and_sums_are_the_runs_own(served: Served, api: httpx.Client) -> None:
    run = served.store.load(RUN)
    gaps = ok(api.get("/runs/latest/gaps?limit=200"))
    assert gaps["count"] == len(gaps["gaps"]) == len(run.gaps)
    assert [one["id"] for one in ok(api.get("/runs/latest/checks"))["checks"]] == [one.check for one in run.results]
    scripts = ok(api.get("/runs/latest/scripts"))["scripts"]
    assert [one["name"] for one in scripts] == [one.name for one in run.scripts]
    answer = api.get(f"/runs/latest/scripts/{scripts[0]['name']}")
    assert answer.text == run.scripts[0].text
    assert answer.headers["content-disposition"].startswith("attachment;")
    sums = ok(api.get("/runs/latest/evidence"))
    for file in sums["files"]:
        data = (served.store.folder / "runs" / RUN / file["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"]


def test_registries_and_links_say_what_is_not_known(api: httpx.Client) -> None:
    first, second = ok(api.get("/runs/latest/registries"))["registries"]
    assert (first["account"], first["destinations_needed"], first["is_source"]) == ("100000000003", 3, True)
    assert second["rule_count"] is second["is_source"] is None
    assert second["open"] > 0
    (link,) = ok(api.get("/runs/latest/links"))["links"]
    assert link["state"] == "blocked"
    for part in ("registries", "links"):
        problem = ok(api.get(f"/runs/20261122T020000Z-4f9a1c/{part}"), 404)
        assert "stored no evidence tables" in problem["detail"]


def test_two_runs_are_compared_finding_by_finding(api: httpx.Client) -> None:
    answer = ok(api.get("/runs/latest/comparison?before=20261122T020000Z-4f9a1c&limit=200"))
    assert (answer["before"], answer["after"]) == ("20261122T020000Z-4f9a1c", RUN)
    assert answer["counts"]["new"] == sum(one["state"] == "new" for one in answer["entries"]) > 0
    assert "different" in " ".join(answer["remarks"]) or "only one of the runs" in " ".join(answer["remarks"])
    ok(api.get("/runs/latest/comparison"), 422)
    ok(api.get("/runs/latest/comparison?before=20200101T000000Z-000000"), 404)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_fetched_as_it_is_rendered(served: Served, api: httpx.Client, format: str) -> None:
    answer = api.get(f"/runs/latest/reports/{format}")
    assert answer.status_code == 200, answer.text
    run = served.store.load(RUN)
    view = kept_view(served.store, run)
    name = answer.headers["content-disposition"].partition('filename="')[2].rstrip('"')
    assert name.startswith(f"ecr-audit-{RUN}-")
    if format == "pdf":
        assert answer.content.startswith(b"%PDF-")  # setting it once is enough
        return
    files = render(format, run, view, tables=lambda name: served.store.table(RUN, name))
    if len(files) == 1:
        assert answer.content == next(iter(files.values()))
    else:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == files
    again = api.get(f"/runs/latest/reports/{format}", headers={"If-None-Match": f'"x", W/{answer.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")


def test_an_audit_is_asked_for_by_schedule_or_by_scope(served: Served, api: httpx.Client) -> None:
    answer = api.post("/audits", json={"schedule": "nightly"})
    job = ok(answer, 202)
    assert answer.headers["location"] == f"{API}/jobs/{job['id']}"
    assert (job["kind"], job["state"], job["schedule"], job["due_at"]) == ("audit", "waiting", "nightly", None)
    scope = {"accounts": ["100000000003"], "regions": ["eu-west-1"]}
    narrow = ok(api.post("/audits", json={"scope": scope}), 202)
    kept_scope = ScopeSettings.model_validate_json(json.dumps(narrow["request"]["scope"]), strict=True)
    assert (kept_scope.accounts, kept_scope.regions) == (("100000000003",), ("eu-west-1",))
    assert [act.act for act in served.store.audit_log(2)] == ["audit", "audit"]
    assert ok(api.get(f"/jobs/{job['id']}")) == job
    for one in (job, narrow):
        assert ok(api.post(f"/jobs/{one['id']}/cancel"))["state"] == "cancelled"
    assert "has already ended: cancelled" in ok(api.post(f"/jobs/{job['id']}/cancel"), 409)["detail"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/audits", {}, 422),
        ("/audits", {"schedule": "no-such"}, 404),
        ("/audits", {"schedule": "../x"}, 422),
        ("/audits", {"scope": {"accounts": ["1"]}}, 422),
        ("/audits", {"scope": {"account": ["100000000003"]}}, 422),
        ("/audits", {"schedule": "nightly", "more": 1}, 422),
        ("/reports", {"run": "latest", "formats": []}, 422),
        ("/reports", {"run": "latest", "formats": ["doc"]}, 422),
        ("/reports", {"run": "20200101T000000Z-000000", "formats": ["csv"]}, 404),
        ("/waivers", {"fingerprint": "zz", "reason": "r", "until": "2027-01-01"}, 422),
        ("/waivers", {"fingerprint": "0123456789abcdef", "reason": "r", "until": "2027-01-01"}, 409),
        ("/waivers", {"fingerprint": "0123456789abcdef", "reason": "", "until": "2027-01-01"}, 422),
        ("/waivers", {"fingerprint": "0123456789abcdef", "reason": "r", "until": "tomorrow"}, 422),
    ],
)
def test_what_cannot_be_asked_for_is_refused_and_writes_nothing(
    served: Served, api: httpx.Client, path: str, body: Any, status: int
) -> None:
    before = len(served.store.audit_log(1000))
    assert api.post(path, json=body).status_code == status
    assert len(served.store.audit_log(1000)) == before


def test_reports_are_asked_for_ahead_and_listed(served: Served, api: httpx.Client) -> None:
    job = ok(api.post("/reports", json={"run": "latest", "formats": ["pdf", "csv", "pdf"]}), 202)
    assert (job["kind"], job["run"], job["request"]) == ("report", RUN, {"formats": ["pdf", "csv"]})
    assert [one["id"] for one in ok(api.get(f"/jobs?run={RUN}&state=waiting"))["jobs"]] == [job["id"]]
    assert ok(api.get("/jobs?schedule=asleep")) == {"jobs": [], "next": None}
    pages = []
    cursor = ""
    while cursor is not None:
        page = ok(api.get("/jobs", params={"limit": 1, "cursor": cursor}))
        pages += page["jobs"]
        cursor = page["next"]
    assert len({one["id"] for one in pages}) == len(pages) == len(ok(api.get("/jobs?limit=200"))["jobs"])
    ok(api.post(f"/jobs/{job['id']}/cancel"))


def test_receipts_of_a_job_are_reported(served: Served, api: httpx.Client) -> None:
    job = served.services.queue.enqueue(Kind.AUDIT, by="test")
    assert job is not None
    receipts = Receipts(served.store.engine, served.services.clock)
    receipts.promise(job.id, "mail", RUN)
    receipts.failed(job.id, "mail", "the server said no")
    (receipt,) = ok(api.get(f"/jobs/{job.id}/receipts"))["receipts"]
    assert (receipt["delivery"], receipt["state"], receipt["reason"]) == ("mail", "failed", "the server said no")
    served.services.cancel(job.id, "test")


def test_schedules_show_when_they_are_due_and_what_became_of_them(served: Served, api: httpx.Client) -> None:
    job = served.services.queue.enqueue(Kind.AUDIT, by="test", schedule="nightly")
    assert job is not None
    served.services.cancel(job.id, "test")
    nightly, asleep = ok(api.get("/schedules"))["schedules"]
    assert nightly["next_at"][0] == "2026-11-24T01:30:00Z"
    assert nightly["timezone"] == "Europe/Berlin"
    assert nightly["last"]["id"] == job.id
    assert (asleep["paused"], asleep["next_at"], asleep["last"]) == (True, [], None)


def test_a_waiver_lands_in_the_schedules_file_with_who_made_it(served: Served, api: httpx.Client) -> None:
    finding = ok(api.get("/runs/latest/findings?status=fail&limit=1"))["findings"][0]
    body = {
        "fingerprint": finding["fingerprint"],
        "reason": "Moves in spring\n- until: 2099-01-01",
        "until": "2027-01-31",
    }
    waived = ok(api.post("/waivers", json=body), 201)
    assert waived["file"] == "waivers.yaml"
    text = Path(served.services.configuration.schedules["nightly"].waivers).read_text()
    assert finding["fingerprint"] in text
    assert "local user" in text
    act = served.store.audit_log(1)[0]
    assert (act.act, act.subject, act.detail["file"]) == ("waive", finding["fingerprint"], "waivers.yaml")
    problem = ok(api.post("/waivers", json=body), 409)
    assert "is already waived until 2027-01-31" in problem["detail"]
    assert str(served.store.folder.parent) not in problem["detail"]


def events(lines: Iterator[str]) -> Iterator[tuple[str, str, Any]]:
    """(event, id, data) of a stream."""
    for blank, group in itertools.groupby(lines, lambda line: not line):
        fields = dict(line.split(": ", 1) for line in group if not blank and not line.startswith(":"))
        if "event" in fields:
            yield fields["event"], fields["id"], json.loads(fields["data"])


def test_a_job_is_followed_to_its_end(served: Served, api: httpx.Client) -> None:
    queue = served.services.queue
    job = queue.enqueue(Kind.AUDIT, by="test")
    assert job is not None
    with api.stream("GET", f"/jobs/{job.id}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert (stream.headers["cache-control"], stream.headers["x-accel-buffering"]) == ("no-store", "no")
        stream_events = events(stream.iter_lines())
        assert next(stream_events)[2]["state"] == "waiting"
        queue.begin(job.id, "h")
        assert next(stream_events)[2]["state"] == "running"
        queue.report_progress(job.id, "h", note="reading\n\nevent: end\ndata: {}", done=3, total=9)
        kind, mark, data = next(stream_events)
        assert (kind, data["done"], data["note"]) == ("job", 3, "reading\n\nevent: end\ndata: {}")
        queue.made(job.id, "h", RUN)
        queue.end(job.id, "h", JobState.DONE)
        rest = list(stream_events)
    assert [kind for kind, _, _ in rest[-2:]] == ["job", "end"]
    assert rest[-1][2]["state"] == "done"
    assert rest[-1][2]["run"] == RUN
    # A client that received the end gets 204 when it reconnects; one that did not receive it gets the end.
    assert api.get(f"/jobs/{job.id}/events", headers={"Last-Event-ID": rest[-1][1]}).status_code == 204
    again = list(events(iter(api.get(f"/jobs/{job.id}/events", headers={"Last-Event-ID": mark}).text.split("\n"))))
    assert [kind for kind, _, _ in again] == ["job", "end"]
    ok(api.get("/jobs/20200101T000000Z-000000/events"), 404)


def test_those_who_follow_are_few_and_leave_no_trace(served: Served, api: httpx.Client) -> None:
    job = served.services.queue.enqueue(Kind.AUDIT, by="test")
    assert job is not None
    streams, lines, statuses = [], [], []
    for _ in range(9):
        manager = api.stream("GET", f"/jobs/{job.id}/events")
        stream = manager.__enter__()
        streams.append(manager)
        statuses.append(stream.status_code)
        if stream.status_code == 200:
            lines.append(stream.iter_lines())
            next(lines[-1])
    assert statuses == [200] * 8 + [429]
    for manager in streams:
        manager.__exit__(None, None, None)
    followers = served.app.state.followers
    waited = threading.Event()
    for _ in range(400):
        if not followers._by_name:
            break
        waited.wait(0.05)
    assert not followers._by_name
    served.services.cancel(job.id, "test")


def test_a_follower_does_not_keep_the_server_from_stopping(tmp_path: Path) -> None:
    with serving(tmp_path) as one:
        job = one.services.queue.enqueue(Kind.AUDIT, by="test")
        assert job is not None
        with one.client().stream("GET", f"{API}/jobs/{job.id}/events") as stream:
            lines = stream.iter_lines()
            next(lines)
            one.server.stop(30)
            assert not one.server.alive
            list(lines)  # the stream ended in good order
        assert one.services.job(job.id).state is JobState.WAITING


@pytest.mark.parametrize("make", [small_run, own_run, unread_run, green_run])
def test_every_shape_of_run_is_reported(tmp_path: Path, make: Any) -> None:
    """Checks that no program knows, expectations of one's own, broken checks, nothing read, nothing found."""
    run = kept(make())
    with serving(tmp_path, runs=[(run, {})]) as one:
        client = one.client()
        for part in ("", "/checks", "/findings", "/gaps", "/evidence", "/scripts", f"/comparison?before={RUN}"):
            ok(client.get(f"{API}/runs/latest{part}"))
        for finding in run.findings:
            ok(client.get(f"{API}/runs/latest/findings/{finding.fingerprint}"))


def test_reports_that_many_wait_for_do_not_take_every_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = threading.Semaphore(0), threading.Event()

    def slow(*_: Any) -> dict[str, bytes]:
        begun.release()
        go.wait(30)
        return {"x": b""}

    with serving(tmp_path, runs=[(kept(green_run()), {})]) as one:
        monkeypatch.setattr("ecr_audit.web.services.rendered", slow)
        together = RENDERED_AT_ONCE + RENDERED_NEXT
        threads = [threading.Thread(target=one.services.files, args=("latest", "csv")) for _ in range(together)]
        for thread in threads:
            thread.start()
        for _ in range(RENDERED_AT_ONCE):
            assert begun.acquire(timeout=30)
        while one.services._within_capacity._value:  # until all of them have come in
            pass
        answer = one.client().get(f"{API}/runs/latest/reports/csv")
        assert answer.status_code == 503
        assert ok(one.client().get(f"{API}/runs"))
        go.set()
        for thread in threads:
            thread.join()
        assert one.client().get(f"{API}/runs/latest/reports/csv").status_code == 200


def test_a_silent_stream_is_kept_alive_and_ends_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.02)  # fastapi.sse: importable so that tests can set it
    followers = Followers(longest_seconds=0.3, look_seconds=0.01)
    with serving(tmp_path, followers=followers) as one:
        job = one.services.audit("", "test")
        text = one.client().get(f"{API}/jobs/{job.id}/events").text
        assert [kind for kind, _, _ in events(iter(text.split("\n")))] == ["job"]
        assert ": ping" in text


def test_a_full_queue_takes_no_more(tmp_path: Path) -> None:
    with serving(tmp_path, runs=[(kept(green_run()), {})]) as one:
        for _ in range(WAITING_AT_MOST):
            one.services.audit("", "test")
        answer = one.client().post(f"{API}/audits", json={"scope": {}})
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        with pytest.raises(BusyError, match="jobs are already waiting"):
            one.services.report("latest", ["csv"], "test")


def test_a_run_that_many_ask_for_is_opened_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(served.services.configuration, served.store, served.services.clock)
    opened: list[str] = []
    real = Services._open

    def counted(self: Services, run_id: str) -> Any:
        opened.append(run_id)
        return real(self, run_id)

    monkeypatch.setattr(Services, "_open", counted)
    threads = [threading.Thread(target=services.opened, args=("latest",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [RUN]
    for day in (19, 20, 21, 22):
        services.opened(f"202611{day}T0")
    services.opened(RUN)
    assert len(opened) == 6  # the one that was not asked for longest had to make room


def test_a_store_that_is_damaged_is_reported_without_its_insides(tmp_path: Path) -> None:
    with serving(tmp_path, runs=[mixed()]) as one:
        (one.store.folder / "runs" / RUN / "run.json.gz").write_bytes(b"x")
        answer = one.client().get(f"{API}/runs/latest")
        assert answer.status_code == 503
        assert "altered" in answer.json()["detail"]
        assert str(tmp_path) not in answer.text


def test_severities_and_statuses_of_the_document_are_ours(served: Served, api: httpx.Client) -> None:
    schemas = ok(api.get("/openapi.json"))["components"]["schemas"]
    assert schemas["Severity"]["enum"] == [one.value for one in Severity]
    assert schemas["Status"]["enum"] == [one.value for one in Status]
    assert served.app.openapi()["openapi"].startswith("3.1")
    assert {"ChangeState", "JobState", "Problem"} <= schemas.keys()


def test_roles_keep_to_what_they_may(tmp_path: Path) -> None:
    body = {"fingerprint": "0123456789abcdef", "reason": "r", "until": "2027-01-01"}
    with serving(tmp_path, web={"signin": "tokens"}, runs=[mixed()]) as one:
        for role, statuses in ((Role.READ, (403, 403)), (Role.RUN, (202, 403)), (Role.ADMIN, (202, 409))):
            client = one.client(role)
            assert client.get(f"{API}/runs").status_code == 200
            asked = client.post(f"{API}/audits", json={"scope": {}}), client.post(f"{API}/waivers", json=body)
            assert tuple(answer.status_code for answer in asked) == statuses
        assert {job.requested_by for job in one.services.queue.list()} == {"test-admin", "test-run"}
