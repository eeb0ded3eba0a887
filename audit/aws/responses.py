"""Responses of AWS: parsed without walking over shapes, and validated against the shape that the service model
declares."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.model import Shape
from botocore.parsers import JSONParser, ResponseParser, ResponseParserError, ResponseParserFactory


def epoch(value: object) -> float:
    """A time as epoch seconds: numbers as they are, ISO 8601 text (XML protocols) converted."""
    if isinstance(value, (int, float)):
        return float(value)
    return dt.datetime.fromisoformat(str(value).replace("Z", "+00:00")).timestamp()


class PlainJsonParser(JSONParser):  # type: ignore[misc]  # botocore ships no types
    """Decodes successful responses and nothing more; botocore parses error responses as usual."""

    def parse(self, response: Mapping[str, Any], shape: Shape | None) -> dict[str, Any]:
        """The response as a dict with `ResponseMetadata`; ResponseParserError where the body is not a JSON object."""
        status = response["status_code"]
        if status >= 300:
            return _encodable(super().parse(response, shape), response["body"])
        body = response["body"]
        try:
            parsed = json.loads(body) if body else {}
        except ValueError as error:
            raise ResponseParserError(f"HTTP {status} with a body that is not JSON: {bytes(body)[:120]!r}") from error
        if not isinstance(parsed, dict):
            raise ResponseParserError(f"HTTP {status} with JSON that is not an object: {bytes(body)[:120]!r}")
        parsed = _encodable(parsed, body)
        parsed["ResponseMetadata"] = {"HTTPStatusCode": status}
        return parsed


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _encodable(parsed: dict[str, Any], body: bytes) -> dict[str, Any]:
    """*parsed* with U+FFFD for unpaired UTF-16 surrogates: JSON can escape them, but UTF-8 cannot encode them."""
    if not _SURROGATE.search(body):
        return parsed
    text = json.dumps(parsed, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    cleaned: dict[str, Any] = json.loads(text)
    return cleaned


class StatusErrorParser:
    """Wraps a botocore parser: classifies an error by its HTTP status where the parser cannot read the body.

    A gateway in front of a service may answer without a body or in another service's format, and an emulator with any
    JSON; the status still shows whether the request is worth a retry.
    """

    def __init__(self, parser: ResponseParser) -> None:
        self._parser = parser

    def parse(self, response: Mapping[str, Any], shape: Shape | None) -> dict[str, Any]:
        """The response as a dict with `ResponseMetadata`; ResponseParserError for a successful response that cannot be
        parsed."""
        status = response["status_code"]
        try:
            parsed: dict[str, Any] = self._parser.parse(response, shape)
        except (ResponseParserError, AttributeError, KeyError, TypeError, ValueError):
            if status < 300:
                raise
            return _status_error(status, response["body"])
        return parsed


def _status_error(status: int, body: bytes) -> dict[str, Any]:
    message = bytes(body).decode(errors="replace").strip() or f"HTTP {status} with an empty body"
    return {"Error": {"Code": str(status), "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}


class PlainParserFactory(ResponseParserFactory):  # type: ignore[misc]  # botocore ships no types
    """Returns one shared parser for the JSON protocol: it keeps no state between responses."""

    def __init__(self) -> None:
        super().__init__()
        self.set_parser_defaults(timestamp_parser=epoch)
        self._json = StatusErrorParser(PlainJsonParser(timestamp_parser=epoch))

    def create_parser(self, protocol_name: str) -> StatusErrorParser:
        """The parser for *protocol_name*, as botocore names protocols."""
        if protocol_name == "json":
            return self._json
        if protocol_name == "query":
            # The protocol of STS. botocore's own credential providers (a profile with a role) expect its usual
            # timestamps.
            return StatusErrorParser(ResponseParserFactory().create_parser(protocol_name))
        return StatusErrorParser(super().create_parser(protocol_name))


_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}
"""Python types by the model's type; types that are not listed (timestamps, blobs) are not validated."""

_IDENTITIES = {
    "Repository": ("repositoryName",),
    "ImageDetail": ("imageDigest",),
    "ReplicationDestination": ("region", "registryId"),
    "RepositoryCreationTemplate": ("prefix",),
    "Account": ("Id",),
    "Root": ("Id",),
    "OrganizationalUnit": ("Id",),
}
"""Members that identify a row, by the model's name of the row."""


class MisshapenAnswerError(ValueError):
    """The response does not match the service model; the message says where."""


def require_shape(shape: Any, value: Any, where: str = "the response") -> None:
    """Raise MisshapenAnswerError unless *value* fits the botocore *shape*; drops null members in place."""
    kind = shape.type_name
    if kind == "structure":
        _require_structure(shape, value, where)
    elif kind == "list":
        if not isinstance(value, list):
            raise MisshapenAnswerError(f"{where} is not a list")
        for each in value:
            require_shape(shape.member, each, f"a member of {where}")
    elif kind == "map":
        if not isinstance(value, dict):
            raise MisshapenAnswerError(f"{where} is not an object")
        for name, each in value.items():
            require_shape(shape.value, each, f"{where}.{name}")
    elif kind in _SCALARS and not isinstance(value, _SCALARS[kind]):
        raise MisshapenAnswerError(f"{where} is not a {kind}")


def _require_structure(shape: Any, value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise MisshapenAnswerError(f"{where} is not an object")
    for name in [name for name, member in value.items() if member is None]:
        del value[name]
    for name in _IDENTITIES.get(shape.name, ()):
        if name not in value:
            raise MisshapenAnswerError(f"{where} has no `{name}`")
    members = shape.members
    for name, member in value.items():
        declared = members.get(name)
        if declared is not None:
            require_shape(declared, member, f"`{name}`")
