"""Who else may use a replica: the access that repository and registry policies allow, principal by principal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from tests.oracle.facts import Place, World
from tests.oracle.grants import repository
from tests.oracle.links import Link, said
from tests.oracle.policies import (
    ECR_ACTIONS,
    OURS,
    Answer,
    Caller,
    all_of,
    allowed,
    any_of,
    entries,
    has_action,
    has_resource,
    statements,
)

READ = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PUSH = (
    "ecr:PutImage",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImageTagMutability",
    "ecr:SetRepositoryPolicy",
)
DELETE = (
    "ecr:DeleteRepository",
    "ecr:BatchDeleteImage",
    "ecr:PutLifecyclePolicy",
    "ecr:UpdateImageStorageClass",
    "ecr:DeleteRepositoryPolicy",
)
Policy = list[dict[str, Any]]
Policies = Sequence[Policy] | None
"""What a policy may be; None: not read."""


class Access:
    """Policies and principals of one world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def callers(self, policies: Iterable[Policy]) -> list[Caller]:
        """A role of every account, every principal that is named, and strangers of every organization that is."""
        world, arns, organizations = self.world, set(), set()
        accounts = set(world.accounts)
        for one in [one for policy in policies for one in policy]:
            for kind, value in entries(one):
                if kind == "account":
                    accounts.add(value)
                elif kind == "principal":
                    arns.add(value)
            text = json.dumps(one.get("Condition", {}))
            organizations |= {word for word in text.split('"') if word.startswith("o-")}
        arns |= {f"arn:aws:iam::{account}:role/someone" for account in accounts}
        known = [world.caller(arn.split(":")[4], arn) for arn in sorted(arns)]
        return [*known, *world.strangers({one.partition("/")[0] for one in organizations})]

    def registry_policy(self, place: Place) -> list[Policy] | None:
        """What the registry policy may be for other actions than replication's: in scope V1 it is about no other."""
        text = self.world.policy(place)
        if text is None:
            return None
        if not text or not self.world.readable(place, "ecr:GetAccountSetting"):
            return [[], statements(text)]
        scope = self.world.registry(place).get("settings", {}).get("REGISTRY_POLICY_SCOPE", "V2")
        return [[] if scope == "V1" else statements(text)]

    def repository_policy(self, place: Place, name: str) -> list[Policy] | None:
        names = self.world.repositories(place)
        if names is None or name not in names or not self.world.readable(place, "ecr:GetRepositoryPolicy", name):
            return None
        return [statements(str(names[name].get("policy", "")))]


def who_may(
    access: Access, policies: list[Policies], actions: Iterable[str], arn: str, denying: Policies = ()
) -> dict[Caller, Answer]:
    """Caller → whether *policies* allow one of *actions*, and no Deny of *denying* is in the way.

    Each is a list of what it may be; None: it was not read, and may allow or deny anything.
    """
    stated = [one for policy in (*policies, denying) for each in policy or () for one in each]
    return {caller: _may(policies, list(actions), arn, denying, caller) for caller in access.callers([stated])}


def _may(policies: list[Policies], actions: list[str], arn: str, denying: Policies, caller: Caller) -> Answer:
    if None in policies:
        return None
    known = [[[]] if policy is None else policy for policy in policies]
    blocking = [[one for one in each if one["Effect"] == "Deny"] for each in denying or ()] or [[]]
    answers = {
        any_of(allowed(chosen, action, arn, caller) for action in actions) for chosen in product(*known, blocking)
    }
    answer = answers.pop() if len(answers) == 1 else None
    return None if denying is None and answer else answer


def exposures(access: Access, link: Link, name: str, there: Answer, by_baseline: str | None) -> dict[str, str]:
    """The four checks of one replica."""
    place, world = link.destination, access.world
    arn = repository(place, name)
    own, registry = access.repository_policy(place, name), access.registry_policy(place)
    owner = place[0]
    every = [f"ecr:{one}" for one in ECR_ACTIONS]
    public = [
        answer for caller, answer in who_may(access, [own], every, arn, registry).items() if _outside(world, caller)
    ]
    both = [own, registry]
    pushing, deleting = (
        [answer for caller, answer in who_may(access, both, actions, arn).items() if caller.account != owner]
        for actions in (PUSH, DELETE)
    )
    return {
        "exposure.not-public": said(_none(public), when=there),
        "exposure.not-writable": said(_none(pushing), when=there),
        "exposure.not-deletable": said(_none(deleting), when=there),
        "exposure.not-wider-than-source": said(_not_wider(access, link, name, by_baseline), when=there),
    }


def _outside(world: World, caller: Caller) -> bool:
    return caller.organization != OURS and caller.account not in world.partners


def _none(answers: Iterable[Answer]) -> Answer:
    found = any_of(answers)
    return None if found is None else not found


def _not_wider(access: Access, link: Link, name: str, by_baseline: str | None) -> Answer:
    source, place = link.source, link.destination
    own, registry = access.repository_policy(place, name), access.registry_policy(place)
    here, at_source = access.repository_policy(source, name), access.registry_policy(source)
    arn, original = repository(place, name), repository(source, name)
    if own is None or registry is None:
        return None
    answers: list[Answer] = []
    for action in READ:
        for caller, answer in who_may(access, [own, registry], [action], arn).items():
            if answer is False or caller.account in (source[0], place[0]):
                continue
            same = _may([here, at_source], [action], original, (), caller)
            wanted = None if by_baseline is None else _may([[statements(by_baseline)]], [action], arn, (), caller)
            answers.append(any_of((same, wanted, None if answer is None else False)))
    if all_of(answers) is None and own == here:
        # Whatever the same policy says, it says of both, unless a registry adds something.
        return True if silent(registry, arn) and silent(at_source, original) else None
    return all_of(answers)


def silent(policies: Policies, arn: str) -> bool:
    """Whether a registry policy says nothing about the repository but what it says about replication."""
    return policies is not None and not any(
        has_action(one, action) and has_resource(one, arn) is not False
        for policy in policies
        for one in policy
        for action in (*READ, *PUSH, *DELETE)
    )


def exposed_template(access: Access, place: Place, template: dict[str, Any]) -> Answer:
    """Whether the repository policy of a creation template is closed; a Deny of the registry policy counts."""
    prefix = "" if template["prefix"] == "ROOT" else f"{template['prefix']}/"
    arn = repository(place, f"{prefix}q7")
    own = [statements(str(template.get("repositoryPolicy", "")))]
    every = [f"ecr:{one}" for one in ECR_ACTIONS]
    registry = access.registry_policy(place)
    public = [a for c, a in who_may(access, [own], every, arn, registry).items() if _outside(access.world, c)]
    writing = [a for c, a in who_may(access, [own], (*PUSH, *DELETE), arn, registry).items() if c.account != place[0]]
    return _none([*public, *writing])
