"""A message as an e-mail, for SMTP and SES. No name from AWS can add a header or an address to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import PurePosixPath

from reports.formats import media_type
from reports.sanitize import one_line, visible
from schedules.deliveries.addresses import mailbox
from schedules.jobs.queue import Clock
from schedules.notifications.html import html_of
from schedules.notifications.model import DeliveryContent

MEGABYTE = 1_000_000
SUBJECT_LENGTH = 200
_LINE = 400
"""Bytes of a line before it is folded, so that a subject is not folded: some clients show the fold as a space."""
_HEAD_BYTES = 4_000
"""Room for headers and boundaries."""


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail, ready to send."""

    data: bytes
    """With CRLF, 7-bit, lines below 998 characters."""
    identifier: str
    """Its Message-ID: the same for every attempt, so that a repetition can be recognized."""
    left_out: tuple[str, ...]
    """A sentence for each file that was too large."""


def mail(content: DeliveryContent, sender: str, to: Sequence[str], room: int, clock: Clock) -> Mail:
    """The e-mail of *content*, of at most *room* bytes where omitting files can achieve that."""
    body = content.message
    words = len(visible(body.text + html_of(body)).encode())
    kept, left_out = _within(content.files, room - _HEAD_BYTES - 3 * words)
    body = replace(body, totals=(*body.totals, *left_out))
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit", max_line_length=_LINE))
    origin = mailbox(sender)
    message["From"] = origin
    message["To"] = [mailbox(one) for one in to]
    message["Subject"] = _subject(content.message.subject)
    message["Date"] = format_datetime(clock())
    identifier = f"<{content.key}@{origin.domain}>"
    message["Message-ID"] = identifier
    # RFC 3834: no automatic replies to it.
    message["Auto-Submitted"] = "auto-generated"
    # SES replaces the Message-ID; this header stays.
    message["X-Ecr-Audit-Delivery"] = content.key
    message.set_content(visible(body.text), cte="quoted-printable")
    message.add_alternative(visible(html_of(body)), subtype="html", cte="quoted-printable")
    for name, data in kept.items():
        kind, _, subtype = media_type(name).partition("/")
        message.add_attachment(data, maintype=kind, subtype=subtype, filename=PurePosixPath(name).name, cte="base64")
    return Mail(message.as_bytes(), identifier, left_out)


def _subject(text: str) -> str:
    """One line. `=?` would begin an encoded word, which could hide line ends and so inject headers."""
    return one_line(text).replace("=?", "= ?")[:SUBJECT_LENGTH]


def _within(files: Mapping[str, bytes], room: int) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Files in their order as long as they fit, and a sentence for each that does not."""
    kept: dict[str, bytes] = {}
    left_out = []
    for name, data in files.items():
        # Base64: 76 characters and a line end for 57 bytes.
        size = (len(data) + 56) // 57 * 78 + 500
        if size <= room:
            kept[name] = data
            room -= size
        else:
            megabytes = max(0.1, len(data) / MEGABYTE)
            left_out.append(f"{name} ({megabytes:.1f} MB) is too large for this e-mail and was omitted.")
    return kept, tuple(left_out)
