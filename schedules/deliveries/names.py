"""Where the files of a delivery go below the place that the administrator chose: never beside it."""

from __future__ import annotations

import re

from schedules.model import DeliveryError, Parcel

BY_HAND = "by-hand"
"""Stands for the schedule of a job that has none."""

MESSAGE_FILE = "message.txt"

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


def places(parcel: Parcel) -> dict[str, bytes]:
    """Path below the administrator's place → content, the message last: whoever sees it sees the rest too."""
    below = "/".join((parcel.schedule or BY_HAND, parcel.run.id if parcel.run else parcel.job.id))
    files = {checked(f"{below}/{name}"): data for name, data in sorted(parcel.files.items())}
    text = f"{parcel.message.subject}\n\n{parcel.message.text}"
    return {**files, checked(f"{below}/{MESSAGE_FILE}"): text.encode("utf-8", errors="replace")}


def checked(path: str) -> str:
    """*path* if every part of it is a plain name. Raises DeliveryError: such a name is a defect, or an attempt."""
    if all(_PART.fullmatch(part) for part in path.split("/")):
        return path
    raise DeliveryError(f"{path[:200]!r} cannot be the name of a file that is delivered", again=False)
