"""What Slack is given: plain text, within its limits, and nothing that mentions anybody."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from schedules.deliveries.channels import deliver
from schedules.deliveries.slack import SlackDelivery, blocks, escaped
from schedules.notifications.model import DeliveryError
from tests.schedules.deliveries.receivers import Answer, receiver
from tests.schedules.deliveries.world import clock, content, message, settings

PATH = "/services/T0000/B0000/notToBeToldAtAll"
SLACK = settings(SlackDelivery, url={"env": "SLACK_URL"})


def send(monkeypatch, web, one=None):
    monkeypatch.setenv("SLACK_URL", web.url + PATH)
    return deliver(SLACK, one or content(), clock=clock)


def test_a_message_says_what_changed_first_then_totals_then_the_link(monkeypatch):
    with receiver(Answer()) as web:
        assert send(monkeypatch, web) == {"receiver": "127.0.0.1"}
    (got,) = web.got
    sent = json.loads(got.body)
    assert got.path == PATH
    texts = [block["text"]["text"] for block in sent["blocks"] if "text" in block]
    assert texts == [
        message().subject,
        "2 critical findings are new.\n1 finding is over.",
        "7 findings are open.",
        f"<{message().link}|Open in ecr-audit>",
    ]
    assert sent["text"].startswith(message().subject)


@pytest.mark.parametrize(
    ("answer", "again"),
    [(Answer(400, b"invalid_payload"), False), (Answer(403, b"action_prohibited"), False),
     (Answer(404, b"no_service"), False), (Answer(410, b"channel_is_archived"), False),
     (Answer(429, b"rate_limited", {"Retry-After": "3"}), True), (Answer(500, b"rollup_error"), True)],
)  # fmt: skip
def test_refusals_say_slacks_own_word(monkeypatch, answer, again):
    with receiver(answer) as web, pytest.raises(DeliveryError, match=answer.body.decode()) as caught:
        send(monkeypatch, web)
    assert caught.value.again is again


@pytest.mark.parametrize(
    "url", ["http://hooks.slack.com/services/x", "hooks.slack.com", "https://", "https://ä.example/"]
)
def test_an_address_that_is_not_https_sends_nothing_and_is_not_told(monkeypatch, url):
    monkeypatch.setenv("SLACK_URL", url)
    with pytest.raises(DeliveryError, match="not a valid https URL") as caught:
        deliver(SLACK, content(), clock=clock)
    assert url not in str(caught.value)


def test_names_cannot_mention_or_link():
    evil = "<!channel> <@U123> <https://evil.example|here> & @here https://evil.example"
    sent = blocks(
        content(message=message(subject=evil, changed=(evil,), totals=(evil,), link="https://a/x|y>z?a=1&b=2"))
    )
    for block in sent["blocks"][1:-1]:
        if "text" in block:
            assert block["text"]["verbatim"]
            assert "<" not in block["text"]["text"]
            assert ">" not in block["text"]["text"]
    assert sent["blocks"][-1]["text"]["text"] == "<https://a/x%7Cy%3Ez?a=1&amp;b=2|Open in ecr-audit>"
    assert "<" not in sent["text"]
    assert sent["blocks"][0]["text"]["type"] == "plain_text"


texts = st.text(max_size=1_200) | st.sampled_from(["<" * 900, "&" * 600, "x" * 4_000])


@effort(max_examples=60, deadline=None)
@given(st.lists(texts, max_size=80), st.lists(texts, max_size=20), texts)
def test_every_message_fits(changed, totals, subject):
    sent = blocks(content(message=message(subject=subject, changed=tuple(changed), totals=tuple(totals))))
    assert len(sent["blocks"]) <= 50
    assert 0 < len(sent["blocks"][0]["text"]["text"]) <= 150
    for block in sent["blocks"][1:]:
        text = block.get("text", {}).get("text", "x")
        assert 0 < len(text) <= 3_000
        assert text.startswith("<http") or "<" not in text
        for piece in text.split("&")[1:]:
            assert piece.startswith(("amp;", "lt;", "gt;"))


def test_escaping_is_reversible():
    assert escaped("a<b>&amp;") == "a&lt;b&gt;&amp;amp;"
