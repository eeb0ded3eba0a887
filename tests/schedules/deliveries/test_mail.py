"""What a mail is made of: no name can add a header, and files that are too large are named instead."""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from pydantic import ValidationError

from schedules.deliveries.mail import mail
from schedules.deliveries.ses import SesDelivery
from schedules.deliveries.smtp import SmtpDelivery
from tests.schedules.deliveries.world import NOW, clock, content, message, settings

ROOM = 10_000_000
TO = ("Team <team@example.com>", "night@example.com")


def read(letter):
    return email.message_from_bytes(letter.data, policy=email.policy.default)


def test_a_mail_holds_the_message_and_the_files():
    files = {"report.pdf": b"%PDF-1.7", "findings.csv": b"a,b\r\n"}
    letter = mail(content(files), "ECR audit <audit@example.com>", TO, ROOM, clock)
    sent = read(letter)
    assert sent["From"] == "ECR audit <audit@example.com>"
    assert sent["To"] == "Team <team@example.com>, night@example.com"
    assert sent["Subject"] == message().subject
    assert sent["Message-ID"] == letter.identifier == f"<{content().key}@example.com>"
    assert sent["Date"].datetime == NOW
    assert (sent["Auto-Submitted"], sent["X-Ecr-Audit-Delivery"]) == ("auto-generated", content().key)
    assert sent.get_body(["plain"]).get_content().splitlines() == message().text.splitlines()
    assert "2 critical findings are new." in sent.get_body(["html"]).get_content()
    attached = {
        part.get_filename(): (part.get_content_type(), part.get_payload(decode=True))
        for part in sent.iter_attachments()
    }
    assert attached == {
        "report.pdf": ("application/pdf", b"%PDF-1.7"),
        "findings.csv": ("text/csv", b"a,b\r\n"),
    }


def test_a_repetition_has_the_same_message_id():
    first, second = (mail(content(), "a@example.com", TO, ROOM, clock) for _ in range(2))
    assert first.identifier == second.identifier


def test_files_that_do_not_fit_are_named_with_the_link():
    files = {"report.pdf": b"x" * 900_000, "findings.xlsx": b"x" * 2_000_000, "findings.csv": b"x" * 10}
    letter = mail(content(files), "a@example.com", TO, 1_500_000, clock)
    sent = read(letter)
    assert [part.get_filename() for part in sent.iter_attachments()] == ["report.pdf", "findings.csv"]
    assert letter.left_out == ("findings.xlsx (2.0 MB) is too large for this e-mail and was omitted.",)
    for kind in ("plain", "html"):
        text = sent.get_body([kind]).get_content()
        assert letter.left_out[0] in text
        assert message().link in text
    assert len(letter.data) <= 1_500_000


hostile = st.text(max_size=300) | st.sampled_from(
    ["a\r\nBcc: x@evil.example", "a\nBcc: x@evil.example\n\nb", "\u2028Bcc: x", "=?utf-8?q?=0d=0aBcc:_x?=",
     "=??Q?=0D0:", "x" * 5_000, ".\r\n.\r\nMAIL FROM:<x>", "\ud800"]
)  # fmt: skip


@effort(max_examples=80, deadline=None)
@given(hostile, st.lists(hostile, max_size=3))
def test_no_name_can_add_a_header_or_end_the_mail(subject, lines):
    one = content(message=message(subject=subject, changed=tuple(lines)), run=None, view=None)
    letter = mail(one, "audit@example.com", TO, ROOM, clock)
    expected = {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Ecr-Audit-Delivery", "MIME-Version",
        "Content-Type", "Content-Transfer-Encoding",
    }  # fmt: skip
    assert set(read(letter).keys()) <= expected
    assert letter.data.isascii()
    lengths = [len(line) for line in letter.data.split(b"\r\n")]
    assert max(lengths) <= 998
    assert b"\n" not in letter.data.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "address",
    ["", "x", "@", "a@", "@b.example", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "a b@c.example",
     "A <a@b.example> <c@d.example>", "ä@b.example", "a@b.example>", "a@b.example\x00", "<a@b@c.example>"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["sender", "to"])
def test_addresses_are_one_mailbox_each(address, kind):
    values = {"host": "localhost", "sender": "a@example.com", "to": ["b@example.com"]}
    values[kind] = address if kind == "sender" else [address]
    with pytest.raises(ValidationError):
        settings(SmtpDelivery, **values)


@pytest.mark.parametrize(
    "address", ["a@b.example", "A <a@b.example>", '"Doe. J" <j.doe+x@b.example>', "<a@b.example>", "Änne <a@b.example>"]
)
def test_names_before_addresses_are_taken(address):
    letter = mail(content(), address, (address,), ROOM, clock)
    assert read(letter)["To"].addresses[0].addr_spec.endswith("@b.example")


def test_ses_takes_fifty_recipients():
    many = [f"a{number}@example.com" for number in range(51)]
    settings(SesDelivery, region="eu-west-1", sender="a@example.com", to=many[:50])
    with pytest.raises(ValidationError):
        settings(SesDelivery, region="eu-west-1", sender="a@example.com", to=many)
