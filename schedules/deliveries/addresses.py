"""Addresses of mailboxes and of web receivers, as the configuration file gives them."""

from __future__ import annotations

import ipaddress
import re
from email.headerregistry import Address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from checks.baseline.values import wrong

_ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
_MAILBOX = re.compile(rf'(?P<alone>{_ADDRESS})|"?(?P<name>[^<>@,;:"\\]*)"? *<(?P<named>{_ADDRESS})>')


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine by its very name."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def mailbox(written: str) -> Address:
    """`name@example.com`, or that with a name in front of it in angle brackets. Raises ValueError."""
    found = _MAILBOX.fullmatch(written)
    if found is None or not written.isprintable() or "=?" in written:
        raise ValueError(f"{written!r} is no address of a mailbox")
    return Address(display_name=(found["name"] or "").strip(), addr_spec=found["alone"] or found["named"])


def _one_mailbox(written: str) -> str:
    try:
        mailbox(written)
    except ValueError:
        hint = "write name@example.com, or Name <name@example.com>; one address, in ASCII"
        raise wrong("is no address of a mailbox", hint) from None
    return written


def _safe_url(written: str) -> str:
    """https, or http on this machine; a host, no password, nothing that a request line would break at."""
    try:
        parts = urlsplit(written)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if not host or parts.scheme not in ("http", "https") or not written.isascii() or not written.isprintable():
        raise wrong("is no web address", "it looks like https://alerts.example.com/ecr-audit")
    if " " in written or "\\" in written:
        raise wrong("has a space or a backslash in it", "write %20 for a space")
    if parts.scheme == "http" and not is_loopback(host):
        raise wrong("would travel unencrypted", "use https; http is for a receiver on this machine")
    if parts.username is not None or parts.password is not None:
        raise wrong("has a password in it", "the signature says who we are; a secret never stands in this file")
    if parts.fragment:
        raise wrong("has a part after `#`, which is never sent", "leave it out")
    return written


MailAddress = Annotated[str, Field(min_length=3, max_length=320), AfterValidator(_one_mailbox)]
"""A mailbox, with or without a name."""
WebAddress = Annotated[str, Field(min_length=8, max_length=2_000), AfterValidator(_safe_url)]
"""Where a webhook is received."""
