"""One AWS call: its credentials, rate limit and retries, and the failure that is reported when it does not succeed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from audit.aws.failures import CallError, Failure, failure_of
from audit.aws.identities import Identity, Keys, RoleIdentity
from audit.aws.operations import Operation, operation
from audit.aws.sessions import CallCounter, ClientSession
from audit.evidence import CallCounts
from checks.model import GapKind

_DECREASE = 0.7
_SLOWEST = 0.5
_FASTEST = 200.0
_GAIN_PER_SECOND = 2.0


class RateLimit:
    """Rate limit of one (service, account, Region). Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rate: float | None = None
        self._tokens = 0.0
        self._refilled = 0.0
        self._lowered = float("-inf")
        self._window = clock()
        self._sent = 0
        self._previous = 0.0
        self._refused_since: float | None = None

    @property
    def rate(self) -> float | None:
        """Requests per second that are allowed now; None: no limit, because AWS has not throttled any request."""
        return self._rate

    def reserve(self) -> float:
        """Take the next place in the queue; returns the seconds to wait before sending."""
        with self._lock:
            now = self._clock()
            self._measure(now)
            if self._rate is None:
                return 0.0
            self._tokens = min(1.0, self._tokens + (now - self._refilled) * self._rate)
            self._refilled = now
            self._tokens -= 1.0
            return 0.0 if self._tokens >= 0.0 else -self._tokens / self._rate

    def throttled(self) -> None:
        """AWS throttled a request. Several throttled requests of one burst lower the rate once."""
        with self._lock:
            now = self._clock()
            if self._refused_since is None:
                self._refused_since = now
            if now - self._lowered < 1.0:
                return
            measured = max(self._previous, self._sent / max(now - self._window, 0.1))
            self._rate = max(_SLOWEST, _DECREASE * (measured if self._rate is None else self._rate))
            self._tokens, self._refilled, self._lowered = 0.0, now, now

    def answered(self) -> None:
        """A request succeeded: raise the rate a little, and remove the limit once it is far above any known rate."""
        if self._rate is None:
            return
        with self._lock:
            if self._rate is None:
                return
            self._refused_since = None
            self._rate += _GAIN_PER_SECOND / max(self._rate, 1.0)
            if self._rate > _FASTEST:
                self._rate = None

    def refused_for(self) -> float:
        """Seconds since AWS began to throttle every request; 0.0 where the last request succeeded."""
        with self._lock:
            return 0.0 if self._refused_since is None else self._clock() - self._refused_since

    def _measure(self, now: float) -> None:
        elapsed = now - self._window
        if elapsed >= 1.0:
            self._previous = self._sent / elapsed
            self._window, self._sent = now, 0
        self._sent += 1


_TRANSIENT_ATTEMPTS = 3
"""Requests for one call that keeps failing without being throttled: each may cost a whole time-out."""
_LONGEST_PAUSE = 8.0
_ASSUME = operation("sts:AssumeRole")

Answer = dict[str, Any]


