"""Attacks: other sites, other names, other paths, long and slow requests, and names from AWS that want to be more."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from audit.model import Run
from ecr_audit.web import serving as web_serving
from ecr_audit.web.security.body_limit import LARGEST_BODY
from ecr_audit.web.security.csrf import checked
from ecr_audit.web.security.headers import POLICY
from ecr_audit.web.security.rate_limits import EACH_AND_ALL, Cost, RateLimits
from ecr_audit.web.security.roles import Required, Role
from ecr_audit.web.serving import HeaderTimeoutProtocol, ListenError, serve_web
from reports.formats import FORMATS
from schedules.configuration.service import Schedule
from schedules.jobs.queue import Kind
from tests.ecr_audit.web.doors import API, RUN, Served, kept, mixed, serving, tables
from tests.reports.runs import HOSTILE, hostile_run, result, run_of

PUBLIC = {"/signin", "/signout", "/static/{name}", "/healthz", "/readyz"}
"""What nobody needs a role for: signing in and out, how pages look, and whether the service lives."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("open"), runs=[mixed()]) as one:
        yield one


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("closed"), web={"signin": "tokens"}, runs=[mixed()]) as one:
        yield one


def raw(served: Served, request: bytes, timeout: float = 10) -> bytes:
    """What the server answers to these very bytes, until it ends the connection."""
    with closing(socket.create_connection(("127.0.0.1", served.server.port), timeout=timeout)) as connection:
        connection.sendall(request)
        answer = b""
        while True:
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                return answer
            if not part:
                return answer
            answer += part


def dependants(route: RouteContext) -> Iterator[Dependant]:
    waiting: list[Dependant] = [route.dependant]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += one.dependencies


def routes(served: Served) -> list[RouteContext]:
    return list(iter_route_contexts(served.app.routes))


def test_every_route_declares_its_role(closed: Served) -> None:
    found = routes(closed)
    assert len(found) > 40
    for route in found:
        assert route.path is not None
        if route.path in PUBLIC:
            continue
        roles = [one.call.role for one in dependants(route) if isinstance(one.call, Required)]
        assert roles, f"{route.methods} {route.path} asks nobody for a role"
        if route.methods != {"GET"}:
            assert max(role.rank for role in roles) > Role.READ.rank, f"{route.path} lets readers change something"


def test_every_route_that_changes_something_rejects_forged_requests(closed: Served) -> None:
    for route in routes(closed):
        if not (route.methods or set()) <= {"GET", "HEAD"}:
            assert any(one.call is checked for one in dependants(route)), f"{route.path} does not look for forgery"


def test_no_route_answers_without_its_role(closed: Served) -> None:
    """Asked over HTTP, with nothing, with a wrong token, and with a role that is not enough."""
    nobody, reader = closed.client(), closed.client(Role.READ)
    wrong = closed.client(Authorization="Bearer ecra_" + "x" * 43)
    values = {"run": RUN, "run_id": RUN, "format": "csv", "job": "20261123T013000Z-0b57e2", "job_id": "x", "name": "a"}
    for route in routes(closed):
        assert route.path is not None
        if route.path in PUBLIC:
            continue
        path = route.path
        for name in route.param_convertors:
            path = path.replace(f"{{{name}}}", values.get(name, "0123456789abcdef"))
        for method in route.methods or ():
            for client in (nobody, wrong):
                answer = client.request(method, path)
                assert answer.status_code in ((401,) if path.startswith("/api") else (401, 303)), f"{method} {path}"
            if method != "GET":
                assert reader.request(method, path).status_code == 403, f"{method} {path}"


@pytest.mark.parametrize(
    "path", ["/", "/signin", "/static/page.css", "/no/such", f"{API}/runs", f"{API}/no", "/healthz"]
)
def test_every_answer_says_what_browsers_may_do_with_it(closed: Served, path: str) -> None:
    headers = closed.client().get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "server" not in headers
    assert "access-control-allow-origin" not in headers
    if not path.startswith("/static"):
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8180", "127.0.0.1.evil.example", "localhost.evil.example", "", "a@127.0.0.1",
     "localhost/..", "0x7f000001", "local host", "[::1", "evil.example#localhost", "127.0.0.1,evil.example"],
)  # fmt: skip
def test_other_names_are_not_answered(served: Served, host: str) -> None:
    answer = raw(served, f"GET {API}/runs HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ")[1] in (b"421", b"400"), answer[:200]
    assert b"4f9a1c" not in answer


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:80", "10.0.0.7", "localhost."])
def test_own_names_and_addresses_are_answered(served: Served, host: str) -> None:
    assert served.client(Host=host).get(f"{API}/runs").status_code == 200


