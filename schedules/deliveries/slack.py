"""A message to a Slack incoming webhook. The webhook's URL is a secret: it authorizes posting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from reports.sanitize import one_line
from schedules.deliveries.addresses import is_loopback
from schedules.deliveries.channel import Channel
from schedules.deliveries.payload import as_json
from schedules.deliveries.secrets import Revealed
from schedules.deliveries.settings import DeliverySettings, NoFiles, SecretPlace
from schedules.jobs.queue import Clock
from schedules.notifications.model import DeliveryContent, DeliveryError

# Slack Block Kit reference: a header holds 150 characters, a section 3,000, a message 50 blocks.
HEADER_LENGTH, SECTION_LENGTH, SECTIONS = 150, 3_000, 8
LINE_LENGTH = 500
FALLBACK_LENGTH = 1_000


class SlackDelivery(DeliverySettings):
    """A message to a Slack incoming webhook, whose URL is a secret."""

    type: Literal["slack"]
    url: SecretPlace = Field(description="URL of the incoming webhook.")
    attach: NoFiles = Field(default=())


def deliver(settings: SlackDelivery, content: DeliveryContent, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Post once. Slack has no idempotency key: if its response is lost, the next attempt posts a second message."""
    from schedules.deliveries.http import Receiver, hide_address, post  # loading a configuration needs no urllib3

    url = revealed.read(settings.url, "the URL of the Slack webhook")
    parts = urlsplit(url)
    hide_address(url, revealed)
    host = parts.hostname or ""
    if (
        (parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)))
        or not host
        or not url.isascii()
    ):
        raise DeliveryError("the URL of the Slack webhook is not a valid https URL", again=False)
    post(Receiver(f"Slack ({host})", url), as_json(blocks(content)), {}, clock(), revealed)
    return {"receiver": host}


def blocks(content: DeliveryContent) -> dict[str, Any]:
    """The message: changes, totals, and link; no name in it can become a mention or a link."""
    message = content.message
    subject = _cut(message.subject, HEADER_LENGTH) or "ECR audit"
    parts: list[dict[str, Any]] = [{"type": "header", "text": {"type": "plain_text", "text": subject, "emoji": False}}]
    parts += [_section(text) for text in _sections(message.changed)]
    if message.totals:
        parts += [{"type": "divider"}, *(_section(text) for text in _sections(message.totals))]
    if message.link:
        parts.append(_section(f"<{_address(message.link)}|Open in ecr-audit>"))
    fallback = " ".join((message.subject, *message.changed))
    return {"text": escaped(_cut(fallback, FALLBACK_LENGTH)), "blocks": parts, "unfurl_links": False}


def escaped(text: str) -> str:
    """Plain text for Slack: `<`, `>` and `&` would begin mentions and links."""
    return one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _section(text: str) -> dict[str, Any]:
    # `verbatim`: names that look like a URL or a channel do not become links.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _sections(lines: Iterable[str]) -> Iterator[str]:
    """Lines in as few sections as possible; too many are cut, with a note."""
    section, made = "", 0
    for line in filter(None, (_escaped_within(line, LINE_LENGTH).strip() for line in lines)):
        if section and len(section) + 1 + len(line) > SECTION_LENGTH:
            yield section
            section, made = "", made + 1
            if made == SECTIONS:
                yield "… and more: follow the link"
                return
        section = f"{section}\n{line}" if section else line
    if section:
        yield section


def _escaped_within(line: str, length: int) -> str:
    """Escaped, without cutting an escape sequence."""
    if line.startswith("  "):
        line = f"• {line.strip()}"  # detail lines
    text = escaped(line)
    if len(text) <= length:
        return text
    cut = one_line(line)[:length]
    while len(escaped(cut)) > length - 1:
        cut = cut[:-1]
    return f"{escaped(cut)}…"


def _address(link: str) -> str:
    """A URL without characters that would end the link early."""
    for sign, spelled in (("|", "%7C"), ("<", "%3C"), (">", "%3E"), (" ", "%20"), ("&", "&amp;")):
        link = link.replace(sign, spelled)
    return link


def _cut(text: str, length: int) -> str:
    line = one_line(text)
    return line if len(line) <= length else f"{line[: length - 1]}…"


CHANNEL = Channel(
    settings=SlackDelivery,
    deliver=deliver,
    arrives="a message of an incoming webhook",
    repeated="a second message: Slack has no idempotency key",
    example="""
chat:
  type: slack
  url: {env: SLACK_WEBHOOK_URL}   # the URL of an incoming webhook is a secret
""",
)
