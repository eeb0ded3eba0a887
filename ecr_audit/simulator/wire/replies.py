"""Results → replies: the inverse of botocore's parsers. A result that the model does not allow is a defect."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from ecr_audit.simulator.wire.http import Reply


class ReplyDefectError(Exception):
    """A handler returned what the service model does not allow: the simulator's own mistake."""


def render_reply(operation: OperationModel, result: dict[str, Any], request_id: str) -> Reply:
    """The reply to a call of *operation*. Raises ReplyDefectError if *result* is not what the model promises."""
    model = operation.service_model
    protocol = model.resolved_protocol
    shape = operation.output_shape
    headers = {"x-amzn-RequestId": request_id}
    if protocol in ("query", "ec2"):
        body = _xml_document(operation, result, request_id, ec2=protocol == "ec2")
        return Reply(200, {**headers, "Content-Type": "text/xml"}, body.encode())
    if shape is None and protocol == "rest-json":
        return Reply(int(operation.http.get("responseCode", 200)), headers, b"")
    document = {} if shape is None else _json_value(shape, result, operation.name)
    body_bytes = json.dumps(document, separators=(",", ":")).encode()
    return Reply(200, {**headers, "Content-Type": "application/x-amz-json-1.1"}, body_bytes)


def _json_value(shape: Shape, value: Any, path: str) -> Any:
    if isinstance(shape, StructureShape):
        return {
            shape.members[name].serialization.get("name", name): _json_value(
                shape.members[name], part, f"{path}.{name}"
            )
            for name, part in _members(shape, value, path)
        }
    if isinstance(shape, ListShape):
        _expect(value, (list, tuple), path)
        return [_json_value(shape.member, part, path) for part in value]
    if isinstance(shape, MapShape):
        _expect(value, dict, path)
        return {key: _json_value(shape.value, part, f"{path}.{key}") for key, part in value.items()}
    _check_scalar(shape, value, path)
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    return value


def _members(shape: StructureShape, value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Members that are set, in the result's order; the model must know them and none required may be missing."""
    _expect(value, dict, path)
    present = {name: part for name, part in value.items() if part is not None}
    missing = [name for name in shape.required_members if name not in present]
    unknown = [name for name in present if name not in shape.members]
    if missing or unknown:
        raise ReplyDefectError(f"{path}: missing members {missing}, unknown members {unknown}")
    return iter(present.items())


_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
    "blob": bytes,
}


def _check_scalar(shape: Shape, value: Any, path: str) -> None:
    _expect(value, _TYPES.get(shape.type_name, object), path)
    if shape.type_name == "string" and shape.enum and value not in shape.enum:
        raise ReplyDefectError(f"{path}: {value!r} is none of {shape.enum}")


def _expect(value: Any, kind: type | tuple[type, ...], path: str) -> None:
    if not isinstance(value, kind):
        raise ReplyDefectError(f"{path}: {value!r} is not of type {kind}")


def _xml_document(operation: OperationModel, result: dict[str, Any], request_id: str, *, ec2: bool) -> str:
    shape = operation.output_shape
    inner = "" if shape is None else "".join(_xml_members(shape, result, operation.name))
    space = operation.service_model.metadata.get("xmlNamespace", "")
    name = operation.name
    if ec2:
        return f'<{name}Response xmlns="{space}"><requestId>{request_id}</requestId>{inner}</{name}Response>'
    wrapper = "" if shape is None else shape.serialization.get("resultWrapper", f"{name}Result")
    wrapped = f"<{wrapper}>{inner}</{wrapper}>" if wrapper else ""
    meta = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return f'<{name}Response xmlns="{space}">{wrapped}{meta}</{name}Response>'


def _xml_members(shape: StructureShape, value: Any, path: str) -> Iterator[str]:
    for name, part in _members(shape, value, path):
        member = shape.members[name]
        yield _xml_element(member, part, str(member.serialization.get("name", name)), f"{path}.{name}")


def _xml_element(shape: Shape, value: Any, tag: str, path: str) -> str:
    if isinstance(shape, StructureShape):
        return f"<{tag}>{''.join(_xml_members(shape, value, path))}</{tag}>"
    if isinstance(shape, ListShape):
        _expect(value, (list, tuple), path)
        if shape.serialization.get("flattened"):
            return "".join(_xml_element(shape.member, part, tag, path) for part in value)
        inner = str(shape.member.serialization.get("name", "member"))
        return f"<{tag}>{''.join(_xml_element(shape.member, part, inner, path) for part in value)}</{tag}>"
    _check_scalar(shape, value, path)
    return f"<{tag}>{escape(_xml_text(shape, value))}</{tag}>"


def _xml_text(shape: Shape, value: Any) -> str:
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if shape.type_name == "timestamp":
        return dt.datetime.fromtimestamp(value, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    return str(value)
