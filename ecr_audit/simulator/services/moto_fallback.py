"""Every other service: moto answers in this process, where it is installed."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from functools import cache
from types import TracebackType
from typing import Any

from ecr_audit.simulator.wire.errors import AwsError
from ecr_audit.simulator.wire.http import Reply, Request

_lock = threading.Lock()


@cache
def _application() -> Any:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)


def pass_to_moto(request: Request, account: str) -> Reply:
    """moto's answer for *account*. Raises AwsError where moto is not installed."""
    with _lock:
        try:
            application = _application()
        except ImportError:
            raise AwsError(
                "UnknownOperationException",
                "The simulator answers this service through moto, which is not installed (extra `demo`).",
                501,
            ) from None
    status, headers = 500, {}

    def start_response(line: str, pairs: list[tuple[str, str]], _error: _Failure | None = None) -> None:
        nonlocal status, headers
        status, headers = int(line.split(" ", 1)[0]), dict(pairs)

    parts: Iterable[bytes] = application(_environment(request, account), start_response)
    body = b"".join(parts)
    # The length of an answer to HEAD is that of a body which is not sent; any other the server counts itself.
    dropped = {"connection", "date"} if request.method == "HEAD" else {"connection", "date", "content-length"}
    kept = {name: value for name, value in headers.items() if name.lower() not in dropped}
    return Reply(status, kept, body)


_Failure = tuple[type[BaseException], BaseException, TracebackType | None]


def _environment(request: Request, account: str) -> dict[str, Any]:
    """A WSGI environment of the request, with the account that it is for."""
    host = request.headers.get("host", "127.0.0.1")
    environment: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": host.partition(":")[0],
        "SERVER_PORT": host.partition(":")[2] or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_X_MOTO_ACCOUNT_ID": account,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        if name not in ("content-type", "content-length"):
            environment["HTTP_" + name.upper().replace("-", "_")] = value
    return environment
