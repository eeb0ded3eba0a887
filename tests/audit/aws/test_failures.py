"""Error codes and exceptions → kinds of gaps."""

import pytest
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from audit.aws.failures import CallError, Failure, failure_of, gap_of
from audit.aws.operations import operation
from checks.model import GapKind


def client_error(code: str, message: str = "", status: int = 400) -> sdk.ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return sdk.ClientError(response, "DescribeRegistry")


SCP = "User: x is not authorized to perform: y with an explicit deny in a service control policy"
PAGE = "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>"


@pytest.mark.parametrize(
    ("code", "message", "status", "kind"),
    [
        ("AccessDeniedException", "not authorized", 400, GapKind.DENIED),
        ("AccessDenied", "", 403, GapKind.DENIED),
        ("UnauthorizedOperation", "", 403, GapKind.DENIED),
        ("AccessDeniedException", SCP, 400, GapKind.DENIED_BY_SCP),
        ("AccessDeniedException", "because no service control policy allows it", 400, GapKind.DENIED_BY_SCP),
        ("AccessDeniedException", "an explicit deny in a resource control policy", 400, GapKind.DENIED),
        ("ThrottlingException", "Rate exceeded", 400, GapKind.THROTTLED),
        ("TooManyRequestsException", "", 429, GapKind.THROTTLED),
        ("SomethingNew", "", 429, GapKind.THROTTLED),
        ("ExpiredTokenException", "", 400, GapKind.CREDENTIALS),
        ("UnrecognizedClientException", "The security token is invalid", 400, GapKind.CREDENTIALS),
        ("RegionDisabledException", "", 403, GapKind.REGION_DISABLED),
        ("OptInRequired", "", 401, GapKind.REGION_DISABLED),
        ("ValidationException", "This feature is disabled", 400, GapKind.FEATURE_DISABLED),
        ("ValidationException", "Operation not supported in this region", 400, GapKind.FEATURE_DISABLED),
        ("ValidationException", "Invalid parameter", 400, GapKind.UNEXPECTED),
        ("UnknownOperationException", "", 400, GapKind.UNKNOWN_OPERATION),
        ("404", "<html><title>Not Found</title>", 404, GapKind.UNKNOWN_OPERATION),
        ("501", "", 501, GapKind.UNKNOWN_OPERATION),
        ("InternalFailure", "The foo action has not been implemented", 500, GapKind.UNEXPECTED),
        ("Whatever", "Not yet implemented", 404, GapKind.UNKNOWN_OPERATION),
        ("RequestTimeout", "", 408, GapKind.TIMED_OUT),
        ("ServerException", "", 500, GapKind.UNEXPECTED),
        ("500", PAGE, 500, GapKind.UNEXPECTED),
    ],
)
def test_answered_errors(code: str, message: str, status: int, kind: GapKind) -> None:
    assert failure_of(client_error(code, message, status)).kind is kind


@pytest.mark.parametrize(
    ("error", "kind", "transient"),
    [
        (sdk.ReadTimeoutError(endpoint_url="http://x"), GapKind.TIMED_OUT, True),
        (sdk.ConnectTimeoutError(endpoint_url="http://x"), GapKind.TIMED_OUT, True),
        (sdk.EndpointConnectionError(endpoint_url="http://x"), GapKind.UNREACHABLE, True),
        (sdk.SSLError(endpoint_url="http://x", error="bad"), GapKind.UNREACHABLE, True),
        (sdk.NoCredentialsError(), GapKind.CREDENTIALS, False),
        (ResponseParserError("garbage"), GapKind.UNEXPECTED, False),
        (KeyError("Account"), GapKind.UNEXPECTED, False),
        (RuntimeError("?"), GapKind.UNEXPECTED, False),
    ],
)
def test_errors_without_an_answer(error: Exception, kind: GapKind, transient: bool) -> None:
    failure = failure_of(error)
    assert (failure.kind, failure.transient) == (kind, transient)


@pytest.mark.parametrize(
    ("code", "status", "transient"),
    [
        ("ServerException", 500, True),
        ("ThrottlingException", 400, True),
        ("AccessDeniedException", 400, False),
        ("InvalidParameterException", 400, False),
        ("Odd", 503, True),
    ],
)
def test_what_is_worth_a_second_request(code: str, status: int, transient: bool) -> None:
    assert failure_of(client_error(code, "", status)).transient is transient


def test_a_page_instead_of_an_answer_is_summed_up_and_not_asked_for_again() -> None:
    failure = failure_of(client_error("500", PAGE, 500))
    assert failure.message == "HTTP 500 with an HTML page instead of an API response: 500 Internal Server Error"
    assert not failure.transient


def test_long_messages_are_cut() -> None:
    assert len(failure_of(client_error("Odd", "x" * 50_000)).message) == 1000


SIGNED = "The request signature we calculated does not match. The Canonical String for this request should have been"
TOKEN = "FwoGZXIvYXdzEBYaDAbc+/=="


@pytest.mark.parametrize(
    "message",
    [
        f"{SIGNED} 'POST\n/\n\nhost:x\nx-amz-security-token:{TOKEN}\n'",
        f"bad header X-Amz-Security-Token: {TOKEN} given",
        f'{{"SecurityToken": "{TOKEN}"}}',
        "The key ASIAABCDEFGHIJKLMNOP is not known",
    ],
)
def test_messages_carry_no_credentials(message: str) -> None:
    for error in (client_error("SignatureDoesNotMatch", message), RuntimeError(message)):
        kept = failure_of(error).message
        assert "FwoG" not in kept
        assert "ABCDEFGH" not in kept
        assert kept


@pytest.mark.parametrize(
    ("kind", "permission"),
    [(GapKind.DENIED, "ecr:GetRegistryPolicy"), (GapKind.DENIED_BY_SCP, ""), (GapKind.THROTTLED, "")],
)
def test_a_gap_names_the_permission_only_where_granting_it_helps(kind: GapKind, permission: str) -> None:
    gap = gap_of(Failure(kind, "Code", "text"), operation("ecr:GetRegistryPolicy"), "111111111111", "eu-west-1", "r")
    assert (gap.permission, gap.operation, gap.resource) == (permission, "ecr:GetRegistryPolicy", "r")
    assert "grants" in gap.tables


def test_a_failure_passes_through() -> None:
    failure = Failure(GapKind.DENIED, "Code", "text")
    assert failure_of(CallError(failure)) is failure
