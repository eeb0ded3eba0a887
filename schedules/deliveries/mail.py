"""A message as a mail: the same for SMTP and SES. No name from AWS can add a header or an address to it."""

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
"""Bytes of a line before it is folded: a subject stays on one, which some readers show with the fold's blank."""
_HEAD_BYTES = 4_000
"""Room for headers and boundaries."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that is ready to go."""

    data: bytes
    """With CRLF, 7-bit, lines below 998 characters."""
    identifier: str
    """Its Message-ID: the same for every attempt, so that a repetition can be told."""
    left_out: tuple[str, ...]
    """A sentence for each file that was too large."""


def mail(content: DeliveryContent, sender: str, to: Sequence[str], room: int, clock: Clock) -> Mail:
    """The mail of *parcel*, of at most *room* bytes where leaving files out can achieve that."""
    told = content.message
    words = len(visible(told.text + html_of(told)).encode())
    kept, left_out = _within(content.files, room - _HEAD_BYTES - 3 * words)
    told = replace(told, totals=(*told.totals, *left_out))
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit", max_line_length=_LINE))
    origin = mailbox(sender)
    message["From"] = origin
    message["To"] = [mailbox(one) for one in to]
    message["Subject"] = _subject(content.message.subject)
    message["Date"] = format_datetime(clock())
    identifier = f"<{content.key}@{origin.domain}>"
    message["Message-ID"] = identifier
    # RFC 3834: nobody's absence should answer it.
    message["Auto-Submitted"] = "auto-generated"
    # SES puts a Message-ID of its own; this stays.
    message["X-Ecr-Audit-Delivery"] = content.key
    message.set_content(visible(told.text), cte="quoted-printable")
    message.add_alternative(visible(html_of(told)), subtype="html", cte="quoted-printable")
    for name, data in kept.items():
        kind, _, subtype = media_type(name).partition("/")
        message.add_attachment(data, maintype=kind, subtype=subtype, filename=PurePosixPath(name).name, cte="base64")
    return Mail(message.as_bytes(), identifier, left_out)


def _subject(text: str) -> str:
    """One line. `=?` would begin an encoded word, in which line ends and with them headers could hide."""
    return one_line(text).replace("=?", "= ?")[:SUBJECT_LENGTH]


def _within(files: Mapping[str, bytes], room: int) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Files in their order as long as they fit, and words about those that do not."""
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
            left_out.append(f"{name} ({megabytes:.1f} MB) is too large for this mail and was left out.")
    return kept, tuple(left_out)
