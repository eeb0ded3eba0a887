"""Downloads: one file as it is, several files as one ZIP."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping

from fastapi import Response

from reports.formats import media_type
from reports.text import in_utc


def as_one_file(name: str, files: Mapping[str, bytes], at: dt.datetime) -> tuple[str, bytes]:
    """Name and contents of the only file, or of a ZIP called *name* of all of them. Same files, same bytes."""
    if len(files) == 1:
        ((only, data),) = files.items()
        return f"{name.rpartition('-')[0]}-{only.rpartition('/')[2]}", data
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, data in sorted(files.items()):
            entry = zipfile.ZipInfo(one, in_utc(at).timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return f"{name}.zip", stream.getvalue()


def as_attachment(name: str, data: bytes) -> Response:
    """A file that a browser saves and never displays, because its content is not trusted."""
    headers = {
        "Content-Disposition": f'attachment; filename="{_plain(name)}"',
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type=media_type(name), headers=headers)


def _plain(name: str) -> str:
    """The name with characters that are safe in headers and on every file system."""
    return "".join(one if one.isascii() and (one.isalnum() or one in "._-") else "_" for one in name).lstrip(".")
