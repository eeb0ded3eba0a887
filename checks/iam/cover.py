"""Whether one link is granted one more action, for every name under some prefixes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from checks.iam.decide import Clause, Clauses, clauses
from checks.iam.keys import Context
from checks.iam.parse import PolicyProblem, Statement, parse_policy
from checks.iam.prefixes import outcomes
from checks.iam.request import LinkRequest, Registry
from checks.iam.resources import Names, names_of
from checks.iam.ternary import Truth, every


@dataclass(frozen=True, slots=True)
class Cover:
    """Whether an action is allowed for all names."""

    covered: Truth
    uncovered: tuple[str, ...]
    """Prefixes with a name for which it certainly is not."""


def action_cover(policy_text: str, link: LinkRequest, action: str, prefixes: Sequence[str]) -> Cover:
    """Whether the registry policy lets the caller of *link* do *action* on every repository under *prefixes*.

    Only for links between two accounts: within one, no policy is needed. Never raises for any policy.
    """
    decided = _clauses(policy_text, link, action)
    if decided is None:
        return Cover(None, ())
    truths = [(prefix, _allowed(decided, prefix)) for prefix in prefixes]
    return Cover(every(truth for _, truth in truths), tuple(prefix for prefix, truth in truths if truth is False))


@lru_cache(maxsize=1_024)
def _clauses(policy_text: str, link: LinkRequest, action: str) -> Clauses | None:
    policy = parse_policy(policy_text)
    if isinstance(policy, PolicyProblem):
        return None
    found = clauses(policy.near(link.source_account), Context(link.caller, action), link.registry)
    return Clauses(found, (), same_account=False)


def _allowed(decided: Clauses, prefix: str) -> Truth:
    found = outcomes(decided, prefix)
    return every([*(pair[0].gives for pair, _ in found.examples), True if found.complete else None])


def speaks_about(statement: Statement, registry: Registry, context: Context, prefixes: Sequence[str]) -> Truth:
    """Whether the Resource of *statement* takes in some name that begins with one of *prefixes*."""
    names = names_of(statement.resources, registry, context)
    alone = Clauses((Clause("Allow", True, names),), (), same_account=False)
    answers = [outcomes(alone, prefix) for prefix in prefixes]
    met = [pair[0].gives for found in answers for pair, _ in found.examples]
    if any(met):
        return True
    return None if None in met or not all(found.complete for found in answers) else False


def takes_in_all(names: Names, prefix: str) -> Truth:
    """Whether *names* takes in every repository name that begins with *prefix*."""
    return _allowed(Clauses((Clause("Allow", True, names),), (), same_account=False), prefix)
