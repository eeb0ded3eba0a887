"""Compares another IAM policy with the permissions that an audit needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from audit.aws.operations import OPERATIONS, Operation
from audit.iam_policies.managed import PolicySource
from checks.model import Check

PULLS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""Actions that pulling an image needs; an audit does not need them."""
_WAY_IN = ("sts:AssumeRole", "organizations:ListAccounts")
"""Without them only the caller's own account is read."""
_NEEDLESS = "sts:GetCallerIdentity"
"""Allowed regardless of policies (STS API reference, GetCallerIdentity)."""


@dataclass(frozen=True, slots=True)
class BlindCheck:
    """A check without sufficient evidence, with the actions that are missing for it."""

    check: str
    title: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyComparison:
    """Result of the comparison of a policy with the actions of an audit."""

    policy: str
    origin: str
    side: str
    """The permissions that it is compared with: `member` or `management`."""
    allowed: tuple[str, ...]
    missing: tuple[Operation, ...]
    """Operations that the policy does not allow, in the order of the generated policy."""
    undetermined: tuple[Operation, ...]
    """Operations that it allows or denies only for some resources or under conditions."""
    unknown: tuple[BlindCheck, ...]
    """Checks that would be UNKNOWN, in catalog order."""
    conditional: tuple[BlindCheck, ...]
    """Checks that would be UNKNOWN if the undetermined operations are denied."""
    substituted: tuple[BlindCheck, ...]
    """Checks that would use the fallback of a denied operation."""
    pulls: tuple[str, ...]
    """Actions that pull images and that the policy allows."""

    @property
    def only_own_account(self) -> bool:
        """Whether only the caller's own account would be read, so that everything about other accounts is UNKNOWN."""
        return any(one.action in _WAY_IN for one in self.missing)

    def as_document(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "policy": self.policy,
            "origin": self.origin,
            "allowed": list(self.allowed),
            "side": self.side,
            "missing": [one.action for one in self.missing],
            "undetermined": [one.action for one in self.undetermined],
            "checks": {
                name: [{"check": one.check, "actions": list(one.actions)} for one in getattr(self, name)]
                for name in ("unknown", "conditional", "substituted")
            },
            "only_own_account": self.only_own_account,
            "pulls_images": list(self.pulls),
        }


def compare(
    policy: PolicySource, checks: Sequence[Check], side: str, without: Collection[str] = ()
) -> PolicyComparison:
    """Compare *policy* with every operation of *side* except those in *without*, as if it were the caller's only
    policy."""
    wanted = [one for one in OPERATIONS if one.side == side and one.action not in {*without, _NEEDLESS}]
    answers = {one.action: policy.allows(one.action) for one in wanted}
    missing = tuple(one for one in wanted if answers[one.action] is False)
    undetermined = tuple(one for one in wanted if answers[one.action] is None)
    denied = {one.action for one in missing if not one.instead}
    perhaps_denied = {one.action for one in undetermined if not one.instead}
    with_fallback = {one.action for one in (*missing, *undetermined) if one.instead}
    unknown = tuple(_lacking(checks, denied))
    listed = {one.check for one in unknown}
    conditional = tuple(one for one in _lacking(checks, perhaps_denied) if one.check not in listed)
    listed |= {one.check for one in conditional}
    return PolicyComparison(
        policy=policy.name,
        origin=policy.origin,
        side=side,
        allowed=tuple(action for action, allowed in answers.items() if allowed),
        missing=missing,
        undetermined=undetermined,
        unknown=unknown,
        conditional=conditional,
        substituted=tuple(one for one in _lacking(checks, with_fallback) if one.check not in listed),
        pulls=tuple(action for action in PULLS if policy.allows(action) is not False),
    )


def _lacking(checks: Iterable[Check], actions: Collection[str]) -> Iterable[BlindCheck]:
    for check in checks:
        lacked = tuple(action for action in check.permissions if action in actions)
        if lacked:
            yield BlindCheck(check.id, check.title, lacked)