def test_two_hosts_are_none(served: Served) -> None:
    request = f"GET {API}/runs HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert raw(served, request.encode()).split(b" ")[1] in (b"421", b"400")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 202),  # no browser: curl on this machine
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost:1"}, 403),  # another program on this machine
        ({"Origin": "{own}", "Sec-Fetch-Site": "same-origin"}, 403),  # ours, but without the token of a page
        ({"Cookie": "a=b"}, 403),
        ({"Origin": "{own}.evil.example"}, 403),
    ],
)
def test_other_sites_cannot_have_a_browser_ask(served: Served, headers: dict[str, str], status: int) -> None:
    sent = {name: value.replace("{own}", served.url) for name, value in headers.items()}
    answer = served.client(**sent).post(f"{API}/audits", json={"scope": {}})
    assert answer.status_code == status, answer.text


def test_a_body_that_needs_no_preflight_is_not_taken_for_json(served: Served) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        headers = {"Content-Type": kind} if kind else {}
        answer = served.client(**headers).post(f"{API}/audits", content=b'{"scope": {}}')
        assert answer.status_code == 422, kind


@pytest.mark.parametrize("mode", ["no-cors", "cors", "navigate"])
def test_other_sites_cannot_have_the_api_read(served: Served, mode: str) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": "document"}
    assert served.client(**headers).get(f"{API}/runs/latest/reports/csv").status_code == 403
    frame = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    assert served.client(**frame).get("/").status_code == 403


TRAVERSALS = (
    "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e", "....//", "latest/../../x", "latest%00",
    "latest%0d%0a", "%c0%ae%c0%ae%c0%af", "\\..\\..", "C:", "latest;", "LATEST", "2026", "*", "'", "%27%20OR%201=1",
    "ecr-audit.db",
)  # fmt: skip


@pytest.mark.parametrize("name", TRAVERSALS)
def test_names_lead_nowhere_else(served: Served, name: str) -> None:
    for path in (
        f"{API}/runs/{name}", f"{API}/runs/{name}/reports/csv", f"{API}/runs/latest/reports/{name}",
        f"{API}/runs/latest/scripts/{name}", f"{API}/jobs/{name}", f"{API}/jobs/{name}/events",
        f"{API}/runs/latest/findings/{name}", f"/static/{name}", f"/runs/latest/download/{name}",
        f"/runs/latest/scripts/{name}",
    ):  # fmt: skip
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        answer = raw(served, request.encode())
        status = int(answer.split(b" ")[1])
        # "2026" is the beginning of one run, and pages take beginnings.
        assert status in (400, 404, 405, 421, 422, 303), f"{path}: {answer[:200]!r}"
        assert b"root:" not in answer
        assert str(served.store.folder).encode() not in answer


def test_long_bodies_are_not_read(served: Served) -> None:
    said = f"POST {API}/audits HTTP/1.1\r\nHost: localhost\r\nContent-Length: {10**12}\r\n\r\n"
    assert raw(served, said.encode()).startswith(b"HTTP/1.1 413")
    assert served.client().post(f"{API}/audits", content=b"x" * (LARGEST_BODY + 1)).status_code == 413

    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 8192

    try:
        status = served.client().post(f"{API}/audits", content=endless()).status_code
    except (httpx.WriteError, httpx.ReadError):
        status = 413  # the server hung up before this end had read its answer
    assert status == 413
    client = served.client(**{"Content-Type": "application/json"})
    allowed = json.dumps({"scope": {"ous": ["x" * (LARGEST_BODY - 100)]}}).encode()
    assert client.post(f"{API}/audits", content=allowed).status_code == 422  # read, and found to be nonsense


def test_long_headers_and_addresses_are_not_read(served: Served) -> None:
    for request in (
        f"GET /{'x' * 1_000_000} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 1_000_000}\r\n\r\n",
        "GET / HTTP/1.1\r\n" + "X: y\r\n" * 200_000 + "\r\n",
    ):
        try:
            answer = raw(served, request.encode())
        except (BrokenPipeError, ConnectionResetError):
            continue  # it hung up in the middle
        assert answer == b"" or answer.split(b" ")[1] == b"400", answer[:100]


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\nEvil: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n X: folded\r\n\r\n",
        b"GET /\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_requests_that_are_none_do_no_harm(served: Served, request_: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", served.server.port), timeout=10)) as connection:
        connection.sendall(request_)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert served.client().get("/healthz").status_code == 200