class Calls:
    """Sends every AWS call of this process. Safe to share between threads."""

    def __init__(
        self,
        session: ClientSession,
        *,
        caller_account: str = "",
        partition: str = "aws",
        in_flight: int = 32,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        self.session = session
        self.caller_account = caller_account
        self.partition = partition
        self.caller_identity: Identity | None = None
        self._clock = clock
        self._stopped = threading.Event()
        self._pause = pause or self._stopped.wait
        self._slots = threading.BoundedSemaphore(in_flight)
        self._lock = threading.Lock()
        self._limits: dict[tuple[str, str, str], RateLimit] = {}
        self._roles: dict[str, RoleIdentity] = {}
        self._role_counter = CallCounter()

    def call(
        self,
        asked: Operation,
        account: str,
        region: str,
        parameters: Mapping[str, Any],
        counter: CallCounter | None = None,
    ) -> Answer:
        """The answer, or CallError once retries are used up or make no sense. Bounded in attempts and in time."""
        settings = self.session.settings
        identity = self.identity(account)
        limit = self._limit(asked.service, account, region)
        started = self._clock()
        renewed = False
        attempt = 0
        while True:
            attempt += 1
            outcome = self._send(asked, region, parameters, identity, limit, counter)
            if not isinstance(outcome, Failure):
                return outcome
            if outcome.expired and not renewed and isinstance(identity, RoleIdentity):
                identity.expire()
                renewed = True
                continue
            allowed = settings.max_attempts if outcome.throttled else min(settings.max_attempts, _TRANSIENT_ATTEMPTS)
            pause = min(_LONGEST_PAUSE, random.uniform(0.5, 1.0) * 0.25 * 2**attempt)
            # A registry that throttles every request is given up as a whole: its operations do not each wait in turn.
            waited = max(self._clock() - started, limit.refused_for() if outcome.throttled else 0.0)
            late = waited + pause > settings.retry_seconds
            if not outcome.transient or attempt >= allowed or late or self._pause(pause):
                raise CallError(outcome)

    def identity(self, account: str) -> Identity | None:
        """The identity that signs for *account*; None: the credentials that the session finds by itself."""
        if not account or account == self.caller_account:
            return self.caller_identity
        with self._lock:
            if account not in self._roles:
                self._roles[account] = RoleIdentity(lambda: self._assume(account))
            return self._roles[account]

    def adopt(self, account: str, keys: Keys) -> None:
        """Start with credentials of *account* that another process already has; they are renewed here."""
        with self._lock:
            if account not in self._roles and account != self.caller_account:
                self._roles[account] = RoleIdentity(lambda: self._assume(account), keys)

    def role_keys(self, account: str) -> Keys | None:
        """Credentials of the audit role in *account*; None for the caller's own account. CallError where refused."""
        identity = self.identity(account)
        return identity.keys if isinstance(identity, RoleIdentity) and account != self.caller_account else None

    def take_role_counts(self) -> CallCounts:
        """Requests sent to assume roles since the last call of this method."""
        return self._role_counter.take()

    def stop(self) -> None:
        """End every pause at once and send no further request."""
        self._stopped.set()

    def _send(
        self,
        asked: Operation,
        region: str,
        parameters: Mapping[str, Any],
        identity: Identity | None,
        limit: RateLimit,
        counter: CallCounter | None,
    ) -> Answer | Failure:
        if identity is not None:
            identity.get_frozen_credentials()
        wait = limit.reserve()
        if (wait and self._pause(wait)) or self._stopped.is_set():
            return Failure(GapKind.LIMITED, "Stopped", "the run was stopped before this call was made")
        try:
            with self._slots:
                answer = self.session.send(asked, region, parameters, identity, counter)
        except CallError:
            raise  # the account's credentials, not this operation, failed
        except Exception as error:
            # botocore and its parsers raise many types; each becomes an evidence gap.
            failure = failure_of(error)
            if counter is not None:
                counter.failed(asked.action, failure)
            if failure.throttled:
                limit.throttled()
            return failure
        limit.answered()
        return answer

    def _limit(self, service: str, account: str, region: str) -> RateLimit:
        key = (service, account, region)
        limit = self._limits.get(key)
        if limit is None:
            with self._lock:
                limit = self._limits.setdefault(key, RateLimit(self._clock))
        return limit

    def _assume(self, account: str) -> Keys:
        settings = self.session.settings
        parameters = {
            "RoleArn": f"arn:{self.partition}:iam::{account}:role/{settings.role_name}",
            "RoleSessionName": settings.session_name,
            "DurationSeconds": settings.role_seconds,
        }
        if settings.external_id:
            parameters["ExternalId"] = settings.external_id
        try:
            answer = self.call(_ASSUME, "", self.session.home_region, parameters, self._role_counter)
            found = answer["Credentials"]
            end = found["Expiration"].timestamp()
            return Keys(found["AccessKeyId"], found["SecretAccessKey"], found.get("SessionToken"), end)
        except CallError as error:
            raise CallError(_role_failure(error.failure), _ASSUME) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = "the response to AssumeRole has no usable credentials"
            failure = Failure(GapKind.UNEXPECTED, type(error).__name__, message)
            raise CallError(failure, _ASSUME) from error


def _role_failure(failure: Failure) -> Failure:
    """STS answers AccessDenied both for a role that does not exist and for one that does not trust the caller."""
    if failure.kind not in (GapKind.DENIED, GapKind.UNEXPECTED) or failure.transient:
        return failure
    return Failure(GapKind.ROLE_MISSING, failure.code, failure.message)
