"""A secret is never told: not by a server that repeats it, not in a receipt, a log, a cause or a representation."""

from __future__ import annotations

import base64
import json
import traceback
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from audit.store.schema import receipts as receipts_table
from schedules.deliveries.channels import deliver
from schedules.deliveries.http import Receiver
from schedules.deliveries.secrets import Revealed
from schedules.deliveries.slack import SlackDelivery
from schedules.deliveries.smtp import SmtpDelivery
from schedules.deliveries.webhook import WebhookDelivery
from schedules.notifications.model import DeliveryError
from tests.reports import runs
from tests.schedules.deliveries.mailboxes import Post, dropping, mail_server
from tests.schedules.deliveries.receivers import Answer, Got, receiver
from tests.schedules.deliveries.world import clock, content, settings

PASSWORD = "password+/=&% so secret"  # pragma: allowlist secret
KEY = "a-signing-key/with+signs=and more"  # pragma: allowlist secret
TOKEN = "T0000/B0000/tokenInThePath"  # pragma: allowlist secret
QUERY = "sig=tokenInTheQuery"
SECRETS = (PASSWORD, KEY, TOKEN, QUERY, "tokenInThePath", "tokenInTheQuery")


pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture(autouse=True)
def _places(monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("HOOK_SECRET", KEY)


def spellings(secret: str) -> set[str]:
    return {secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode(), json.dumps(secret)[1:-1]}


def assert_silent(text: str) -> None:
    for secret in SECRETS:
        for spelled in spellings(secret):
            assert spelled not in text


def parrot(status: int):
    """Answers with all that it was told, spelled in many ways."""

    def answer(got: Got) -> Answer:
        known = (TOKEN, "tokenInThePath") if got.path.startswith("/services") else (KEY, QUERY, "tokenInTheQuery")
        words = " ".join(one for secret in known for one in sorted(spellings(secret)))
        return Answer(status, f"{words} {got.path}".encode(), {"Location": f"/{TOKEN}"})

    return answer


def promised(monkeypatch, port: int, url: str) -> dict[str, object]:
    monkeypatch.setenv("SLACK_URL", f"{url}/services/{TOKEN}")
    always = {"always": True}
    mail = {"host": "127.0.0.1", "port": port, "tls": "none", "sender": "a@example.com", "to": ["b@example.com"]}
    login = {"username": "audit", "password": {"env": "MAIL_PASSWORD"}, "attach": [], "notify_on": always}
    return {
        "mail": settings(SmtpDelivery, **mail, **login),
        "slack": settings(SlackDelivery, url={"env": "SLACK_URL"}, notify_on=always),
        "hook": settings(WebhookDelivery, url=f"{url}/x?{QUERY}", secret={"env": "HOOK_SECRET"}, notify_on=always),
    }


@pytest.mark.parametrize("status", [200, 302, 400, 500, 0])
def test_nothing_that_is_kept_or_logged_holds_a_secret(world, monkeypatch, capfd, caplog, status):
    caplog.set_level(0)
    run = runs.small_run()
    answer = parrot(status) if status else Answer(hang_up=True)
    post = Post(data=lambda: f"{'250' if status == 200 else '550'} {PASSWORD}")
    with receiver(answer) as web, mail_server(post, login=True) as port:
        given = promised(monkeypatch, port, web.url)
        results = world.deliver(world.context(run=run), given)
        assert_silent(repr(given) + repr(results) + repr(world))
    with world.store.engine.connect() as connection:
        rows = connection.execute(sa.select(receipts_table)).all()
    assert len(rows) == 3
    assert_silent(repr(rows))
    assert_silent("".join(capfd.readouterr()))
    # The mail server's own log is no log of ours.
    assert_silent("\n".join(one.getMessage() for one in caplog.records if one.name != "mail.log"))


def test_no_cause_of_an_error_holds_a_secret(monkeypatch):
    with receiver(parrot(500)) as web, dropping(b"AUTH", b"554 no\r\n") as port:
        for where in ((port, web.url), (1, "http://127.0.0.1:1")):
            for one in promised(monkeypatch, *where).values():
                with pytest.raises(DeliveryError) as caught:
                    deliver(one, content(), clock=clock)
                assert caught.value.__cause__ is None
                assert caught.value.__context__ is None
                assert_silent("".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__))


def test_a_defect_on_the_way_tells_no_secret(monkeypatch):
    from schedules.deliveries import http

    def broken(receiver, *_):
        raise ValueError(f"cannot parse {receiver.url}")

    monkeypatch.setattr(http, "post", broken)
    monkeypatch.setenv("SLACK_URL", f"https://hooks.slack.com/services/{TOKEN}")
    with pytest.raises(DeliveryError, match="internal error: ValueError at ") as caught:
        deliver(settings(SlackDelivery, url={"env": "SLACK_URL"}), content(), clock=clock)
    assert_silent("".join(traceback.format_exception(caught.value)))
    assert not caught.value.again


def test_representations_are_silent():
    revealed = Revealed()
    revealed.hide(PASSWORD)
    assert_silent(repr(revealed) + str(revealed) + repr(Receiver("Slack", f"https://hooks.slack.com/{TOKEN}")))


@given(st.text(min_size=4, max_size=40), st.text(max_size=40))
def test_hiding_finds_every_spelling(secret, around):
    revealed = Revealed()
    try:
        revealed.hide(secret)
    except UnicodeEncodeError:
        return
    told = revealed.hidden(f"{around} {secret} {around}")
    assert secret not in told or secret in "(hidden)"
