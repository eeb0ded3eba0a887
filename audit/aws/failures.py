"""Why a call failed: botocore's exceptions and error codes → a typed failure, in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from audit.aws.operations import Operation
from checks.model import Gap, GapKind

THROTTLING = frozenset(
    {
        "BandwidthLimitExceeded", "EC2ThrottledException", "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
        "RequestThrottledException",
        "SlowDown", "ThrottledException", "Throttling", "ThrottlingException", "ThrottleException",
        "TooManyRequestsException", "TooManyRequests", "429",
    }
)  # fmt: skip
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
_CREDENTIALS = _EXPIRED | {
    "AuthFailure", "IncompleteSignature", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException",
    "InvalidToken", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}  # fmt: skip
_DENIED = frozenset(
    {
        "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "Forbidden",
        "403", "NotAuthorized", "UnauthorizedException", "UnauthorizedOperation", "AccountAccessDeniedException",
    }
)  # fmt: skip
_REGION = frozenset({"RegionDisabledException", "OptInRequired", "RegionNotEnabledException"})
_INACTIVE = frozenset({"AccountSuspended", "AccountSuspendedException", "AccountNotActiveException"})
_UNKNOWN = frozenset(
    {
        "InvalidAction", "NotImplemented", "NotImplementedError", "UnknownOperation", "UnknownOperationException",
        "UnsupportedOperation", "UnsupportedOperationException", "404", "405", "501",
    }
)  # fmt: skip
_TIMED_OUT = frozenset({"RequestTimeout", "RequestTimeoutException", "408", "504"})
_SERVER = frozenset(
    {
        "InternalError", "InternalFailure", "InternalServerError", "InternalServerException", "KMSInternalException",
        "DependencyTimeoutException", "ServerException", "ServiceException", "ServiceFailure",
        "ServiceFailureException", "ServiceUnavailable", "ServiceUnavailableException", "Unavailable",
        "500", "502", "503",
    }
)  # fmt: skip

_FEATURE = re.compile(r"feature (is|has been) (disabled|not)|not (supported|available) in this region", re.IGNORECASE)
_SCP = re.compile(r"service control policy", re.IGNORECASE)
_REGION_TEXT = re.compile(r"region .{0,40}(is not enabled|is disabled|not opted)", re.IGNORECASE)
_PAGE = re.compile(r"\s*<(!doctype|html)", re.IGNORECASE)
_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_LACKING = re.compile(r"not (yet )?implemented", re.IGNORECASE)
_SIGNED = re.compile(r"The Canonical String.*", re.DOTALL)
_TOKEN = re.compile(r"(security-?token[\"']?\s*[:=]\s*)[\"']?[\w+/=%-]+", re.IGNORECASE)
_KEY_ID = re.compile(r"\b(A[KS]IA)[A-Z0-9]{8,}\b")
_MESSAGE_LIMIT = 1000


_NO_CREDENTIALS = (
    sdk.NoCredentialsError, sdk.PartialCredentialsError, sdk.CredentialRetrievalError, sdk.SSOError,
    sdk.TokenRetrievalError, sdk.NoAuthTokenError, sdk.UnauthorizedSSOTokenError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed call, and why it failed."""

    kind: GapKind
    code: str
    message: str
    throttled: bool = False
    """Whether AWS throttled the request: the rate limit is lowered."""
    transient: bool = False
    """Whether the same request may succeed when it is retried."""
    expired: bool = False
    """Whether renewed credentials may help."""


class CallError(Exception):
    """A call failed after its last retry, or with an error that a retry cannot fix."""

    def __init__(self, failure: Failure, operation: Operation | None = None) -> None:
        super().__init__(f"{failure.code}: {failure.message}")
        self.failure = failure
        self.operation = operation
        """The operation that failed, where it is not the one that was asked for (assuming the account's role)."""


def failure_of(error: Exception) -> Failure:
    """Classify what a botocore client raised. Never raises; an unlisted error is UNEXPECTED and keeps its text."""
    if isinstance(error, CallError):
        return error.failure
    if isinstance(error, sdk.ClientError):
        return _answered(error)
    return _unanswered(error)


