"""Mail arrives over verified TLS, once for each recipient, and a refusal says whether to try again."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schedules.deliveries.channels import deliver
from schedules.deliveries.retry import PartlyDeliveredError
from schedules.deliveries.smtp import SmtpDelivery
from schedules.notifications.model import DeliveryError
from tests.schedules.deliveries.certificates import certificate
from tests.schedules.deliveries.mailboxes import PASSWORD, USER, Post, dropping, mail_server
from tests.schedules.deliveries.world import clock, content, settings

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
TO = ["team@example.com", "night@example.com"]


@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def _password(monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)


def server(port: int, **more) -> SmtpDelivery:
    values = {"host": "127.0.0.1", "port": port, "sender": "ECR audit <audit@example.com>", "to": TO, "tls": "none"}
    return settings(SmtpDelivery, **{**values, **more})


def send(where: SmtpDelivery, files=None):
    return deliver(where, content(files), clock=clock)


LOGIN = {"username": USER, "password": {"env": "MAIL_PASSWORD"}}


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_mail_with_its_pdf_travels_over_tls_after_login(trusted, tls):
    ca_file, context = trusted
    post = Post()
    with mail_server(post, context=context, implicit=tls == "implicit", login=tls == "starttls") as port:
        login = LOGIN if tls == "starttls" else {}
        detail = send(server(port, tls=tls, ca_file=str(ca_file), **login), {"report.pdf": b"%PDF-1.7 content"})
    (got,) = post.mails
    (envelope,) = post.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("audit@example.com", TO)
    assert [part.get_payload(decode=True) for part in got.iter_attachments()] == [b"%PDF-1.7 content"]
    assert detail == {"message_id": got["Message-ID"], "without": []}
    if tls == "starttls":
        assert (post.encrypted, post.logins) == ([True], [USER.encode()])


def test_a_certificate_that_nobody_vouches_for_sends_nothing(trusted, tmp_path):
    _, context = trusted
    other, _ = certificate(tmp_path)
    for tls in ("starttls", "implicit"):
        post = Post()
        with mail_server(post, context=context, implicit=tls == "implicit", login=tls == "starttls") as port:
            for ca_file in ("", str(other)):
                with pytest.raises(DeliveryError, match="not trusted") as caught:
                    send(server(port, tls=tls, ca_file=ca_file, **LOGIN))
                assert not caught.value.again
        assert (post.envelopes, post.logins) == ([], [])


def test_a_server_without_starttls_gets_neither_password_nor_mail():
    post = Post()
    with mail_server(post, login=True) as port, pytest.raises(DeliveryError, match="STARTTLS") as caught:
        send(server(port, tls="starttls", **LOGIN))
    assert (post.envelopes, post.logins, caught.value.again) == ([], [], False)


def test_a_refused_login_is_final_and_does_not_tell_the_password(monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "wrong-and-secret-42")
    post = Post()
    with mail_server(post, login=True) as port, pytest.raises(DeliveryError, match="credentials: 535") as caught:
        send(server(port, **LOGIN))
    assert (post.envelopes, caught.value.again) == ([], False)
    assert "wrong-and-secret" not in repr(caught.value)


@pytest.mark.parametrize(
    ("answer", "again"), [("451 4.7.1 Greylisted, come back", True), ("550 5.1.1 No such user", False)]
)
def test_4xx_is_tried_again_and_5xx_is_not(answer, again):
    with mail_server(Post(recipients=lambda _: answer)) as port:
        with pytest.raises(DeliveryError, match=answer[:3]) as caught:
            send(server(port))
        assert caught.value.again is again
        assert not isinstance(caught.value, PartlyDeliveredError)
    with mail_server(Post(data=lambda: answer)) as port, pytest.raises(DeliveryError, match=answer[:3]) as caught:
        send(server(port))
    assert caught.value.again is again


def test_who_has_it_does_not_get_it_again():
    answers = {"night@example.com": iter(["451 Greylisted", "250 OK"]), "team@example.com": iter(["250 OK"])}
    post = Post(recipients=lambda address: next(answers[address]))
    with mail_server(post) as port:
        with pytest.raises(PartlyDeliveredError) as caught:
            send(server(port))
        send(caught.value.left)
    assert [envelope.rcpt_tos for envelope in post.envelopes] == [["team@example.com"], ["night@example.com"]]
    first, second = post.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_a_recipient_that_does_not_exist_is_told_and_the_others_have_it():
    post = Post(recipients=lambda address: "550 No such user" if address.startswith("night") else "250 OK")
    with mail_server(post) as port:
        detail = send(server(port))
    assert detail["without"] == ["night@example.com was rejected: 550 No such user."]
    assert post.envelopes[0].rcpt_tos == ["team@example.com"]


def test_the_size_that_the_server_announces_is_kept():
    post = Post()
    with mail_server(post, size=200_000) as port:
        detail = send(server(port), {"report.pdf": b"x" * 300_000, "findings.csv": b"x"})
    (got,) = post.mails
    assert [part.get_filename() for part in got.iter_attachments()] == ["findings.csv"]
    assert "report.pdf" in detail["without"][0]


@pytest.mark.parametrize("after", [b"ehlo", b"mail", b"rcpt", b"data", b"Subject", b".\r\n"])
def test_a_server_that_drops_the_connection_may_be_tried_again(after):
    with dropping(after) as port, pytest.raises(DeliveryError, match=r"closed|cannot be reached") as caught:
        send(server(port))
    assert caught.value.again


def test_a_server_that_is_not_there_or_says_no_at_once():
    with dropping(b"", b"") as port:
        pass
    with pytest.raises(DeliveryError, match="refused") as caught:
        send(server(port))
    assert caught.value.again
    with dropping(b"x", b"554 go away\r\n") as port, pytest.raises(DeliveryError, match="554") as caught:
        send(server(port))
    assert not caught.value.again


def test_a_server_that_says_nothing_is_left(monkeypatch):
    monkeypatch.setattr("schedules.deliveries.smtp.SECONDS", 0.2)
    with dropping(b"nothing", b"") as port, pytest.raises(DeliveryError, match="did not answer") as caught:
        send(server(port))
    assert caught.value.again


def test_a_login_beyond_ascii_is_refused_before_anything_is_sent(monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "pässwörd")
    with pytest.raises(DeliveryError, match="non-ASCII"):
        send(server(1, **LOGIN))


def test_plain_text_is_for_this_machine_and_a_login_has_two_parts():
    for wrong in ({"host": "mail.example.com"}, {"username": "x"}, {"password": {"env": "X"}}):
        with pytest.raises(ValidationError):
            server(25, **wrong)
