"""Identifies the caller before anything else: a failure here is reported to the user, not recorded as a gap."""

from __future__ import annotations

import math
from dataclasses import dataclass

import botocore.session
from botocore import exceptions as sdk

from audit.aws.calls import Calls
from audit.aws.failures import CallError, Failure
from audit.aws.identities import Keys
from audit.aws.operations import operation
from audit.aws.sessions import CallCounter, ClientSession
from audit.aws.settings import AwsSettings, AwsSetupError
from checks.model import GapKind


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of the audit."""

    account: str
    partition: str
    home_region: str
    keys: Keys | None
    """Temporary credentials for worker processes; None where these can find them in the same credential chain."""


def open_session(settings: AwsSettings, connections: int) -> ClientSession:
    """A session, or AwsSetupError for a profile or a configuration file that cannot be used."""
    try:
        session = ClientSession(settings, connections=connections)
        _ = session.home_region
    except sdk.ProfileNotFound as error:
        raise AwsSetupError(_no_profile(str(error.kwargs.get("profile")))) from error
    except sdk.ConfigParseError as error:
        raise AwsSetupError(" ".join(f"the AWS configuration file cannot be read: {error}".split())) from error
    except sdk.BotoCoreError as error:
        raise AwsSetupError(f"the AWS SDK cannot be initialized: {error}") from error
    return session


def _no_profile(profile: str) -> str:
    known = ", ".join(botocore.session.Session().available_profiles) or "none"
    return (
        f"AWS profile {profile!r} is not configured. Profiles found: {known}. Use one of them, or run `aws configure`."
    )


def identify(session: ClientSession, calls: Calls, counter: CallCounter) -> Caller:
    """Read the caller's account from STS. Raises AwsSetupError, which says what to do."""
    region = session.home_region
    try:
        answer = calls.call(operation("sts:GetCallerIdentity"), "", region, {}, counter)
    except CallError as error:
        raise AwsSetupError(_advice(session.settings, region, error.failure)) from error
    account, arn = answer.get("Account"), str(answer.get("Arn")).split(":")
    if not account or len(arn) < 6:
        raise AwsSetupError(_not_sts(session.settings))
    return Caller(str(account), arn[1], region, _temporary(session))


def _advice(settings: AwsSettings, region: str, failure: Failure) -> str:
    source = f"profile {settings.profile!r}" if settings.profile else "the default credential chain"
    if failure.code in ("NoCredentialsError", "PartialCredentialsError"):
        return "no AWS credentials found. Pass --profile, sign in (`aws sso login`), or export access keys."
    if failure.expired or "SSO" in failure.code or failure.code == "TokenRetrievalError":
        return f"the credentials of {source} have expired ({failure.code}). Sign in again and rerun."
    if failure.kind is GapKind.CREDENTIALS:
        return f"AWS does not accept the credentials of {source} ({failure.code}: {failure.message}). Check the keys."
    if failure.kind in (GapKind.UNREACHABLE, GapKind.TIMED_OUT):
        where = settings.endpoint_url or f"the STS endpoint of {region}"
        return f"{where} cannot be reached ({failure.code}). Check network, proxy, Region and --endpoint-url."
    if failure.kind is GapKind.REGION_DISABLED:
        return f"Region {region} is not enabled in this account. Choose another one with AWS_REGION."
    if failure.kind in (GapKind.UNEXPECTED, GapKind.UNKNOWN_OPERATION):
        return _not_sts(settings, f" ({failure.code})")
    return f"AWS refused sts:GetCallerIdentity ({failure.code}: {failure.message}). Check the permissions of {source}."


def _not_sts(settings: AwsSettings, code: str = "") -> str:
    where = settings.endpoint_url or "the endpoint"
    return (
        f"{where} does not answer sts:GetCallerIdentity as AWS does{code}. Check --endpoint-url and AWS_ENDPOINT_URL."
    )


def _temporary(session: ClientSession) -> Keys | None:
    """Temporary credentials may have required an MFA code or a browser login: workers reuse them."""
    found = session.caller_credentials()
    expires = getattr(found, "_expiry_time", None)
    if found is None or expires is None:
        return None
    frozen = found.get_frozen_credentials()
    moment = expires.timestamp() if hasattr(expires, "timestamp") else math.inf
    return Keys(frozen.access_key, frozen.secret_key, frozen.token, moment)
