"""How to access AWS: credentials, role and endpoint. Plain picklable values without secrets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """AWS settings of a run."""

    profile: str | None = None
    """Named profile of the shared configuration; None: the SDK's default credential chain."""
    role_name: str = "ecr-audit"
    """Role assumed in every account but the caller's own. A path may precede the name (`audit/ecr-audit`)."""
    external_id: str | None = None
    """Passed to AssumeRole when set."""
    session_name: str = "ecr-audit"
    """Role session name: how the audit appears in CloudTrail. 2..64 characters."""
    endpoint_url: str | None = None
    """One endpoint for every service (an emulator); None: AWS, or what AWS_ENDPOINT_URL says."""
    home_region: str | None = None
    """Region for the calls of global services; None: the profile's, else us-east-1."""
    role_seconds: int = 3600
    """Requested session duration of assumed roles; role chaining allows no more than one hour."""
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
        """What two collections must share to read the same AWS with the same permissions: part of the key for
        `--resume`."""
        return (
            self.profile or "",
            self.role_name,
            self.external_id or "",
            self.endpoint_url or "",
            self.home_region or "",
        )


class AwsSetupError(Exception):
    """The audit cannot start because of credentials, profile, endpoint or scope. The message says what to do, without
    secrets."""


class ScopeError(AwsSetupError):
    """The scope names something that does not exist, or contains nothing: a retry will not help."""
