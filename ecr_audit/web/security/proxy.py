"""Authentication by a proxy: its headers are trusted only if the request contains the proxy's secret."""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ecr_audit.web.asgi import Scope, headers
from ecr_audit.web.security.roles import Role, User
from schedules.configuration.service import ProxySection
from schedules.deliveries.settings import Secret

SHORTEST_SECRET = 16
EVERYONE = "*"


class NoRoleError(Exception):
    """The proxy authenticated the user, but none of the user's groups has a role."""


class SecretError(Exception):
    """The proxy's secret cannot be read; the message states what to do."""


def secret_of(place: Secret, environment: Mapping[str, str] = os.environ) -> bytes:
    """The secret stored at *place*. Raises SecretError, whose message never contains the secret."""
    where = f"the environment variable {place.env}" if place.env else f"the file {place.file}"
    try:
        text = environment.get(place.env, "") if place.env else Path(str(place.file)).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"the proxy's secret: {where} cannot be read: {type(error).__name__}") from error
    secret = text.removesuffix("\n").removesuffix("\r")
    if len(secret) < SHORTEST_SECRET:
        raise SecretError(
            f"the proxy's secret: {where} has fewer than {SHORTEST_SECRET} characters; use a longer secret"
        )
    return secret.encode()


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy in front of the service."""

    settings: ProxySection
    secret: bytes

    def user(self, scope: Scope) -> User | None:
        """The user that the proxy names; None if the request is not from the proxy. Raises NoRoleError."""
        said = [value.encode("latin-1") for value in headers(scope, self.settings.secret_header.lower())]
        # Compared in any case, so that the response time does not reveal whether the header was present.
        if not hmac.compare_digest(said[0] if len(said) == 1 else b"", self.secret):
            return None
        names = list(headers(scope, self.settings.user_header.lower()))
        # Two headers mean that the proxy added its own and passed on the client's: they cannot be distinguished.
        if len(names) != 1 or not names[0].strip():
            return None
        role = self._role(frozenset(self._groups(scope)))
        if role is None:
            raise NoRoleError(
                "the proxy authenticated you, but none of your groups has a role here; ask the administrator"
            )
        return User(_utf8(names[0].strip())[:200], role)

    def _groups(self, scope: Scope) -> list[str]:
        said = list(headers(scope, self.settings.groups_header.lower()))
        if len(said) != 1:
            return []
        return [_utf8(group.strip()) for group in said[0].split(",") if group.strip()]

    def _role(self, groups: frozenset[str]) -> Role | None:
        """The highest role that any of the groups grants."""
        given = {Role.ADMIN: self.settings.admin, Role.RUN: self.settings.run, Role.READ: self.settings.read}
        for role, wanted in given.items():
            if EVERYONE in wanted or groups & (set(wanted) - {EVERYONE}):
                return role
        return None


def _utf8(text: str) -> str:
    """Headers arrive as bytes; proxies write names in UTF-8."""
    return text.encode("latin-1").decode("utf-8", "replace")
