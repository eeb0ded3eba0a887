"""A webhook is signed, sent once a try, never led elsewhere, and only a 2xx is a success."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket

import pytest
from pydantic import ValidationError

from schedules.deliveries.channels import deliver
from schedules.deliveries.http import retry_after
from schedules.deliveries.retry import LaterError
from schedules.deliveries.webhook import WebhookDelivery
from schedules.notifications.model import DeliveryError
from tests.schedules.deliveries.certificates import certificate
from tests.schedules.deliveries.receivers import Answer, receiver
from tests.schedules.deliveries.world import NOW, clock, content, message, settings

SECRET = "3f9c1a-not-to-be-told-7c"  # pragma: allowlist secret


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)


def hook(url: str, **more) -> WebhookDelivery:
    return settings(WebhookDelivery, url=url, **{"secret": {"env": "HOOK_SECRET"}, **more})


def send(web, one=None, path="/hook", **more):
    return deliver(hook(web.url + path, **more), one or content(), clock=clock)


def test_the_body_is_the_document_and_its_signature_covers_time_and_body():
    with receiver(Answer(204, b"")) as web:
        detail = send(web, key_id="2026-11")
    (got,) = web.got
    stamp = got.headers["Ecr-Audit-Timestamp"]
    proof = hmac.new(SECRET.encode(), stamp.encode() + b"." + got.body, hashlib.sha256).hexdigest()
    assert got.headers["Ecr-Audit-Signature"] == f"v1={proof}"
    assert (int(stamp), got.headers["Ecr-Audit-Key-Id"]) == (int(NOW.timestamp()), "2026-11")
    assert got.headers["Idempotency-Key"] == content().key
    assert got.headers["Content-Type"].startswith("application/json")
    assert json.loads(got.body) == message().document
    assert detail == {"receiver": web.url.removeprefix("http://"), "key_id": "2026-11"}


def test_a_repetition_has_the_same_key_and_body():
    with receiver(Answer()) as web:
        send(web)
        send(web)
    first, second = web.got
    assert (first.body, first.headers["Idempotency-Key"]) == (second.body, second.headers["Idempotency-Key"])


def test_a_secret_from_a_file_loses_its_line_break(tmp_path):
    (tmp_path / "secret").write_text(SECRET + "\n")
    with receiver(Answer()) as web:
        send(web)
        deliver(
            settings(WebhookDelivery, url=web.url, secret={"file": str(tmp_path / "secret")}), content(), clock=clock
        )
    first, second = web.got
    assert first.headers["Ecr-Audit-Signature"] == second.headers["Ecr-Audit-Signature"]


@pytest.mark.parametrize("value", ["", "short", "two\nlines-of-a-secret-key", "\x00" * 20])
def test_a_secret_that_is_none_sends_nothing(monkeypatch, tmp_path, value):
    (tmp_path / "secret").write_text(value)
    with receiver(Answer()) as web, pytest.raises(DeliveryError, match="signature") as caught:
        deliver(
            settings(WebhookDelivery, url=web.url, secret={"file": str(tmp_path / "secret")}), content(), clock=clock
        )
    assert not caught.value.again
    assert web.got == []


@pytest.mark.parametrize("place", [{"env": "NOT_SET_ANYWHERE"}, {"file": "/nowhere/secret"}])
def test_a_missing_secret_says_where_it_was_looked_for(place):
    with pytest.raises(DeliveryError, match=r"NOT_SET_ANYWHERE|/nowhere/secret"):
        deliver(settings(WebhookDelivery, url="https://x.example", secret=place), content(), clock=clock)


@pytest.mark.parametrize(
    ("status", "again"),
    [(400, False), (401, False), (404, False), (410, False), (408, True), (425, True), (429, True), (500, True),
     (502, True), (503, True)],
)  # fmt: skip
def test_only_2xx_is_success(status, again):
    with receiver(Answer(status, b"no\r\nX: y")) as web, pytest.raises(DeliveryError, match=str(status)) as caught:
        send(web)
    assert caught.value.again is again
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_refused(status):
    with receiver(Answer()) as other:
        answer = Answer(status, b"", {"Location": f"{other.url}/elsewhere"})
        with receiver(answer) as web, pytest.raises(DeliveryError, match="not followed") as caught:
            send(web)
    assert (len(web.got), other.got, caught.value.again) == (1, [], False)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("0", 0), ("Mon, 23 Nov 2026 02:41:00 GMT", 60), ("Mon, 23 Nov 2026 02:00:00 GMT", 0), ("soon", 0),
     ("-5", 0), ("٣", 0), ("9" * 40, 999_999_999), ("", 0), ("Mon, 23 Nov 99999 02:00:00 GMT", 0)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after(value, NOW) == seconds


def test_the_receiver_may_ask_for_a_later_attempt():
    with receiver(Answer(503, b"", {"Retry-After": "77"})) as web, pytest.raises(LaterError) as caught:
        send(web)
    assert (caught.value.seconds, caught.value.again) == (77, True)


def test_a_receiver_that_hangs_up_or_is_not_there_may_be_tried_again():
    with receiver(Answer(hang_up=True)) as web, pytest.raises(DeliveryError, match="closed") as caught:
        send(web)
    assert caught.value.again
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(DeliveryError, match="connection refused") as caught:
            deliver(hook(f"http://127.0.0.1:{taken.getsockname()[1]}/"), content(), clock=clock)
    assert caught.value.again


def test_a_receiver_that_says_nothing_is_left(monkeypatch):
    monkeypatch.setattr("schedules.deliveries.http.READ_SECONDS", 0.2)
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(DeliveryError, match="no response within") as caught:
        deliver(hook(f"http://127.0.0.1:{silent.getsockname()[1]}/"), content(), clock=clock)
    assert caught.value.again


def test_a_long_answer_is_cut_and_a_broken_one_stays_a_success():
    with receiver(Answer(500, b"x" * 5_000_000)) as web, pytest.raises(DeliveryError) as caught:
        send(web)
    assert len(str(caught.value)) < 300
    with receiver(Answer(200, b"x" * 5_000_000)) as web:
        send(web)


def test_certificates_are_verified(tmp_path):
    trusted, context = certificate(tmp_path / "a")
    other, _ = certificate(tmp_path / "b")
    with receiver(Answer(), context=context) as web:
        send(web, ca_file=str(trusted))
        for ca_file in ("", str(other)):
            with pytest.raises(DeliveryError, match=r"certificate .* is not trusted") as caught:
                send(web, ca_file=ca_file)
            assert not caught.value.again
        assert len(web.got) == 1
    for problem, made in [
        ("expired", certificate(tmp_path / "c", days=-1)),
        ("IP address", certificate(tmp_path / "d", "x")),
    ]:
        with receiver(Answer(), context=made[1]) as web, pytest.raises(DeliveryError, match=problem):
            send(web, ca_file=str(made[0]))
    with pytest.raises(DeliveryError, match="cannot be read"):
        send(web, ca_file=str(tmp_path / "nowhere.pem"))


@pytest.mark.parametrize(
    "url",
    ["http://alerts.example.com/", "ftp://127.0.0.1/", "https://", "https:///x", "/x", "https://u:p@example.com/",
     "https://example.com/#x", "https://example.com/a b", "https://example.com/\r\nX: y", "https://example.com:x/",
     "https://ex\u202eample.com/", "file:///etc/passwd", "https://example.com\\@127.0.0.1/", "http://127.0.0.1.example.com"],
)  # fmt: skip
def test_an_address_must_be_https_or_loopback_and_hold_no_secret(url):
    with pytest.raises(ValidationError):
        hook(url)


@pytest.mark.parametrize(
    "url", ["https://a.example/x?y=1", "http://localhost:9/x", "http://[::1]:9/", "http://127.0.0.1"]
)
def test_other_addresses_are_taken(url):
    assert hook(url).url == url


def test_the_proxy_of_the_environment_is_used_but_not_for_loopback(monkeypatch):
    with receiver(Answer()) as proxy, receiver(Answer()) as web:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("https_proxy", proxy.url)
        send(web)
        assert (len(web.got), proxy.got) == (1, [])
        with pytest.raises(DeliveryError, match="proxy"):
            deliver(hook("https://alerts.example.com/"), content(), clock=clock)


def test_hostile_names_stay_data():
    names = "</script>\r\nX-Evil: 1 \u202e '; DROP \ud800"
    with receiver(Answer()) as web:
        send(web, content(message=message(document={"version": 1, "name": names})))
    (got,) = web.got
    assert "X-Evil" not in got.headers
    assert json.loads(got.body)["name"].startswith("</script>\r\nX-Evil")


def test_files_cannot_be_attached():
    with pytest.raises(ValidationError, match="does not support attachments"):
        hook("https://a.example", attach=["pdf"])
