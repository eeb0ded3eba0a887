"""Which principals besides replication may do what on one repository, and a repository policy that ends that access."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.iam.actions import ACTIONS, meant_action
from checks.iam.callers import CallerGroup, Organization, caller_groups
from checks.iam.condition_keys import Context
from checks.iam.conditions import holds
from checks.iam.decision import action_match, decision
from checks.iam.grantees import EVERYONE, named_grantees
from checks.iam.parse import Policy, PolicyProblem, Statement, parse_policy, read_statement
from checks.iam.repairs import bounded_to, without_accounts
from checks.iam.request import DELETE, ON_REPOSITORIES, PULL, PULL_AND_LOOK, PUSH
from checks.iam.three_valued import Truth, agreed, every, inverted, some


@dataclass(frozen=True, slots=True)
class Clause:
    """A statement and whether its Resource matches the repository."""

    statement: Statement
    reach: Truth = True
    """Result of the Resource element; a repository policy needs none."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a policy is evaluated against, besides its text."""

    organization: Organization
    partition: str
    resource_tags: Mapping[str, str] | None = None
    """Tags of the repository; None: not known."""
    time: float | None = None
    """Epoch seconds of the requests, the time of the audit; None: not known."""


def holders(
    clauses: Sequence[Clause], circumstances: Circumstances, actions: Collection[str] | None = None
) -> dict[str, Truth]:
    """Every principal that may do one of *actions* (None: any action), by label, with whether that is certain.

    Labels are those of `CallerGroup`, without principals that certainly may not.
    """
    whom = _caller_groups(clauses, circumstances)
    return _by_label(whom, _answers(clauses, circumstances, actions, whom))


def wider(
    clauses: Sequence[Clause], than: Sequence[Sequence[Clause]], circumstances: Circumstances
) -> dict[str, Truth]:
    """Every principal that may read under *clauses* and under none of the policies *than*; shape as of `holders`."""
    whom = _caller_groups([*clauses, *(clause for each in than for clause in each)], circumstances)
    found: list[list[Truth]] = []
    for action in PULL:
        here, *elsewhere = (_answers(each, circumstances, (action,), whom) for each in (clauses, *than))
        found.append([every((one, *map(inverted, others))) for one, *others in zip(here, *elsewhere, strict=True)])
    return _by_label(whom, [some(truths) for truths in zip(*found, strict=True)])


def _by_label(whom: Sequence[CallerGroup], answers: Sequence[Truth]) -> dict[str, Truth]:
    found: dict[str, Truth] = {}
    for caller_group, answer in zip(whom, answers, strict=True):
        found[caller_group.label] = some((found.get(caller_group.label, False), answer))
    return {label: truth for label, truth in found.items() if truth is not False}


def _answers(
    clauses: Sequence[Clause],
    circumstances: Circumstances,
    actions: Collection[str] | None,
    whom: Sequence[CallerGroup],
) -> list[Truth]:
    """For each of *whom*, whether it may do one of *actions*."""
    asked = _asked(clauses, actions)
    tags, time = circumstances.resource_tags, circumstances.time
    return [
        agreed([_answer(clauses, asked, Context(one, PULL[0], tags, time)) for one in caller_group.callers])
        for caller_group in whom
    ]


def _answer(clauses: Sequence[Clause], asked: Sequence[tuple[Truth, ...]], context: Context) -> Truth:
    met = [(clause.statement.effect, _met(clause, context)) for clause in clauses]
    return some(_allowed(met, column) for column in asked)


def _caller_groups(clauses: Sequence[Clause], circumstances: Circumstances) -> tuple[CallerGroup, ...]:
    return caller_groups((one.statement for one in clauses), circumstances.organization, circumstances.partition)


def _met(clause: Clause, context: Context) -> Truth:
    """Whether everything but the action matches."""
    statement = clause.statement
    principal = statement.principals.matches(context.caller, statement.effect)
    if principal is False or clause.reach is False:
        return False
    certain = None if not statement.judgeable else True
    return every((certain, principal, clause.reach, holds(statement.conditions, context)))


def _allowed(met: Sequence[tuple[str, Truth]], column: tuple[Truth, ...]) -> Truth:
    """Whether an action is allowed that the statements match as in *column*."""
    pairs = zip(met, column, strict=True)
    return decision(((effect, every((truth, taken))) for (effect, truth), taken in pairs), same_account=False).gives


def _asked(clauses: Sequence[Clause], actions: Collection[str] | None) -> list[tuple[Truth, ...]]:
    """For each action, which statements match it; actions that all statements treat alike occur once."""
    statements = [clause.statement for clause in clauses]
    if actions is None:
        # An action that is newer than this list occurs only where a policy spells it out; a misspelt one is none.
        texts = {text.lower() for one in statements for text in one.actions.texts}
        literal = sorted(text for text in texts if text.startswith("ecr:") and not set("*?") & set(text)
                         and (text in _KNOWN_ACTIONS or not meant_action(text)))  # fmt: skip
        actions = (*ON_REPOSITORIES, *literal)
    return list(dict.fromkeys(tuple(action_match(one, action) for one in statements) for action in actions))


_KNOWN_ACTIONS = frozenset(action.lower() for action in ACTIONS)

Holders = Mapping[str, Truth]
"""Principals with a permission, by label (see `checks.iam.callers.CallerGroup`), and whether that is certain; without
those that certainly lack it.
"""


@dataclass(frozen=True, slots=True)
class Exposure:
    """Which principals outside the repository's own account may do what."""

    outsiders: Holders
    """Allowed any action by the repository policy, and neither in the organization nor a declared partner."""
    pushers: Holders
    """May push or retag images, or give themselves that permission."""
    deleters: Holders
    """May delete it or make it unusable."""

    @property
    def none(self) -> bool:
        """Whether there is certainly no principal of any kind."""
        return not (self.outsiders or self.pushers or self.deleters)


