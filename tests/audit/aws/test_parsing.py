"""The parser that leaves out the walk over shapes."""

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from audit.aws.failures import failure_of
from audit.aws.responses import PlainParserFactory, epoch

SHAPE = botocore.session.Session().get_service_model("ecr").operation_model("DescribeRepositories").output_shape
PARSER = PlainParserFactory().create_parser("json")


def response(status: int, body: bytes) -> dict:
    return {"status_code": status, "body": body, "headers": {}, "context": {}}


def test_times_stay_numbers_and_unknown_members_are_kept() -> None:
    parsed = PARSER.parse(response(200, b'{"repositories":[{"createdAt":1.5,"new":"x"}]}'), SHAPE)
    assert parsed["repositories"] == [{"createdAt": 1.5, "new": "x"}]
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_half_a_character_is_replaced_and_whole_ones_stay() -> None:
    body = rb'{"repositories":[{"repositoryName":"a\ud800b \ud83d\ude00 \uDc00"}]}'
    parsed = PARSER.parse(response(200, body), SHAPE)
    assert parsed["repositories"] == [{"repositoryName": "a\ufffdb \U0001f600 \ufffd"}]
    error = PARSER.parse(response(400, rb'{"__type":"SomeException","message":"\ud800"}'), SHAPE)
    assert error["Error"]["Message"] == "\ufffd"


def test_errors_are_parsed_as_botocore_does() -> None:
    body = b'{"__type":"com.amazonaws.ecr#RepositoryNotFoundException","message":"gone"}'
    parsed = PARSER.parse(response(400, body), SHAPE)
    assert parsed["Error"] == {"Code": "RepositoryNotFoundException", "Message": "gone"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[1]"),
        (200, b'"text"'),
        (200, b"\xff\xfe"),
    ],
)
def test_what_is_no_object_is_an_error_and_not_an_empty_answer(status: int, body: bytes) -> None:
    with pytest.raises(ResponseParserError):
        PARSER.parse(response(status, body), SHAPE)


@pytest.mark.parametrize("protocol", ["json", "query", "ec2", "rest-json", "rest-xml"])
@pytest.mark.parametrize("body", [b"", b"[1]", b"3", b'"text"', b'{"message": 1}', b"<open", b"\xff\xfe", b"<other/>"])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_error_without_readable_words_is_known_by_its_status(protocol: str, body: bytes, status: int) -> None:
    shape = botocore.session.Session().get_service_model("sts").operation_model("AssumeRole").output_shape
    parsed = PlainParserFactory().create_parser(protocol).parse(response(status, body), shape)
    failure = failure_of(ClientError(parsed, "AssumeRole"))
    assert failure.transient
    assert failure.throttled is (status == 429)


def test_times_of_sts_are_what_botocore_s_own_credentials_expect() -> None:
    assert epoch("2026-11-23T02:00:00Z") == 1795399200.0
    parser = PlainParserFactory().create_parser("query")
    shape = botocore.session.Session().get_service_model("sts").operation_model("AssumeRole").output_shape
    body = (
        b"<AssumeRoleResponse><AssumeRoleResult><Credentials><Expiration>2026-11-23T02:00:00Z</Expiration>"
        b"</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
    assert parser.parse(response(200, body), shape)["Credentials"]["Expiration"].timestamp() == 1795399200.0
