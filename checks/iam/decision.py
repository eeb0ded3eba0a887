"""The decision: which statements match a replication, and the result.

A matching Deny overrides everything; else one matching Allow is enough (IAM user guide,
reference_policies_evaluation-logic.html). What is unknown counts as *maybe*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from checks.iam.condition_keys import Context
from checks.iam.conditions import holds
from checks.iam.parse import PolicyProblem, Statement, parse_policy
from checks.iam.request import CREATE, REPLICATE, GrantVerdict, LinkRequest, Registry
from checks.iam.resources import Names, names_of
from checks.iam.three_valued import Truth, every, inverted, some

Decisions = tuple[GrantVerdict, GrantVerdict]
"""About ecr:ReplicateImage and ecr:CreateRepository."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A statement reduced to one caller and one action: only the repository is still open."""

    effect: str
    """`Allow`, `Deny`, or empty where it is unknown."""
    weight: Truth
    """True, or None where it is unknown whether caller, action and conditions match. Never False."""
    names: Names

    def meets(self, name: str) -> Truth:
        """Whether the statement matches for the repository *name*."""
        return every((self.weight, self.names.include(name)))


@dataclass(frozen=True, slots=True)
class Clauses:
    """The clauses of both actions of a replication; order does not matter, so that equal ones are held once."""

    replicate: tuple[Clause, ...]
    create: tuple[Clause, ...]
    same_account: bool

    def decide(self, name: str) -> Decisions:
        """The decisions about ecr:ReplicateImage and ecr:CreateRepository for the repository *name*."""
        return (
            decision(((one.effect, one.meets(name)) for one in self.replicate), same_account=self.same_account),
            decision(((one.effect, one.meets(name)) for one in self.create), same_account=self.same_account),
        )


_EVERYTHING = Clause("Allow", True, Names((), negated=True))
"""Allows every repository: a NotResource without entries."""


def denials(clauses: Clauses) -> Clauses | None:
    """The Deny statements about ecr:ReplicateImage beside an Allow of everything; None: there are none.

    A name is then DENIED_EXPLICIT, INDETERMINATE or ALLOWED as far as denials go, whatever is allowed. A statement of
    unknown effect may be a Deny.
    """
    denying = tuple(one for one in clauses.replicate if one.effect != "Allow")
    return Clauses((_EVERYTHING, *denying), (), same_account=False) if denying else None


def decision(matches: Iterable[tuple[str, Truth]], *, same_account: bool) -> GrantVerdict:
    """The decision about one action from (effect, whether the statement matches) of each statement."""
    denied: Truth = False
    allowed: Truth = False
    for effect, match in matches:
        if match is False:
            continue
        if effect != "Allow":
            denied = some((denied, match if effect else None))
        if effect != "Deny":
            allowed = some((allowed, match if effect else None))
    if same_account:
        # No policy is needed within an account; the effect of a Deny there is not documented.
        return GrantVerdict.ALLOWED if denied is False else GrantVerdict.INDETERMINATE
    if denied:
        return GrantVerdict.DENIED_EXPLICIT
    if allowed is False:
        return GrantVerdict.DENIED_IMPLICIT
    return GrantVerdict.ALLOWED if allowed and denied is False else GrantVerdict.INDETERMINATE


def verdict_of(replicate: GrantVerdict, create: GrantVerdict, *, exists: bool | None) -> GrantVerdict:
    """The verdict about a repository from the decisions about both actions.

    *exists*: whether the repository is at the destination already, so that creating it does not matter.
    """
    if replicate is not GrantVerdict.ALLOWED or exists:
        return replicate
    if create in (GrantVerdict.ALLOWED, GrantVerdict.INDETERMINATE):
        return create
    return GrantVerdict.ALLOWED_IF_REPOSITORY_EXISTS


def action_match(statement: Statement, action: str) -> Truth:
    """Whether Action or NotAction matches *action*; actions ignore case."""
    actions = statement.actions
    folded = action.lower()
    truths: list[Truth] = [glob.matches(folded) for glob in actions.globs]
    if actions.problems:
        truths.append(None)
    hit = some(truths)
    return inverted(hit) if actions.negated else hit


def weight(statement: Statement, context: Context) -> Truth:
    """Whether caller, action and conditions of *statement* match, whatever the repository."""
    certain = None if not statement.judgeable else True
    action = action_match(statement, context.action)
    if action is False:
        return False
    principal = statement.principals.matches(context.caller, statement.effect)
    if principal is False:
        return False
    return every((certain, action, principal, holds(statement.conditions, context)))


@lru_cache(maxsize=64)
def decider(clauses: Clauses) -> Callable[[str], Decisions]:
    """`clauses.decide`, cached: links of one shape need the same names again and again."""
    return lru_cache(maxsize=16_384)(clauses.decide)


@lru_cache(maxsize=4_096)
def clauses_of(text: str, request: LinkRequest) -> Clauses | PolicyProblem:
    """The clauses of the policy *text* for the replications of one link. Keyed by text, whose hash is computed once."""
    policy = parse_policy(text)
    if isinstance(policy, PolicyProblem):
        return policy
    caller, registry = request.caller, request.registry
    near = policy.near(request.source_account)
    return Clauses(
        clauses(near, Context(caller, REPLICATE, time=request.time), registry),
        clauses(near, Context(caller, CREATE, time=request.time), registry),
        request.same_account,
    )


def clauses(statements: Sequence[Statement], context: Context, registry: Registry) -> tuple[Clause, ...]:
    """The statements that could match in *context*, each reduced to the repositories of its Resource."""
    found: dict[Clause, None] = {}
    for statement in statements:
        weighed = weight(statement, context)
        if weighed is False:
            continue
        names = names_of(statement.resources, registry, context)
        if not names.never:
            found[Clause(statement.effect, weighed, names)] = None
    return tuple(found)