def _answered(error: sdk.ClientError) -> Failure:
    details = error.response.get("Error", {})
    code = str(details.get("Code") or "")
    message = _without_secrets(str(details.get("Message") or ""))[:_MESSAGE_LIMIT]
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    page = _PAGE.match(message) is not None
    if page:
        message = _page_text(message, status)
    kind = _kind(code, message, status)
    # An endpoint that answers 500 with an HTML page is an emulator with an error, and will fail again.
    server_side = kind is GapKind.UNEXPECTED and (code in _SERVER or status >= 500) and not (page and status == 500)
    return Failure(
        kind=kind,
        code=code or str(status),
        message=message,
        throttled=kind is GapKind.THROTTLED,
        transient=kind in (GapKind.THROTTLED, GapKind.TIMED_OUT) or server_side,
        expired=code in _EXPIRED,
    )


def _without_secrets(message: str) -> str:
    """Error messages about a rejected signature quote the signed request, including its session token."""
    return _KEY_ID.sub(r"\1…", _TOKEN.sub(r"\1…", _SIGNED.sub("", message))).strip()


def _page_text(page: str, status: int) -> str:
    title = _TITLE.search(page)
    return f"HTTP {status} with an HTML page instead of an API response" + (f": {title[1].strip()}" if title else "")


def _kind(code: str, message: str, status: int) -> GapKind:
    if code in THROTTLING or status == 429:
        return GapKind.THROTTLED
    if code in _REGION or (code in _CREDENTIALS | _DENIED and _REGION_TEXT.search(message)):
        return GapKind.REGION_DISABLED
    if code in _INACTIVE:
        return GapKind.ACCOUNT_INACTIVE
    if code in _CREDENTIALS:
        return GapKind.CREDENTIALS
    if code in _DENIED:
        return GapKind.DENIED_BY_SCP if _SCP.search(message) else GapKind.DENIED
    if _FEATURE.search(message):
        return GapKind.FEATURE_DISABLED
    # An emulator that lacks an operation answers 404 or 501 with an HTML page instead of a service's error code.
    if code in _UNKNOWN or status == 501 or _LACKING.search(message):
        return GapKind.UNKNOWN_OPERATION
    if code in _TIMED_OUT:
        return GapKind.TIMED_OUT
    return GapKind.UNEXPECTED


def _unanswered(error: Exception) -> Failure:
    code = type(error).__name__
    message = _without_secrets(str(error))[:_MESSAGE_LIMIT]
    if isinstance(error, (sdk.ReadTimeoutError, sdk.ConnectTimeoutError)):
        return Failure(GapKind.TIMED_OUT, code, message, transient=True)
    if isinstance(error, _NO_CREDENTIALS):
        return Failure(GapKind.CREDENTIALS, code, message)
    if isinstance(error, (sdk.ConnectionError, sdk.HTTPClientError)):
        return Failure(GapKind.UNREACHABLE, code, message, transient=True)
    if isinstance(error, (sdk.UnknownServiceError, sdk.NoRegionError, sdk.EndpointProviderError)):
        return Failure(GapKind.UNKNOWN_OPERATION, code, message)
    if isinstance(error, (ResponseParserError, ValueError, KeyError, TypeError, AttributeError)):
        # botocore's parsers fail in many ways on a body that is not of the service's protocol.
        return Failure(GapKind.UNEXPECTED, code, f"the response could not be parsed: {message}"[:_MESSAGE_LIMIT])
    return Failure(GapKind.UNEXPECTED, code, message)


def gap_of(failure: Failure, operation: Operation, account: str, region: str, resource: str = "") -> Gap:
    """The evidence gap that *failure* leaves. It names a permission only where granting it would close the gap."""
    return Gap(
        account=account,
        region=region,
        operation=operation.action,
        kind=failure.kind,
        code=failure.code,
        message=failure.message,
        tables=operation.tables,
        resource=resource,
        permission=operation.action if failure.kind is GapKind.DENIED else "",
    )
