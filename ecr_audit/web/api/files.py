"""Reports and scripts as files."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response

from ecr_audit.web.api.dependencies import Reader, TheRun, TheServices
from ecr_audit.web.pages.downloads import as_attachment, as_one_file
from ecr_audit.web.security.rate_limits import Cost, Limited
from reports.formats import FormatName

router = APIRouter(tags=["files"])

_FILE = {"description": "The file.", "content": {"*/*": {"schema": {}}}}
_SAME = {"description": "The file is unchanged: `If-None-Match` contains its ETag."}


@router.get("/runs/{run}/reports/{format}", response_class=Response, responses={200: _FILE, 304: _SAME})
def get_report(
    request: Request, _: Reader, _some: Annotated[None, Depends(Limited(Cost.DOWNLOAD))], opened: TheRun,
    services: TheServices,
    format: Annotated[FormatName, Path(description="A format with several files is returned as one ZIP file.")],
) -> Response:  # fmt: skip
    """A report of a run, rendered on the first request. A PDF of many findings takes several seconds."""
    files = services.files(opened.run.id, format)
    name, data = as_one_file(f"ecr-audit-{opened.run.id}-{format}", files, opened.run.finished_at)
    return _answer(request, name, data)


@router.get("/runs/{run}/scripts/{name}", response_class=Response, responses={200: _FILE, 304: _SAME})
def get_script(
    request: Request,
    _: Reader,
    opened: TheRun,
    name: Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$")],
) -> Response:
    """A remediation script, as text."""
    for script in opened.run.scripts:
        if script.name == name:
            return _answer(request, name, script.text.encode("utf-8", "backslashreplace"))
    raise HTTPException(404, f"run {opened.run.id} has no script with this name")


def _answer(request: Request, name: str, data: bytes) -> Response:
    """The file, or 304 if the client already has it. The ETag is the hash of the content."""
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "private, no-cache"})
    response = as_attachment(name, data)
    response.headers["ETag"] = tag
    return response
