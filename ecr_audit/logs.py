"""Logging: one line per event, as text or JSON, without passwords, tokens and keys."""

from __future__ import annotations

import json as json_text
import logging
import math
import re
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from reports.sanitize import one_line, visible

HIDDEN = "***"

_NAMES = (
    "password", "passwd", "passphrase", "secret", "token", "authorization", "cookie", "credential", "credentials",
    "apikey", "accesskey", "privatekey", "signature",
)  # fmt: skip

# Every repetition is bounded: a hostile text must not cost more than its length.
_PATTERNS = (
    (re.compile(r"-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----.{0,20000}?(-----END \1-----|\Z)", re.DOTALL), HIDDEN),
    # The rest of the line of such a header.
    (
        re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?[ \t]{0,3}[:=])[^\r\n]{1,8000}"),
        rf"\1\2 {HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer)\s{1,3}[\w.~+/=-]{6,4000}"), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(Basic)\s{1,3}(?=\S{0,500}[0-9=A-Z])[A-Za-z0-9+/]{6,4000}={0,2}"), rf"\1 {HIDDEN}"),
    # user:password@ of a URL; SQLAlchemy allows a slash in the password, others an @.
    (re.compile(r"(://[^\s/:@]{0,300}):\S{0,300}@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(://)[^\s/:@?#]{1,300}@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(?i)(hooks\.slack(?:-gov)?\.com/)[^\s'\"<>]{1,500}"), rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{5,4000}\.[\w-]{2,4000}(?:\.[\w-]{0,4000})?"), HIDDEN),
    # Our own tokens (ecr_audit/web/security/tokens.py).
    (re.compile(r"\becra_[\w-]{16,200}"), HIDDEN),
    # name=value and "name": "value", the parameters of a presigned AWS address among them.
    (
        re.compile(
            r"(?i)((?:pass(?:word|wd|phrase)|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key|"
            r"signature|credentials?)['\"]?[ \t]{0,3}(?:=|:|%3D)[ \t]{0,3}['\"]?)[^\s'\"&,;]{1,4000}"
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,124}\b"), rf"\1{HIDDEN}"),
    # 40 characters of base64 in mixed case are what a secret access key looks like; a SHA-1 in hex is not.
    (
        re.compile(
            r"(?<![A-Za-z0-9/+=])(?=[a-z0-9/+]{0,39}[A-Z])(?=[A-Z0-9/+]{0,39}[a-z])(?=[A-Za-z/+]{0,39}[0-9])"
            r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
        ),
        HIDDEN,
    ),
)


def names_a_secret(name: str) -> bool:
    """Whether *name*, the key of a value, indicates a secret."""
    return re.sub("[^a-z]", "", name.lower()).endswith(_NAMES)


def redacted(text: str) -> str:
    """*text* with every secret in it replaced by `***`."""
    for pattern, shown in _PATTERNS:
        text = pattern.sub(shown, text)
    return text


LEVELS = ("debug", "info", "warning", "error")
"""Names of levels, most verbose first."""

FIRST = ("time", "level", "event", "job", "run", "schedule", "account", "region")
"""Keys in the order in which every line begins; others follow by name."""

_QUIET = ("apscheduler", "botocore", "boto3", "urllib3", "great_expectations", "weasyprint", "fontTools", "alembic")
"""Loggers that write internal details, botocore even signatures: never below warning, whatever the level."""

_LONGEST, _MOST, _DEEPEST = 8_000, 100, 6
"""Limits of one value: characters, members, nesting."""


def configure(*, json: bool, level: str, stream: TextIO) -> None:
    """Send every log of this process to *stream*: as a JSON object a line, else as text.

    *level*: one of LEVELS; what is below it is not written. A second call replaces the first.
    Start uvicorn with `log_config=None`, or it takes its loggers back.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _cleaned,
                _as_json if json else _as_text,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    logging.captureWarnings(True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


class _Handler(logging.StreamHandler[TextIO]):
    """Counts lines that cannot be written and reports them with the next line that can."""

    lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*, after a note about lost lines."""
        before, self.lost = self.lost, 0
        if before:
            note = "log lines could not be written"
            super().emit(logging.LogRecord(__name__, logging.WARNING, __file__, 0, f"{before} {note}", (), None))
            # Where not even this could be written, the lines that it counts are still lost.
            self.lost = before if self.lost else 0
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 is logging's own name
        """Count the line. The default handler prints the record to standard error, secrets included."""
        self.lost += 1


def _cleaned(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """The event in a fixed order, without secrets, and with JSON values only."""
    rank = {key: place for place, key in enumerate(FIRST)}
    keys = sorted(event, key=lambda key: (rank.get(key, len(rank)), key))
    return {visible(key): HIDDEN if names_a_secret(key) else _value(event[key], 0) for key in keys}


def _value(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth < _DEEPEST and isinstance(value, Mapping):
        members = list(value.items())[:_MOST]
        return {
            visible(redacted(str(key))): HIDDEN if names_a_secret(str(key)) else _value(one, depth + 1)
            for key, one in members
        }
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_value(one, depth + 1) for one in list(value)[:_MOST]]
    text = value if isinstance(value, str) else str(value)
    # More is redacted than shown, so that a secret that is truncated at the end is still recognized.
    shown = visible(redacted(text[: 4 * _LONGEST]))
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}… (cut; {len(text)} characters)"


def _as_json(_logger: Any, _method: str, event: EventDict) -> str:
    return json_text.dumps(event)


def _as_text(_logger: Any, _method: str, event: EventDict) -> str:
    """`TIME LEVEL EVENT key=value …`; a traceback follows indented, so that its lines do not look like events."""
    values = dict(event)
    began, level, what = (str(values.pop(key, "")) for key in ("time", "level", "event"))
    trace = str(values.pop("exception", ""))
    where = values.pop("logger", "")
    pairs = [f"{one_line(key)}={_plain(value)}" for key, value in {**values, "logger": where}.items() if value != ""]
    line = " ".join([began, f"{level:<7}", _plain(one_line(what), of_event=True), *pairs])
    return line + "".join(f"\n    {one}" for one in trace.splitlines())


def _plain(value: Any, *, of_event: bool = False) -> str:
    """As plain text if that is unambiguous, else as JSON."""
    if not isinstance(value, str):
        return json_text.dumps(value, ensure_ascii=False)
    unsafe = any(mark in value for mark in '="') or (not of_event and (not value or any(map(str.isspace, value))))
    return json_text.dumps(value, ensure_ascii=False) if unsafe else value
