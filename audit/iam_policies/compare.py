"""What an audit would miss with the rights of another policy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from audit.aws.operations import OPERATIONS, Operation
from audit.iam_policies.managed import PolicySource
from checks.model import Check

PULLS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""What pulling an image needs, and no audit."""
_WAY_IN = ("sts:AssumeRole", "organizations:ListAccounts")
"""Without them no account but the caller's own is read."""
_NEEDLESS = "sts:GetCallerIdentity"
"""Answered whatever policies say (STS API reference, GetCallerIdentity)."""


@dataclass(frozen=True, slots=True)
class BlindCheck:
    """A check that lacks evidence, with the actions whose answers it lacks."""

    check: str
    title: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyComparison:
    """A policy against what the audit reads."""

    policy: str
    origin: str
    side: str
    """Whose rights it is held against: `member` or `management`."""
    allowed: tuple[str, ...]
    missing: tuple[Operation, ...]
    """Operations that the policy does not allow, in the order of the generated policy."""
    undecidable: tuple[Operation, ...]
    """Operations that it allows or denies for some resources only, or under conditions."""
    unknown: tuple[BlindCheck, ...]
    """Checks that would be UNKNOWN, in catalogue order."""
    unsure: tuple[BlindCheck, ...]
    """Checks that would be UNKNOWN if the undecidable operations are refused."""
    substituted: tuple[BlindCheck, ...]
    """Checks that would go by what stands in for a refused read."""
    pulls: tuple[str, ...]
    """Actions that pull images, where the policy allows them."""

    @property
    def only_own_account(self) -> bool:
        """Whether no account but the caller's own would be read, so that whatever concerns another is UNKNOWN."""
        return any(one.action in _WAY_IN for one in self.missing)

    def as_document(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "policy": self.policy,
            "origin": self.origin,
            "allowed": list(self.allowed),
            "side": self.side,
            "missing": [one.action for one in self.missing],
            "undecidable": [one.action for one in self.undecidable],
            "checks": {
                name: [{"check": one.check, "actions": list(one.actions)} for one in getattr(self, name)]
                for name in ("unknown", "unsure", "substituted")
            },
            "only_own_account": self.only_own_account,
            "pulls_images": list(self.pulls),
        }


def compare(
    policy: PolicySource, checks: Sequence[Check], side: str, without: Collection[str] = ()
) -> PolicyComparison:
    """Hold *policy* against every operation of *side* but those in *without*, as if it were all that is allowed."""
    wanted = [one for one in OPERATIONS if one.side == side and one.action not in {*without, _NEEDLESS}]
    answers = {one.action: policy.allows(one.action) for one in wanted}
    missing = tuple(one for one in wanted if answers[one.action] is False)
    undecidable = tuple(one for one in wanted if answers[one.action] is None)
    blind = {one.action for one in missing if not one.instead}
    dim = {one.action for one in undecidable if not one.instead}
    softened = {one.action for one in (*missing, *undecidable) if one.instead}
    unknown = tuple(_lacking(checks, blind))
    worse = {one.check for one in unknown}
    unsure = tuple(one for one in _lacking(checks, dim) if one.check not in worse)
    worse |= {one.check for one in unsure}
    return PolicyComparison(
        policy=policy.name,
        origin=policy.origin,
        side=side,
        allowed=tuple(action for action, allowed in answers.items() if allowed),
        missing=missing,
        undecidable=undecidable,
        unknown=unknown,
        unsure=unsure,
        substituted=tuple(one for one in _lacking(checks, softened) if one.check not in worse),
        pulls=tuple(action for action in PULLS if policy.allows(action) is not False),
    )


def _lacking(checks: Iterable[Check], actions: Collection[str]) -> Iterable[BlindCheck]:
    for check in checks:
        lacked = tuple(action for action in check.permissions if action in actions)
        if lacked:
            yield BlindCheck(check.id, check.title, lacked)
