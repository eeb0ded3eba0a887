"""How to reach AWS: which credentials, which role, which endpoint. Plain values, picklable, no secret in them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """What a run was told about AWS."""

    profile: str | None = None
    """Named profile of the shared configuration; None: the usual chain of the SDK."""
    role_name: str = "ecr-audit"
    """Role assumed in every account but the caller's own. A path may precede the name (`audit/ecr-audit`)."""
    external_id: str | None = None
    """Passed to AssumeRole when set."""
    session_name: str = "ecr-audit"
    """Role session name: how the audit appears in CloudTrail. 2..64 characters."""
    endpoint_url: str | None = None
    """One endpoint for every service (an emulator); None: AWS, or what AWS_ENDPOINT_URL says."""
    home_region: str | None = None
    """Region for the calls that belong to no Region; None: the profile's, else us-east-1."""
    role_seconds: int = 3600
    """Asked life of assumed credentials; role chaining allows no more than an hour."""
    connect_timeout: float = 5.0
    """Seconds until an unanswered connection counts as timed out."""
    read_timeout: float = 20.0
    """Seconds without a byte until a call counts as timed out."""
    max_attempts: int = 6
    """Requests sent for one call, the first included."""
    retry_seconds: float = 45.0
    """No retry begins later than this after the call's first request, nor after a registry began to throttle every
    request."""

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes two collections ask the same AWS with the same rights: part of the key of an interrupted one."""
        return (
            self.profile or "",
            self.role_name,
            self.external_id or "",
            self.endpoint_url or "",
            self.home_region or "",
        )


class AwsSetupError(Exception):
    """The audit cannot begin: credentials, profile, endpoint or scope. The message says what to do; no secret in it."""


class ScopeError(AwsSetupError):
    """The scope names what does not exist, or holds nothing: asking again will not help."""
