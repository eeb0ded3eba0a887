"""How each protocol spells the errors that every service has."""

from __future__ import annotations

from ecr_audit.simulator.calls import Call
from ecr_audit.simulator.wire.errors import AwsError

_SPELLINGS = {
    ("UnrecognizedClientException", "query"): ("InvalidClientTokenId", 403),
    ("UnrecognizedClientException", "ec2"): ("AuthFailure", 401),
    ("UnrecognizedClientException", "rest-json"): ("UnrecognizedClientException", 403),
    ("ExpiredTokenException", "query"): ("ExpiredToken", 403),
    ("ExpiredTokenException", "ec2"): ("RequestExpired", 400),
    ("ExpiredTokenException", "rest-json"): ("ExpiredTokenException", 403),
    ("AccessDeniedException", "query"): ("AccessDenied", 403),
    ("AccessDeniedException", "ec2"): ("UnauthorizedOperation", 403),
    ("AccessDeniedException", "rest-json"): ("AccessDeniedException", 403),
    ("ThrottlingException", "query"): ("Throttling", 400),
    ("ThrottlingException", "ec2"): ("RequestLimitExceeded", 503),
    ("ThrottlingException", "rest-json"): ("TooManyRequestsException", 429),
    ("MissingAuthenticationTokenException", "query"): ("MissingAuthenticationToken", 403),
    ("MissingAuthenticationTokenException", "ec2"): ("AuthFailure", 401),
    ("UnknownOperationException", "query"): ("InvalidAction", 400),
    ("UnknownOperationException", "ec2"): ("InvalidAction", 400),
    ("UnknownOperationException", "rest-json"): ("UnknownOperationException", 404),
}
_TOO_MANY = frozenset({"organizations", "service-quotas"})
"""Services of the JSON protocol that call throttling TooManyRequestsException."""


def respelled(error: AwsError, protocol: str, service: str) -> AwsError:
    """*error* with the code and status that *protocol* has for it; errors of one service only stay as they are."""
    if error.code == "ThrottlingException" and service in _TOO_MANY:
        return AwsError("TooManyRequestsException", error.message)
    if (error.code, protocol) not in _SPELLINGS:
        return error
    code, status = _SPELLINGS[error.code, protocol]
    return AwsError(code, error.message, status)


def denied(call: Call, reason: str) -> AwsError:
    """AccessDenied with the text that AWS uses; *reason* is the part after `because`."""
    name = call.parameters.get("repositoryName")
    path = f"repository/{name}" if name else "*"
    resource = f"arn:{call.partition}:ecr:{call.region}:{call.account}:{path}" if call.service == "ecr" else "*"
    return AwsError(
        "AccessDeniedException",
        f"User: {call.caller.arn} is not authorized to perform: {call.action} on resource: {resource} {reason}",
    )
