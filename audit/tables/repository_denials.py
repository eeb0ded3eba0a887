"""Denials of replication in the policies of single repositories at the destination.

ecr:ReplicateImage acts on a repository, so that the repository's own policy may be heeded; no documentation of AWS says
whether it is. Such a Deny is therefore a doubt, and never a verdict.
"""

from __future__ import annotations

from functools import lru_cache

from audit.tables.link_names import Link, LinkNames
from checks.iam import PolicyProblem, parse_policy
from checks.iam.decide import weight
from checks.iam.keys import Context
from checks.iam.request import REPLICATE, Caller


def repository_denials(names: LinkNames, link: Link, caller: Caller) -> list[str]:
    """Repositories at the destination of *link* whose own policy perhaps denies replication by *caller*."""
    found: list[str] = []
    for text, repositories in names.policies_at_destination(link).items():
        if _may_deny(text, caller):
            found += repositories
    return sorted(found)


def told_denials(repositories: list[str]) -> str:
    """What is open about *repositories*, of which there is at least one, as a clause."""
    more = f" and {len(repositories) - 3} others" if len(repositories) > 3 else ""
    return (
        f"the own policy of {', '.join(repositories[:3])}{more} has a Deny that replication may meet, "
        "and AWS does not document whether it is heeded"
    )


@lru_cache(maxsize=8_192)
def _may_deny(text: str, caller: Caller) -> bool:
    if "Deny" not in text:
        return False
    policy = parse_policy(text)
    if isinstance(policy, PolicyProblem):
        return False
    context = Context(caller, REPLICATE)
    return any(one.effect == "Deny" and weight(one, context) is not False for one in policy.statements)
