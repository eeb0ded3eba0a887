"""Who besides replication may do what on one repository, by its own policy and by the policy of its registry.

ECR user guide: a repository policy gives others access to one repository (repository-policies.html); a registry policy
is enforced in every request and may allow any action (registry-permissions.html). An Allow of either is enough for
somebody of another account, and a Deny of either wins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from checks.iam.actions import ON_REPOSITORIES, PULL
from checks.iam.agents import Agent, Organization, agents
from checks.iam.conditions import holds
from checks.iam.decide import action_match, decision
from checks.iam.keys import Context
from checks.iam.parse import Statement
from checks.iam.ternary import Truth, every, inverted, some


@dataclass(frozen=True, slots=True)
class Clause:
    """A statement and whether it speaks about the repository in question at all."""

    statement: Statement
    reach: Truth = True
    """What Resource says; a repository policy needs none."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a policy is judged against, besides its text."""

    organization: Organization
    partition: str
    resource_tags: Mapping[str, str] | None = None
    """Tags of the repository; None: not known."""


def holders(
    clauses: Sequence[Clause], circumstances: Circumstances, actions: Collection[str] | None = None
) -> dict[str, Truth]:
    """Everybody who may do one of *actions* (None: anything), by label, with whether that is certain.

    Labels are those of `Agent`, without those who certainly may not.
    """
    whom = _agents(clauses, circumstances)
    return _by_label(whom, _answers(clauses, circumstances, actions, whom))


def wider(
    clauses: Sequence[Clause], than: Sequence[Sequence[Clause]], circumstances: Circumstances
) -> dict[str, Truth]:
    """Everybody who may read under *clauses* and under none of the policies *than*, as `holders` tells it."""
    whom = _agents([*clauses, *(clause for each in than for clause in each)], circumstances)
    found: list[list[Truth]] = []
    for action in PULL:
        here, *elsewhere = (_answers(each, circumstances, (action,), whom) for each in (clauses, *than))
        found.append([every((one, *map(inverted, others))) for one, *others in zip(here, *elsewhere, strict=True)])
    return _by_label(whom, [some(truths) for truths in zip(*found, strict=True)])


def _by_label(whom: Sequence[Agent], answers: Sequence[Truth]) -> dict[str, Truth]:
    found: dict[str, Truth] = {}
    for agent, answer in zip(whom, answers, strict=True):
        found[agent.label] = some((found.get(agent.label, False), answer))
    return {label: truth for label, truth in found.items() if truth is not False}


def _answers(
    clauses: Sequence[Clause], circumstances: Circumstances, actions: Collection[str] | None, whom: Sequence[Agent]
) -> list[Truth]:
    """For each of *whom*, whether it may do one of *actions*."""
    asked = _asked(clauses, actions)
    tags = circumstances.resource_tags
    return [_agreed([_answer(clauses, asked, Context(one, PULL[0], tags)) for one in agent.callers]) for agent in whom]


def _answer(clauses: Sequence[Clause], asked: Sequence[tuple[Truth, ...]], context: Context) -> Truth:
    met = [(clause.statement.effect, _met(clause, context)) for clause in clauses]
    return some(_allowed(met, column) for column in asked)


def _agreed(truths: Sequence[Truth]) -> Truth:
    """What all of *truths* say; None where they do not say the same."""
    return truths[0] if len(set(truths)) == 1 else None


def _agents(clauses: Sequence[Clause], circumstances: Circumstances) -> tuple[Agent, ...]:
    return agents((one.statement for one in clauses), circumstances.organization, circumstances.partition)


def _met(clause: Clause, context: Context) -> Truth:
    """Whether everything but the action matches."""
    statement = clause.statement
    principal = statement.principals.matches(context.caller, statement.effect)
    if principal is False or clause.reach is False:
        return False
    certain = None if not statement.judgeable else True
    return every((certain, principal, clause.reach, holds(statement.conditions, context)))


def _allowed(met: Sequence[tuple[str, Truth]], column: tuple[Truth, ...]) -> Truth:
    """Whether an action is allowed that the statements take in as *column* says."""
    pairs = zip(met, column, strict=True)
    return decision(((effect, every((truth, taken))) for (effect, truth), taken in pairs), same_account=False).gives


def _asked(clauses: Sequence[Clause], actions: Collection[str] | None) -> list[tuple[Truth, ...]]:
    """For each action which statements take it in; actions that all treat alike are asked for once."""
    statements = [clause.statement for clause in clauses]
    if actions is None:
        # An action that is newer than this list is known to whoever wrote it down.
        texts = {text.lower() for one in statements for text in one.actions.texts}
        literal = sorted(text for text in texts if text.startswith("ecr:") and not set("*?") & set(text))
        actions = (*ON_REPOSITORIES, *literal)
    return list(dict.fromkeys(tuple(action_match(one, action) for one in statements) for action in actions))
