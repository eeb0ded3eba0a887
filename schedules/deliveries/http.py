"""One POST to an external receiver: encrypted, verified, bounded in time and size, without redirects.

Errors name only the host of the receiver's URL, because the rest of the URL may be a secret.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import logging
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from audit.describe import program_version
from reports.sanitize import one_line
from schedules.deliveries.addresses import is_loopback
from schedules.deliveries.retry import LaterError
from schedules.deliveries.secrets import Revealed
from schedules.notifications.model import DeliveryError

CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
ANSWER_BYTES = 2_000
"""Bytes of a response that are read: enough for its reason."""
LISTED_CHARACTERS = 200
SHORTEST_TOKEN = 8
"""Shorter parts of a URL are not treated as secrets: they may be ordinary words."""

# At level DEBUG it logs every path, and a path can be a secret.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

_LATER = frozenset({408, 425, 429})
"""Client error codes after which a retry may succeed; so may every 5xx."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """The receiver of a POST."""

    name: str
    """Its name in error messages."""
    url: str
    ca_file: str = ""

    def __repr__(self) -> str:
        # A webhook's URL can be a secret.
        return f"<Receiver {self.name}>"


def hide_address(url: str, revealed: Revealed) -> None:
    """Hide the path and the query of *url*, and their longer parts."""
    parts = urlsplit(url)
    pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    for text in (url, parts.path, parts.query, *(piece for piece in pieces if len(piece) >= SHORTEST_TOKEN)):
        if len(text) > 1:
            revealed.hide(text)


def post(receiver: Receiver, body: bytes, headers: Mapping[str, str], now: dt.datetime, revealed: Revealed) -> str:
    """The beginning of the response text, if the request succeeded (2xx). Raises DeliveryError."""
    all_headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"ecr-audit/{program_version()}",
        **headers,
    }
    with _pool(receiver, revealed) as pool:
        answer, problem = _asked(pool, receiver, body, all_headers)
        if answer is None:
            raise problem
        text = revealed.hidden(_beginning(answer))
        if 200 <= answer.status < 300:
            return text
        raise _refusal(receiver, answer, text, now)


def _asked(
    pool: urllib3.PoolManager, receiver: Receiver, body: bytes, headers: Mapping[str, str]
) -> tuple[urllib3.BaseHTTPResponse | None, DeliveryError]:
    """The response, or why there is none. Messages of urllib3 are not repeated: they contain the whole URL."""
    try:
        answer = pool.request(
            "POST", receiver.url, body=body, headers=headers, redirect=False, retries=False, preload_content=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )  # fmt: skip
        return answer, DeliveryError("", again=False)
    except urllib3.exceptions.SSLError as error:
        verification = next((one for one in error.args if isinstance(one, ssl.SSLCertVerificationError)), None)
        if verification is None:
            return None, DeliveryError(f"the TLS handshake with {receiver.name} failed", again=True)
        words = f"the certificate of {receiver.name} is not trusted: {verification.verify_message}"
        return None, DeliveryError(words, again=False)
    except urllib3.exceptions.LocationValueError:
        return None, DeliveryError(f"the URL of {receiver.name} is not valid", again=False)
    except urllib3.exceptions.HTTPError as error:
        return None, DeliveryError(f"{receiver.name} cannot be reached: {_kind(error)}", again=True)


_KINDS = (
    (urllib3.exceptions.NameResolutionError, "its host name cannot be resolved"),
    (urllib3.exceptions.NewConnectionError, "connection refused"),
    (urllib3.exceptions.ConnectTimeoutError, f"no connection within {CONNECT_SECONDS:.0f} s"),
    (urllib3.exceptions.ReadTimeoutError, f"no response within {READ_SECONDS:.0f} s"),
    (urllib3.exceptions.ProxyError, "the proxy refused the connection"),
    (urllib3.exceptions.ProtocolError, "it closed the connection"),
)


def _kind(error: Exception) -> str:
    return next((words for kind, words in _KINDS if isinstance(error, kind)), type(error).__name__)


def _pool(receiver: Receiver, revealed: Revealed) -> urllib3.PoolManager:
    try:
        context = ssl.create_default_context(cafile=receiver.ca_file or None)
    except (OSError, ssl.SSLError):
        problem = DeliveryError(f"the certificates in {receiver.ca_file} cannot be read", again=False)
    else:
        proxy = _proxy(receiver.url)
        if not proxy:
            return urllib3.PoolManager(num_pools=1, ssl_context=context)
        parts = urlsplit(proxy)
        login = f"{parts.username or ''}:{parts.password or ''}" if parts.username or parts.password else ""
        for secret in filter(None, (login, parts.password)):
            revealed.hide(secret)
        headers = urllib3.make_headers(proxy_basic_auth=login) if login else None
        return urllib3.ProxyManager(proxy, num_pools=1, ssl_context=context, proxy_headers=headers)
    raise problem


def _proxy(url: str) -> str:
    """The proxy for *url* from the environment (HTTPS_PROXY, NO_PROXY); empty: none, and always for loopback."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return ""
    return getproxies().get(parts.scheme, "")


def _beginning(answer: urllib3.BaseHTTPResponse) -> str:
    """The beginning of the response body; an error while reading it does not make a success a failure."""
    data = b""
    with suppress(urllib3.exceptions.HTTPError, OSError):
        data = answer.read(ANSWER_BYTES, decode_content=False)
    answer.close()
    return data.decode("utf-8", errors="replace")


def _refusal(receiver: Receiver, answer: urllib3.BaseHTTPResponse, text: str, now: dt.datetime) -> DeliveryError:
    body = one_line(text)[:LISTED_CHARACTERS]
    status = f"{receiver.name} answered {answer.status}"
    words = status + (f": {body}" if body else "")
    if 300 <= answer.status < 400:
        return DeliveryError(f"{status}: redirects are not followed; configure the final URL", again=False)
    if answer.status < 500 and answer.status not in _LATER:
        return DeliveryError(words, again=False)
    seconds = retry_after(answer.headers.get("Retry-After", ""), now)
    return LaterError(words, seconds=seconds) if seconds > 0 else DeliveryError(words, again=True)


def retry_after(value: str, now: dt.datetime) -> float:
    """Seconds of a `Retry-After` (RFC 9110, 10.2.3): a number or a date; 0 for anything else."""
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())