def exposure(own: Sequence[Clause], registry: Sequence[Clause], circumstances: Circumstances, owner: str) -> Exposure:
    """Evaluate the statements of a repository policy, *own*, with those of the registry policy that match it.

    *owner*: account of the repository, empty where no policy names it; access of its own principals is not exposure.
    """
    denials = [clause for clause in registry if clause.statement.effect != "Allow"]
    both = [*own, *registry]
    outside = circumstances.organization.outside
    anything = holders([*own, *denials], circumstances)
    doubted = {label: every((truth, outside(label))) for label, truth in anything.items()}
    return Exposure(
        _others(doubted, owner),
        _others(holders(both, circumstances, PUSH), owner),
        _others(holders(both, circumstances, DELETE), owner),
    )


def _others(found: Holders, owner: str) -> Holders:
    return {label: truth for label, truth in found.items() if label != owner and truth is not False}


def none_of(found: Holders) -> Truth:
    """Whether no principal in *found* has the permission."""
    return inverted(some(found.values()))


def certain(found: Holders) -> tuple[str, ...]:
    """Labels of the principals that certainly may, sorted; `everyone` alone where that is among them."""
    labels = tuple(label for label, truth in sorted(found.items()) if truth)
    return ("everyone",) if EVERYONE in labels else labels


def own_clauses(text: str) -> tuple[Clause, ...] | PolicyProblem:
    """The statements of a repository policy; they need no Resource."""
    policy = parse_policy(text)
    return policy if isinstance(policy, PolicyProblem) else tuple(Clause(one) for one in policy.statements)


def closed_policy(text: str, circumstances: Circumstances, owner: str) -> str | None:
    """The repository policy *text* without what exposes the repository of *owner*; empty: no statement remains.

    Accounts outside the organization are removed, `*` is limited to the organization, and other accounts keep read
    access
    only. None: a person must decide.
    """
    policy = parse_policy(text)
    if not isinstance(policy, Policy) or not policy.statements:
        return None
    document = json.loads(text)
    kept: list[Mapping[str, Any]] = []
    for statement in policy.statements:
        closed = _closed(json.loads(statement.json), statement, circumstances, owner)
        if closed is None:
            return None
        kept += closed
    if not kept:
        return ""
    repaired = json.dumps({**document, "Statement": kept}, separators=(",", ":"), ensure_ascii=False)
    clauses = own_clauses(repaired)
    if isinstance(clauses, PolicyProblem) or not exposure(clauses, (), circumstances, owner).none:
        return None
    return repaired


def _closed(
    raw: Mapping[str, Any], read: Statement, circumstances: Circumstances, owner: str
) -> list[Mapping[str, Any]] | None:
    """What replaces one statement: nothing, itself, or up to two, of which one is for other accounts."""
    if read.effect == "Deny":
        return [raw]
    if read.effect != "Allow" or any(problem not in read.resources.problems for problem in read.problems):
        return None
    bounded = _within_the_organization(raw, read, circumstances, owner)
    if not bounded:
        return None if bounded is None else []
    again = read_statement(bounded, read.number)
    if not _harms(again) or not named_grantees(again).beyond(owner):
        return [bounded]
    own, others = _split(bounded, owner)
    return [each for each in (own, _reading_only(others)) if each]


def _within_the_organization(
    raw: Mapping[str, Any], read: Statement, circumstances: Circumstances, owner: str
) -> Mapping[str, Any] | None:
    organization, whom = circumstances.organization, named_grantees(read)
    if whom.everyone:
        return bounded_to(raw, organization.id or "")
    if any(organization.outside(each) is not False for each in whom.organizations):
        return None
    unknown_accounts = [each for each in sorted(whom.accounts - {owner}) if organization.outside(each)]
    return without_accounts(raw, unknown_accounts) if unknown_accounts else raw


def _harms(read: Statement) -> bool:
    return any(action_match(read, action) is not False for action in (*PUSH, *DELETE))


def _split(raw: Mapping[str, Any], owner: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """(the statement for principals of *owner* and for services, the statement for the accounts of others)."""
    members = raw.get("Principal")
    if not isinstance(members, Mapping) or "AWS" not in members:
        return {}, raw
    listed = members["AWS"] if isinstance(members["AWS"], list) else [members["AWS"]]
    own = [text for text in listed if text == owner or (owner and f"::{owner}:" in text)]
    others = [text for text in listed if text not in own]
    kept = {**{kind: texts for kind, texts in members.items() if kind != "AWS"}, **({"AWS": own} if own else {})}
    if not kept:
        return {}, raw
    without_sid = {name: value for name, value in raw.items() if name != "Sid"}
    return {**raw, "Principal": kept}, {**without_sid, "Principal": {"AWS": others}}


def _reading_only(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The statement without actions that push or delete; a pattern that matches those is reduced to what a pull
    needs.
    """
    element = read_statement(raw, 1).actions
    harmful = [action.lower() for action in (*PUSH, *DELETE)]
    kept: list[str] = []
    if element.negated:
        kept = [action for action in PULL_AND_LOOK if not any(glob.matches(action.lower()) for glob in element.globs)]
    for text, glob in zip(element.texts, element.globs, strict=True) if not element.negated else ():
        if not any(glob.matches(action) for action in harmful):
            kept.append(text)
        elif glob.literal is None:
            kept += [action for action in PULL_AND_LOOK if glob.matches(action.lower())]
    if not kept:
        return {}
    rest = {name: value for name, value in raw.items() if name not in ("Action", "NotAction")}
    return {**rest, "Action": list(dict.fromkeys(kept))}
