"""What one statement is evaluated against, and the replications that it may apply to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from checks.iam.condition_keys import Context
from checks.iam.grantees import Grantees
from checks.iam.parse import Statement
from checks.iam.request import REPLICATE, Caller, Registry


@dataclass(frozen=True, slots=True)
class Setting:
    """What a statement is evaluated against."""

    registry: Registry
    organization: Collection[str] | None
    organization_id: str | None
    partners: Collection[str]
    allowed_actions: tuple[str, ...]
    policy_scope: str | None
    time: float | None

    def caller(self, account: str | None) -> Caller:
        """Replication from *account*; None: from an account that no policy names, outside the organization."""
        partition = self.registry.partition
        if self.organization is None:
            return Caller(account, partition, None, None)
        if account is None or account not in self.organization:
            return Caller(account, partition, None, None, outside=self.organization_id or "")
        path = self.organization[account] if isinstance(self.organization, Mapping) else None
        return Caller(account, partition, self.organization_id, path)

    def context(self, caller: Caller, action: str = REPLICATE) -> Context:
        """The request of *caller* for *action*."""
        return Context(caller, action, time=self.time)


_BY_ACCOUNT = ("aws:principalaccount", "aws:principalarn")


def callers(statement: Statement, named: Grantees, setting: Setting) -> Iterator[Caller]:
    """Replications that the statement may apply to, one of each kind that its conditions distinguish; at least one."""
    own = setting.registry.account
    accounts = sorted(named.accounts - {own})
    yield from (setting.caller(account) for account in accounts)
    members = tuple(_members(statement, setting)) if named.everyone or named.organizations else ()
    yield from members
    # An account that is not known stands for the members of an organization of which none is known.
    for one in sorted(named.organizations - ({setting.organization_id} if members else set())):
        yield Caller(None, setting.registry.partition, one, None)
    if named.everyone or not (accounts or named.organizations):
        yield setting.caller(None)


def _members(statement: Statement, setting: Setting) -> Iterator[Caller]:
    """Members of the organization: all of them where a condition names accounts, else one for each path."""
    each = any(one.key.lower() in _BY_ACCOUNT for one in statement.conditions)
    seen: set[str | None] = set()
    for account in sorted(setting.organization or ()):
        caller = setting.caller(account)
        if account != setting.registry.account and (each or caller.organization_path not in seen):
            seen.add(caller.organization_path)
            yield caller
