"""The message as JSON, its event and severity, and the paths of a delivery's files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from checks.model import Severity
from schedules.notifications.model import DeliveryContent, DeliveryError


def as_json(document: Mapping[str, Any]) -> bytes:
    """The canonical form of a document: keys sorted, no spaces, UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return text.encode("utf-8", errors="backslashreplace")


def event_of(content: DeliveryContent) -> str:
    """What the message is about."""
    return str(content.message.document.get("event") or "report")


def severity_of(content: DeliveryContent) -> str:
    """The highest severity of an open failure; `none` where none is open, `unknown` without a run."""
    if content.view is None:
        return "unknown"
    worst = [severity for severity in Severity if content.view.open.get(severity)]
    return min(worst, key=lambda severity: severity.rank).value if worst else "none"


MANUAL = "manual"
"""Name in place of the schedule, for a job that has none."""

MESSAGE_FILE = "message.txt"

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


def places(content: DeliveryContent) -> dict[str, bytes]:
    """Relative path → content, the message last: when it is there, the other files are complete."""
    below = "/".join((content.schedule or MANUAL, content.run.id if content.run else content.job.id))
    files = {checked(f"{below}/{name}"): data for name, data in sorted(content.files.items())}
    text = f"{content.message.subject}\n\n{content.message.text}"
    return {**files, checked(f"{below}/{MESSAGE_FILE}"): text.encode("utf-8", errors="replace")}


def checked(path: str) -> str:
    """*path* if every part of it is a plain name. Raises DeliveryError: other names are a defect, or an attack."""
    if all(_PART.fullmatch(part) for part in path.split("/")):
        return path
    raise DeliveryError(f"{path[:200]!r} is not a valid name of a delivered file", again=False)
