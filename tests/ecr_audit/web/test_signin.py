"""Who is known, and for how long: sessions of browsers, tokens of programs, and what a proxy says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from audit.store.schema import sessions
from ecr_audit.web.security.cookies import SESSION, VISITOR
from ecr_audit.web.security.proxy import Proxy, SecretError, secret_of
from ecr_audit.web.security.rate_limits import EACH_AND_ALL, Cost, RateLimits
from ecr_audit.web.security.roles import Role, User
from ecr_audit.web.serving import UnsafeError, refuse_unsafe
from schedules.configuration.service import ProxySection, WebSection
from schedules.deliveries.settings import Secret
from tests.ecr_audit.web.doors import API, Served, mixed, serving

SECRET = "a-secret-of-the-proxy"
PROXY = {
    "secret": {"env": "PROXY_SECRET"}, "read": ("everyone",), "run": ("platform",), "admin": ("security", "öwner"),
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("signin"), web={"signin": "tokens"}, runs=[mixed()]) as one:
        yield one


def session_of(answer: httpx.Response) -> str:
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(SESSION)]
    return cookie


def test_nobody_sees_anything_before_signing_in(served: Served) -> None:
    answer = served.client().get(f"{API}/runs")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    page = served.browser().client.get("/runs/latest?severity=high")
    assert page.status_code == 303
    assert page.headers["location"] == "/signin?next=%2Fruns%2Flatest%3Fseverity%3Dhigh"


def test_a_browser_signs_in_goes_on_and_signs_out(served: Served) -> None:
    browser = served.browser()
    answer = browser.sign_in(served.token(Role.READ), "/schedules")
    assert (answer.status_code, answer.headers["location"]) == (303, "/schedules")
    cookie = session_of(answer)
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert "Secure" not in cookie  # this one is served over plain http on loopback
    secret = cookie.partition("=")[2].partition(";")[0]
    with served.store.engine.connect() as connection:
        assert secret not in [row.hash for row in connection.execute(sessions.select())]
    assert browser.client.get("/schedules").status_code == 200
    out = browser.post("/signout", {"csrf_token": browser.form_token()})
    assert "Max-Age=0" in session_of(out)
    kept = httpx.Cookies({SESSION: secret})
    assert httpx.get(f"{served.url}/schedules", cookies=kept).status_code == 303


def test_a_session_is_always_a_new_one(served: Served) -> None:
    browser = served.browser()
    browser.client.cookies.set(SESSION, "planted.9999999999")
    first = session_of(browser.sign_in(served.token(Role.READ)))
    second = session_of(browser.sign_in(served.token(Role.ADMIN)))
    assert len({"planted.9999999999", first.split(";")[0], second.split(";")[0]}) == 3
    old = httpx.Cookies({SESSION: first.partition("=")[2].partition(";")[0]})
    assert httpx.get(f"{served.url}/schedules", cookies=old).status_code == 303


def test_a_session_ends_when_left_alone_and_in_any_case(tmp_path: Path) -> None:
    with serving(tmp_path, web={"signin": "tokens", "session_idle_minutes": 30, "session_hours": 2}) as one:
        browser = one.browser()
        browser.sign_in(one.token(Role.READ))
        for _ in range(5):  # used every 20 minutes it lasts …
            one.later(minutes=20)
            assert browser.client.get("/schedules").status_code == 200
        one.later(minutes=20)  # … for two hours
        assert browser.client.get("/schedules").status_code == 303
        browser.sign_in(one.token(Role.READ))
        one.later(minutes=29)
        assert browser.client.get("/schedules").status_code == 200
        one.later(minutes=30)
        assert browser.client.get("/schedules").status_code == 303
        # The end of a session stands in what the browser keeps; it is part of what is hashed.
        browser.sign_in(one.token(Role.READ))
        secret = browser.client.cookies[SESSION]
        longer = f"{secret.rpartition('.')[0]}.9999999999"
        browser.client.cookies.set(SESSION, longer)
        assert one.app.state.backends.sessions.user(longer) is None


def test_a_session_ends_with_its_token_and_takes_its_role(served: Served) -> None:
    browser, tokens = served.browser(), served.tokens
    browser.sign_in(tokens.add("leaving", Role.READ))
    assert browser.client.get("/schedules").status_code == 200
    tokens.remove("leaving")
    assert browser.client.get("/schedules").status_code == 303
    tokens.add("leaving", Role.ADMIN)  # a new token of that name does not bring old sessions back
    assert browser.client.get("/schedules").status_code == 303


def test_a_token_that_ends_takes_its_sessions_along(tmp_path: Path) -> None:
    with serving(tmp_path, web={"signin": "tokens", "session_hours": 168, "session_idle_minutes": 1440}) as one:
        browser = one.browser()
        secret = one.tokens.add("short", Role.READ, days=1)
        browser.sign_in(secret)
        one.later(hours=23)
        assert browser.client.get("/schedules").status_code == 200
        one.later(hours=1)
        assert browser.client.get("/schedules").status_code == 303
        assert one.client(Authorization=f"Bearer {secret}").get(f"{API}/runs").status_code == 401


@pytest.mark.parametrize("wrong", ["", "ecra_", "ecra_" + "x" * 43, "x" * 200, "ecra_" + "x" * 43 + "\n", "é"])
def test_a_wrong_token_signs_nobody_in(served: Served, wrong: str) -> None:
    answer = served.browser().sign_in(wrong)
    assert answer.status_code == 403
    assert not [one for one in answer.headers.get_list("set-cookie") if one.startswith(SESSION)]
    if len(wrong) > 8:
        assert wrong.strip() not in answer.text


@pytest.mark.parametrize(
    "next", ["//evil.example", "https://evil.example/x", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
             "/x\r\nSet-Cookie: a=b", "/\tx", "evil", "", "/signin?next=/signin", "/signout", "http:/x", "/\u2028"],
)  # fmt: skip
def test_signing_in_leads_to_pages_of_ours_alone(served: Served, next: str) -> None:
    browser = served.browser()
    answer = browser.sign_in(served.token(Role.READ), next)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "a" not in browser.client.cookies


def test_signing_in_cannot_be_forged(served: Served) -> None:
    secret = served.token(Role.READ)
    browser, other = served.browser(), served.browser()
    for forged in ("", "0" * 96, other.form_token(), browser.form_token()[:-1] + "x", "é" * 96):
        answer = browser.post("/signin", {"token": secret, "csrf_token": forged})
        assert answer.status_code == 403, forged
    token = browser.form_token()
    data = {"token": secret, "csrf_token": token}
    assert browser.post("/signin", data, Origin="https://evil.example").status_code == 403
    browser.client.cookies.delete(VISITOR)
    assert browser.post("/signin", data).status_code == 403


def test_attempts_to_sign_in_are_bounded(tmp_path: Path) -> None:
    bounds = EACH_AND_ALL | {Cost.SIGN_IN: ("3/minute", "100/minute"), Cost.WRONG: ("4/minute", "100/minute")}
    with serving(tmp_path, web={"signin": "tokens"}, limits=RateLimits(bounds)) as one:
        browser = one.browser()
        assert [browser.sign_in("wrong").status_code for _ in range(4)] == [403, 403, 403, 429]
        answer = browser.sign_in(one.token(Role.READ))
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 60
        wrong = one.client(Authorization="Bearer ecra_" + "x" * 43)
        assert [wrong.get(f"{API}/runs").status_code for _ in range(6)] == [401] * 4 + [429] * 2
        assert one.client(Role.READ).get(f"{API}/runs").status_code == 200  # who has a token is not kept out


def test_cookies_are_for_https_alone_where_the_service_is(tmp_path: Path) -> None:
    with serving(tmp_path, web={"signin": "tokens", "public_url": "https://audit.example.com"}) as one:
        secret = one.token(Role.READ)
        client = one.client(Host="audit.example.com")
        page = client.get("/signin")
        assert page.headers["strict-transport-security"].startswith("max-age=")
        visitor = page.headers["set-cookie"]
        assert visitor.startswith(f"__Host-{VISITOR}=")
        token = page.text.partition('csrf_token" value="')[2].partition('"')[0]
        data = {"token": secret, "csrf_token": token}
        headers = {"Cookie": visitor.partition(";")[0], "Origin": "https://audit.example.com"}
        answer = client.post("/signin", data=data, headers=headers)
        assert answer.status_code == 303
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"__Host-{SESSION}=")
        assert "; Secure" in cookie
        session = cookie.partition(";")[0]
        assert client.get("/schedules", headers={"Cookie": session}).status_code == 200
        assert client.get("/schedules", headers={"Cookie": session.removeprefix("__Host-")}).status_code == 303


def test_a_link_in_a_mail_leads_where_it_says(served: Served) -> None:
    browser = served.browser()
    browser.sign_in(served.token(Role.READ))
    session = browser.client.cookies[SESSION]
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    # A Strict cookie does not come along from another site: the page has the browser ask again by itself.
    first = httpx.get(f"{served.url}/schedules", headers={**link, "Accept": "text/html"})
    assert first.status_code == 200
    assert "http-equiv=refresh" in first.text
    again = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    second = httpx.get(f"{served.url}/schedules", headers=again, cookies={SESSION: session})
    assert second.status_code == 200
    assert "http-equiv" not in second.text
    nobody = httpx.get(f"{served.url}/schedules", headers=again)
    assert nobody.headers["location"].startswith("/signin")


def test_a_browser_that_signed_in_uses_the_api_with_a_form_token(served: Served) -> None:
    browser = served.browser()
    browser.sign_in(served.token(Role.RUN))
    own = {"Origin": served.url, "Sec-Fetch-Site": "same-origin"}
    body = {"scope": {}}
    assert browser.client.post(f"{API}/audits", json=body, headers=own).status_code == 403
    assert browser.client.post(f"{API}/audits", json=body).status_code == 403  # the cookie alone proves nothing
    headers = {**own, "X-CSRF-Token": browser.form_token()}
    assert browser.client.post(f"{API}/audits", json=body, headers=headers).status_code == 202
    other = served.browser()
    other.sign_in(served.token(Role.RUN))
    headers["X-CSRF-Token"] = other.form_token()
    assert browser.client.post(f"{API}/audits", json=body, headers=headers).status_code == 403


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROXY_SECRET", SECRET + "\n")
        with serving(tmp_path_factory.mktemp("proxy"), web={"signin": "proxy", "proxy": PROXY}) as one:
            yield one


@pytest.mark.parametrize(
    ("groups", "status"),
    [("everyone", 403), ("everyone, platform", 202), ("security", 202), ("öwner", 202), ("others", 403), ("", 403),
     ("*", 403), ("plat", 403)],
)  # fmt: skip
def test_groups_give_the_role(behind: Served, groups: str, status: int) -> None:
    said = {
        "X-Ecr-Audit-Proxy": SECRET.encode(), "X-Forwarded-User": "jörg@example.com".encode(),
        "X-Forwarded-Groups": groups.encode(),
    }  # fmt: skip
    answer = httpx.post(f"{behind.url}{API}/audits", json={"scope": {}}, headers=said)
    assert answer.status_code == status, answer.text
    if status == 202:
        assert answer.json()["requested_by"] == "jörg@example.com"
    page = httpx.get(f"{behind.url}/schedules", headers=said)
    assert page.status_code == (200 if "everyone" in groups or status == 202 else 403)


@pytest.mark.parametrize(
    "changes",
    [
        [("X-Ecr-Audit-Proxy", "")],
        [("X-Ecr-Audit-Proxy", "another-secret-of-any")],
        [("X-Ecr-Audit-Proxy", SECRET + "x")],
        [("X-Ecr-Audit-Proxy", SECRET), ("X-Ecr-Audit-Proxy", SECRET)],
        [("X-Ecr-Audit-Proxy", SECRET), ("X-Forwarded-User", "second")],
        [],
    ],
)
def test_headers_are_believed_from_the_proxy_alone(behind: Served, changes: list[tuple[str, str]]) -> None:
    said = [("X-Forwarded-User", "me"), ("X-Forwarded-Groups", "security"), *changes]
    answer = httpx.get(f"{behind.url}{API}/runs", headers=said)
    assert answer.status_code == 401
    assert SECRET not in answer.text


def test_programs_behind_a_proxy_use_tokens(behind: Served) -> None:
    assert behind.client(Role.READ).get(f"{API}/runs").status_code == 200
    assert behind.client().get("/signin").status_code == 404


def test_a_secret_that_is_none_is_refused_by_name_without_its_value(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("hunter2\n")
    with pytest.raises(SecretError, match="fewer than 16") as caught:
        secret_of(Secret(file=str(short)))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(SecretError, match="NOT_SET"):
        secret_of(Secret(env="NOT_SET"), {})
    with pytest.raises(SecretError, match="cannot be read"):
        secret_of(Secret(file=str(tmp_path / "none")))
    assert secret_of(Secret(env="X"), {"X": "0123456789abcdef\r\n"}) == b"0123456789abcdef"


def test_everybody_who_signed_in_may_be_given_a_role() -> None:
    settings = ProxySection.model_validate({**PROXY, "read": ("*",)})
    said = [(b"x-ecr-audit-proxy", SECRET.encode()), (b"x-forwarded-user", b"me")]
    assert Proxy(settings, SECRET.encode()).user({"headers": said}) == User("me", Role.READ)
    assert Proxy(settings, b"another-secret-of-any").user({"headers": said}) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "audit.example.com", "", "127.0.0.1.example.com"])
def test_beyond_loopback_a_user_must_sign_in(host: str) -> None:
    with pytest.raises(UnsafeError, match=r"web\.signin"):
        refuse_unsafe(host, "none")
    for signin in ("tokens", "proxy"):
        refuse_unsafe(host, signin)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_on_loopback_nobody_needs_to(host: str) -> None:
    refuse_unsafe(host, "none")


def test_a_proxy_must_be_described() -> None:
    with pytest.raises(ValueError, match="needs `proxy`"):
        WebSection.model_validate({"signin": "proxy"})
