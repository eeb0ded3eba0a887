"""Errors that the simulator answers, and how each protocol spells them."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from ecr_audit.simulator.wire.http import Reply


class AwsError(Exception):
    """An error answer. `code` is AWS's error code, `status` the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def render_error(error: AwsError, protocol: str, request_id: str) -> Reply:
    """*error* as the protocol of the service spells it; unknown protocols get the JSON form."""
    headers = {"x-amzn-RequestId": request_id}
    if protocol in ("query", "rest-xml"):
        return Reply(error.status, {**headers, "Content-Type": "text/xml"}, _query_body(error, request_id))
    if protocol == "ec2":
        return Reply(error.status, {**headers, "Content-Type": "text/xml"}, _ec2_body(error, request_id))
    if protocol == "rest-json":
        headers["x-amzn-ErrorType"] = error.code
    body = json.dumps({"__type": error.code, "message": error.message}).encode()
    return Reply(error.status, {**headers, "Content-Type": "application/x-amz-json-1.1"}, body)


def _query_body(error: AwsError, request_id: str) -> bytes:
    kind = "Sender" if error.status < 500 else "Receiver"
    return (
        f"<ErrorResponse><Error><Type>{kind}</Type><Code>{escape(error.code)}</Code>"
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


def _ec2_body(error: AwsError, request_id: str) -> bytes:
    return (
        f"<Response><Errors><Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        f"</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    ).encode()