def test_slow_requests_are_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HeaderTimeoutProtocol, "seconds", 0.3)
    with serving(tmp_path) as one:
        for beginning in (b"", b"GET / HTTP/1.1\r\nHost: localh"):
            assert raw(one, beginning) == b""  # ends, instead of waiting for more
        with closing(socket.create_connection(("127.0.0.1", one.server.port), timeout=10)) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
            connection.sendall(b"GET /heal")  # a second request on the same connection, never finished
            while connection.recv(65536):
                pass
        assert one.client().get("/healthz").status_code == 200


def test_slow_bodies_are_cut_off(served: Served) -> None:
    from ecr_audit.web.security.body_limit import BodyLimit

    layer = served.app.middleware_stack
    while not isinstance(layer, BodyLimit):
        layer = getattr(layer, "app", None) or layer._app  # type: ignore[union-attr]
    before, layer._seconds = layer._seconds, 0.2
    try:
        request = f"POST {API}/audits HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{{"
        assert raw(served, request.encode()).startswith(b"HTTP/1.1 408")
    finally:
        layer._seconds = before


def test_what_is_expensive_is_bounded_by_person_and_for_all(tmp_path: Path) -> None:
    bounds = EACH_AND_ALL | {Cost.AUDIT: ("2/hour", "3/hour"), Cost.DOWNLOAD: ("1/hour", "9/hour")}
    with serving(tmp_path, web={"signin": "tokens"}, runs=[mixed()], limits=RateLimits(bounds)) as one:
        nobody, runner, admin = one.client(), one.client(Role.RUN), one.client(Role.ADMIN)

        def ask(client: httpx.Client) -> httpx.Response:
            return client.post(f"{API}/audits", json={"scope": {}})

        assert [ask(nobody).status_code for _ in range(5)] == [401] * 5  # and that counts against nobody
        assert [ask(runner).status_code for _ in range(3)] == [202, 202, 429]
        assert [ask(admin).status_code for _ in range(2)] == [202, 429]
        refused = ask(runner)
        assert 0 < int(refused.headers["retry-after"]) <= 3600
        assert refused.headers["content-type"] == "application/problem+json"
        assert len(one.services.queue.list()) == 3
        assert [runner.get(f"{API}/runs/latest/reports/csv").status_code for _ in range(2)] == [200, 429]
        assert [admin.get(f"{API}/runs/latest/reports/csv").status_code for _ in range(2)] == [200, 429]


