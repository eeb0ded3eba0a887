"""E-mail addresses and webhook URLs, as written in the configuration file."""

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
    """Whether *host* is `localhost` or a loopback address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def mailbox(written: str) -> Address:
    """`name@example.com`, or `Name <name@example.com>`. Raises ValueError."""
    found = _MAILBOX.fullmatch(written)
    if found is None or not written.isprintable() or "=?" in written:
        raise ValueError(f"{written!r} is not a valid e-mail address")
    return Address(display_name=(found["name"] or "").strip(), addr_spec=found["alone"] or found["named"])


def _one_mailbox(written: str) -> str:
    try:
        mailbox(written)
    except ValueError:
        hint = "write name@example.com, or Name <name@example.com>; one address, in ASCII"
        raise wrong("is not a valid e-mail address", hint) from None
    return written


def _safe_url(written: str) -> str:
    """https, or http to loopback; with a host, without a password or characters that are invalid in a request line."""
    try:
        parts = urlsplit(written)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if not host or parts.scheme not in ("http", "https") or not written.isascii() or not written.isprintable():
        raise wrong("is not a valid URL", "write it as https://alerts.example.com/ecr-audit")
    if " " in written or "\\" in written:
        raise wrong("contains a space or a backslash", "write %20 for a space")
    if parts.scheme == "http" and not is_loopback(host):
        raise wrong("would be sent unencrypted", "use https; http is only for a receiver on this machine")
    if parts.username is not None or parts.password is not None:
        raise wrong(
            "contains credentials", "remove them: the signature authenticates the sender, and this file has no secrets"
        )
    if parts.fragment:
        raise wrong("has a fragment (`#…`), which is never sent", "remove it")
    return written


MailAddress = Annotated[str, Field(min_length=3, max_length=320), AfterValidator(_one_mailbox)]
"""An e-mail address, with or without a display name."""
WebAddress = Annotated[str, Field(min_length=8, max_length=2_000), AfterValidator(_safe_url)]
"""URL of a webhook receiver."""
