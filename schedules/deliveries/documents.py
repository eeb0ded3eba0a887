"""The message as JSON, and what it says of itself in single words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from checks.model import Severity
from schedules.model import Parcel


def as_json(document: Mapping[str, Any]) -> bytes:
    """One spelling for one document: keys sorted, no spaces, UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return text.encode("utf-8", errors="backslashreplace")


def event_of(parcel: Parcel) -> str:
    """What the message is about."""
    return str(parcel.message.document.get("event") or "report")


def severity_of(parcel: Parcel) -> str:
    """The worst severity that is open; `none` where nothing is, `unknown` without a run."""
    if parcel.view is None:
        return "unknown"
    worst = [severity for severity in Severity if parcel.view.open.get(severity)]
    return min(worst, key=lambda severity: severity.rank).value if worst else "none"