def plain(run: Run) -> Run:
    """*run* without what no store can hold: half characters, which UTF-8 has not."""
    whole = [one for one in run.findings if "\ud83d" not in one.message]
    gaps = tuple(gap for gap in run.gaps if "\ud83d" not in gap.message)
    return kept(run_of([result(whole[0].check, whole)], organization_name=run.organization_name,
                       account_names=run.account_names, gaps=gaps))  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A run whose names, tags, messages and policies all want to be something else."""
    folder = tmp_path_factory.mktemp("hostile")
    schedules = {"nightly": Schedule(every="nightly", waivers=str(folder / "waivers.yaml"))}
    with serving(folder, schedules=schedules, runs=[(plain(hostile_run()), tables(HOSTILE[0]))]) as one:
        yield one


def test_hostile_names_stay_text_in_every_answer(hostile: Served) -> None:
    client = hostile.client()
    paths = ["/runs", *(f"/runs/latest{part}" for part in
             ("", "/checks", "/gaps", "/registries", "/links", "/evidence", "/scripts", "/findings?limit=200",
              f"/comparison?before={RUN}&limit=200"))]  # fmt: skip
    for path in paths:
        answer = client.get(f"{API}{path}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        json.loads(answer.content.decode("utf-8"))  # strict UTF-8, whatever was in the names
    found = client.get(f"{API}/runs/latest/findings?limit=200").json()["findings"]
    assert {one["message"] for one in found} >= {text for text in HOSTILE if "\ud83d" not in text}
    for one in found:
        assert client.get(f"{API}/runs/latest/findings/{one['fingerprint']}").json()["message"] == one["message"]


@pytest.mark.parametrize("format", [format for format in FORMATS if format != "pdf"])
def test_hostile_names_do_not_leave_their_header(hostile: Served, format: str) -> None:
    answer = hostile.client().get(f"{API}/runs/latest/reports/{format}")
    assert answer.status_code == 200, answer.text
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith(f'attachment; filename="ecr-audit-{RUN}-')
    assert disposition.isascii()
    assert disposition.count('"') == 2


def test_hostile_searches_and_reasons_are_only_words(hostile: Served) -> None:
    client = hostile.client()
    fingerprints = [
        one["fingerprint"] for one in client.get(f"{API}/runs/latest/findings?status=fail").json()["findings"]
    ]
    texts = [text for text in HOSTILE if "\ud83d" not in text]
    for text in texts:
        answer = client.get(f"{API}/runs/latest/findings", params={"text": text[:200], "account": text[:200]})
        assert answer.status_code == 200
    refused = 0
    for fingerprint, text in zip(fingerprints, texts, strict=False):
        body = {"fingerprint": fingerprint, "reason": text, "until": "2026-12-24"}
        control = any(char < " " and char not in "\t\n" for char in text)
        assert client.post(f"{API}/waivers", json=body).status_code == (422 if control else 201), text
        refused += control
    from checks.baseline.loading import load_waivers

    written = Path(hostile.services.configuration.schedules["nightly"].waivers).read_text(encoding="utf-8")
    waivers = load_waivers(written, "waivers.yaml")
    assert {one.fingerprint for one in waivers} <= set(fingerprints)
    assert len(waivers) == min(len(fingerprints), len(texts)) - refused > 4


def test_what_people_send_makes_no_line_of_its_own_in_the_log(
    closed: Served, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    line = "x%0A2026-11-23T12:00:00Z INFO admin signed in%0D%1B[31m"
    for path in (f"{API}/runs/{line}", f"/runs/{line}", f"/{line}"):
        closed.client(Role.READ, **{"User-Agent": "evil"}).get(path)
    secret = "ecra_" + "s" * 43
    browser = closed.browser()
    browser.sign_in(secret)
    closed.client(Authorization=f"Bearer {secret}").get(f"{API}/runs")
    browser.sign_in(closed.token(Role.READ))
    text = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    assert "admin signed in" not in [one.strip() for one in text.splitlines()]
    assert "\x1b" not in text
    for shown in (secret, closed.token(Role.READ), browser.client.cookies.get("ecr-audit-session", "-")):
        assert shown not in text


def test_a_defect_is_reported_to_the_log_alone(
    served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("audit.store.Store.list", broken)
    answer = served.client().get(f"{API}/runs")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "hunter2" not in answer.text
    assert answer.headers["content-security-policy"] == POLICY
    assert sum("failed" in record.getMessage() for record in caplog.records) == 1


def test_a_store_that_is_away_is_reported_without_its_words(closed: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlalchemy as sa

    client = closed.client(Role.READ)

    def away(*_: Any, **__: Any) -> None:
        raise sa.exc.OperationalError("SELECT secret FROM x", {}, Exception("password=hunter2"))

    monkeypatch.setattr("ecr_audit.web.security.tokens.Tokens.user", away)
    answer = client.get(f"{API}/runs")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "hunter2" not in answer.text
    assert "SELECT" not in answer.text


def test_no_secret_is_asked_for_in_an_address(closed: Served) -> None:
    secret = closed.token(Role.READ)
    for query in (f"token={secret}", f"access_token={secret}", f"authorization=Bearer%20{secret}"):
        assert closed.client().get(f"{API}/runs?{query}").status_code == 401
    for header in (f"Basic {secret}", f"bearer{secret}", secret, f"Bearer  {secret} x"):
        assert closed.client(Authorization=header).get(f"{API}/runs").status_code == 401


def test_an_address_in_use_is_reported(served: Served) -> None:
    with pytest.raises(ListenError, match="choose another with --host or --port"):
        serve_web(served.app, "127.0.0.1", served.server.port)


def test_small_answers_are_not_held_back(served: Served) -> None:
    """asyncio turns Nagle's algorithm off for sockets that name their protocol, and for no others."""
    assert served.server._socket.proto == socket.IPPROTO_TCP


def test_more_connections_than_are_taken_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_serving, "CONNECTIONS", 3)
    with serving(tmp_path) as one:
        held = [socket.create_connection(("127.0.0.1", one.server.port)) for _ in range(3)]
        try:
            deadline = time.monotonic() + 20
            while (status := one.client().get("/healthz").status_code) != 503 and time.monotonic() < deadline:
                pass
            assert status == 503
        finally:
            for connection in held:
                connection.close()
        while (status := one.client().get("/healthz").status_code) != 200 and time.monotonic() < deadline:
            pass
        assert status == 200


def test_websockets_are_not_spoken(served: Served) -> None:
    request = (
        f"GET {API}/runs HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nConnection: close\r\n\r\n"
    )
    assert b" 101 " not in raw(served, request.encode())[:20]


def test_jobs_that_others_asked_for_show_their_names_as_they_are(hostile: Served) -> None:
    name = HOSTILE[0]
    job = hostile.services.queue.enqueue(Kind.AUDIT, by=name)
    assert job is not None
    told = hostile.client().get(f"{API}/jobs/{job.id}").json()
    assert told["requested_by"] == name
    page = hostile.client().get(f"/jobs/{job.id}").text
    assert name not in page
    hostile.services.cancel(job.id, name)
