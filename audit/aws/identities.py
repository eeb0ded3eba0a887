"""Credentials of each account: the caller's own, or those of the audit role, assumed on demand and renewed in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from botocore.credentials import ReadOnlyCredentials

from audit.aws.failures import CallError

_EARLY = 300.0
"""Seconds before their end at which credentials are renewed, or half their life where that is shorter."""
_REMEMBER_FAILURE = 60.0


@dataclass(frozen=True, slots=True)
class Keys:
    """Temporary credentials, as they travel to a worker process. Never printed: `repr` hides the secrets."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    expires_at: float
    """Epoch seconds; infinity for credentials that do not expire."""


class Identity(Protocol):
    """Signs a request."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """The credentials to sign with now."""
        ...  # pragma: no cover


class RoleIdentity:
    """The audit role in one account. `renew` is called when there are no credentials or they end soon."""

    def __init__(
        self, renew: Callable[[], Keys], keys: Keys | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._renew = renew
        self._clock = clock
        self._lock = threading.Lock()
        self._keys = keys
        self._frozen = _freeze(keys)
        self._renew_at = 0.0 if keys is None else self._due(keys)
        self._failure: CallError | None = None
        self._failed_at = 0.0

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Valid credentials, renewed if need be; CallError where the role cannot be assumed."""
        if self._keys is None or self._clock() > self._renew_at:
            self._refresh()
        assert self._frozen is not None
        return self._frozen

    @property
    def keys(self) -> Keys:
        """The credentials in a form that can be passed to another process."""
        self.get_frozen_credentials()
        assert self._keys is not None
        return self._keys

    def expire(self) -> None:
        """AWS reported these credentials as expired: discard them, whatever expiry time they state."""
        with self._lock:
            self._keys = None

    def _refresh(self) -> None:
        with self._lock:
            now = self._clock()
            if self._keys is not None and now <= self._renew_at:
                return
            if self._failure is not None and now - self._failed_at < _REMEMBER_FAILURE:
                self._use_what_is_left(now, self._failure)
                return
            try:
                self._keys = self._renew()
            except CallError as error:
                self._failure, self._failed_at = error, now
                self._use_what_is_left(now, error)
                return
            self._frozen, self._failure = _freeze(self._keys), None
            self._renew_at = self._due(self._keys)

    def _due(self, keys: Keys) -> float:
        return keys.expires_at - min(_EARLY, (keys.expires_at - self._clock()) / 2)

    def _use_what_is_left(self, now: float, error: CallError) -> None:
        """Credentials that are still valid are used until they expire; only then does a failed renewal count."""
        if self._keys is None or self._keys.expires_at <= now:
            raise error


def _freeze(keys: Keys | None) -> ReadOnlyCredentials | None:
    if keys is None:
        return None
    return ReadOnlyCredentials(keys.access_key, keys.secret_key, keys.token)
