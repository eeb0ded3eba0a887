"""Reports in a folder: SCHEDULE/RUN/FILE in it, each file written atomically."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from audit.store.files import sync_folder, write_atomically
from reports.commands import SCRIPT_FOLDER
from schedules.deliveries.channel import Channel
from schedules.deliveries.payload import places
from schedules.deliveries.secrets import Revealed
from schedules.deliveries.settings import Attached, DeliverySettings, FolderPath
from schedules.jobs.queue import Clock
from schedules.notifications.model import DeliveryContent, DeliveryError
from schedules.notifications.notify_on import NotifyOn

_ONE_AT_A_TIME = threading.Lock()
"""Two deliveries of one job may write the same files."""


class FolderDelivery(DeliverySettings):
    """Reports in a folder, with a subfolder per run."""

    type: Literal["folder"]
    folder: FolderPath = Field(description="Folder; the files of a run are in its subfolder SCHEDULE/RUN.")
    notify_on: NotifyOn = Field(default=NotifyOn(always=True))
    attach: Attached = Field(default=("pdf", "csv"))
    scripts: bool = Field(default=True, description="Include the remediation scripts.")


def deliver(settings: FolderDelivery, content: DeliveryContent, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Write the files that do not exist yet or have another content."""
    root = Path(settings.folder)
    files = places(content)
    try:
        with _ONE_AT_A_TIME:
            root.mkdir(parents=True, exist_ok=True)
            written = [name for name, data in files.items() if _written(root, name, data)]
    except OSError as error:
        why = f"{error.filename or root}: {error.strerror or error}"
        raise DeliveryError(f"the folder {root} cannot be written: {why}", again=True) from error
    return {"folder": str(root.joinpath(*next(iter(files)).split("/")[:2])), "written": len(written)}


def _written(root: Path, name: str, data: bytes) -> bool:
    path = root / name
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise DeliveryError(f"{path.parent} is a symbolic link out of the folder {root}; not followed", again=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_symlink() and path.is_file() and path.read_bytes() == data:
        return False
    write_atomically(path, data)
    if path.parent.name == SCRIPT_FOLDER:
        path.chmod(0o755)
    sync_folder(path.parent)
    return True


CHANNEL = Channel(
    settings=FolderDelivery,
    deliver=deliver,
    arrives="`SCHEDULE/RUN/` with the reports, the scripts and `message.txt`",
    repeated="no change",
    example="""
archive:
  type: folder
  folder: reports             # the files of a run are in its subfolder SCHEDULE/RUN
  attach: [pdf, csv]          # report formats; `ecr-audit report --help` lists them
  scripts: true               # include the remediation scripts
  notify_on:                  # when to deliver. For folder, s3 and securityhub the default is `always: true`
    always: true              # after every run, regardless of its findings
""",
)
