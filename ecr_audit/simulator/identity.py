"""Access keys. The key of an account's own user spells the account; AssumeRole hands out session keys."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from ecr_audit.simulator.calls import Caller
from ecr_audit.simulator.wire.errors import AwsError

SECRET = "simulated/secret/not/a/credential/0000000"
"""The secret of every key. Signatures are not verified: the server listens on loopback only."""

_LONG_TERM = re.compile(r"AKIASIMU(\d{12})")


def access_key(account: str) -> str:
    """The access key id of *account*'s own user."""
    return f"AKIASIMU{account}"


def _long_term_caller(account: str) -> Caller:
    return Caller(account, f"arn:aws:iam::{account}:user/simulated-user", f"AIDASIMU{account}")


@dataclass(frozen=True, slots=True)
class RoleSession:
    """A session of AssumeRole. `expires_at` is epoch seconds of the machine's clock, as the SDKs compare it."""

    caller: Caller
    token: str
    expires_at: float


class Sessions:
    """The sessions of one simulation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str, RoleSession] = {}

    def issue(self, account: str, role: str, name: str, partition: str, expires_at: float) -> tuple[str, RoleSession]:
        """A new session of *role*: access key id and session."""
        arn = f"arn:{partition}:sts::{account}:assumed-role/{role}/{name}"
        with self._lock:
            number = len(self._sessions) + 1
            key = f"ASIASIMU{number:012d}"
            session = RoleSession(
                Caller(account, arn, f"AROASIMU{account}:{name}"), f"simulated-token-{number}", expires_at
            )
            self._sessions[key] = session
        return key, session

    def caller(self, key: str, token: str, now: float) -> Caller:
        """The caller of *key*. Raises AwsError with the code of the JSON protocols."""
        found = _LONG_TERM.fullmatch(key)
        if found:
            return _long_term_caller(found[1])
        session = self._sessions.get(key)
        if session is None or session.token != token:
            raise invalid_token()
        if now >= session.expires_at:
            raise expired_token()
        return session.caller


def invalid_token() -> AwsError:
    """Unknown keys, and any keys in a Region that their account did not enable."""
    return AwsError("UnrecognizedClientException", "The security token included in the request is invalid.")


def expired_token() -> AwsError:
    """Session keys past their time."""
    return AwsError("ExpiredTokenException", "The security token included in the request is expired")
