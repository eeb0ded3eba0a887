"""Answers without the walk over shapes: JSON as it came, times left as the epoch numbers that ECR sends.

botocore visits every value of an answer to convert times and blobs and to drop what its model does not know.
Of the JSON services that the collector calls none sends blobs, and every time is wanted as a number, so the walk
changes nothing but the cost: about 29 ms against 5 ms for a page of 1,000 repositories.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from botocore.model import Shape
from botocore.parsers import JSONParser, ResponseParser, ResponseParserError, ResponseParserFactory


def epoch(value: object) -> float:
    """A time as epoch seconds: numbers as they are, ISO 8601 text (query and XML protocols) converted."""
    if isinstance(value, (int, float)):
        return float(value)
    return dt.datetime.fromisoformat(str(value).replace("Z", "+00:00")).timestamp()


class PlainJsonParser(JSONParser):  # type: ignore[misc]  # botocore ships no types
    """Success answers are decoded and nothing more; error answers go botocore's usual way."""

    def parse(self, response: Mapping[str, Any], shape: Shape | None) -> dict[str, Any]:
        """The answer as a dict with `ResponseMetadata`; ResponseParserError where the body is no JSON object."""
        status = response["status_code"]
        if status >= 300:
            return self._parse_error(response, shape)
        body = response["body"]
        try:
            parsed = json.loads(body) if body else {}
        except ValueError as error:
            raise ResponseParserError(f"HTTP {status} with a body that is not JSON: {bytes(body)[:120]!r}") from error
        if not isinstance(parsed, dict):
            raise ResponseParserError(f"HTTP {status} with JSON that is not an object: {bytes(body)[:120]!r}")
        parsed["ResponseMetadata"] = {"HTTPStatusCode": status}
        return parsed

    def _parse_error(self, response: Mapping[str, Any], shape: Shape | None) -> dict[str, Any]:
        try:
            parsed: dict[str, Any] = super().parse(response, shape)
        except (AttributeError, TypeError) as error:
            # botocore assumes an object; an emulator or a proxy may answer any JSON, or text.
            raise ResponseParserError(f"HTTP {response['status_code']}: {bytes(response['body'])[:120]!r}") from error
        return parsed


class PlainParserFactory(ResponseParserFactory):  # type: ignore[misc]  # botocore ships no types
    """Hands out one shared parser for the JSON protocol: it keeps no state between answers."""

    def __init__(self) -> None:
        super().__init__()
        self.set_parser_defaults(timestamp_parser=epoch)
        self._json = PlainJsonParser(timestamp_parser=epoch)

    def create_parser(self, protocol_name: str) -> ResponseParser:
        """The parser for *protocol_name*, as botocore names protocols."""
        if protocol_name == "json":
            return self._json
        return super().create_parser(protocol_name)
