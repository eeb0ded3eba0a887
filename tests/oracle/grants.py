"""The checks of registry policies: link by link, and statement by statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tests.oracle.facts import Place, World
from tests.oracle.links import Link, Rows, said
from tests.oracle.policies import (
    ANYONE,
    ECR_ACTIONS,
    FOREIGN,
    OURS,
    UNKNOWN,
    Answer,
    Caller,
    all_of,
    allowed,
    any_of,
    applies,
    arn_like,
    condition_holds,
    entries,
    has_action,
    like,
    listed,
    opposite,
    replication_role,
    statements,
)

REPLICATE, CREATE = "ecr:ReplicateImage", "ecr:CreateRepository"
_NAME = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
KNOWN = {text for one in ECR_ACTIONS for text in (f"ecr:{one}", f"ecr:{one.lower()}")}
SOMEBODY = Caller(UNKNOWN, ANYONE, UNKNOWN, UNKNOWN)
"""A caller of which nothing is known."""
REPLICATOR = Caller(UNKNOWN, replication_role(UNKNOWN), FOREIGN)
"""The replication of an account that nothing names."""
DEFAULT_ACTIONS = ("ecr:ReplicateImage", "ecr:CreateRepository", "ecr:TagResource", "ecr:BatchImportUpstreamImage")


def repository(place: Place, name: str) -> str:
    """The ARN of a repository."""
    return f"arn:aws:ecr:{place[1]}:{place[0]}:repository/{name}"


def possible_names(prefixes: Iterable[str], existing: Iterable[str], policy: list[dict[str, Any]]) -> set[str]:
    """Names that begin with one of *prefixes*: those that exist, and one of every kind that the policy tells apart."""
    patterns = [
        text.partition(":repository/")[2]
        for one in policy
        for text in listed(one.get("Resource", one.get("NotResource", [])))
    ]
    found = set()
    for prefix in prefixes:
        tried = [prefix, *(prefix + end for end in ("q7", "/q7", "q7/q7"))]
        tried += [text.replace("*", fill).replace("?", "q") for text in patterns for fill in ("", "q7", "q7/q7", "/q7")]
        found |= {name for name in tried if name.startswith(prefix) and len(name) > 1 and _NAME.fullmatch(name)}
        found |= {name for name in existing if name.startswith(prefix)}
    return found


def link_grants(world: World, links: list[Link]) -> dict[str, Rows]:
    """What the registry policies of the destinations allow the sources."""
    found: dict[str, Rows] = {
        f"grants.{one}": {}
        for one in ("replication-allowed", "not-explicitly-denied", "covers-rule", "create-repository-allowed")
    }
    for link in links:
        for check, status in _link(world, link).items():
            found[f"grants.{check}"][link.key] = status
    return found


def _link(world: World, link: Link) -> dict[str, str]:
    text, crosses = world.policy(link.destination), link.crosses
    caller = world.caller(link.source[0])
    policy = statements(text) if text else []
    existing = list(world.repositories(link.source) or ())
    names = possible_names((*link.prefixes, *link.required), existing, policy)
    answers = {name: allowed([policy], REPLICATE, repository(link.destination, name), caller) for name in names}
    given = any_of(answers.values()) if text is not None else None
    if not crosses:
        given = False
    by_rules = possible_names(link.prefixes, existing, policy)
    covered = [answers[name] for name in by_rules]
    denied = [_denied(world, link, policy, name, caller) for name in names]
    return {
        "replication-allowed": said(given, when=crosses),
        "not-explicitly-denied": said(None if text is None else any_of(opposite(one) for one in denied), when=crosses),
        "covers-rule": said(all_of(covered) if link.read else None, when=given),
        "create-repository-allowed": said(_creatable(world, link, policy, caller) if link.read else None, when=given),
    }


def _denied(world: World, link: Link, policy: list[dict[str, Any]], name: str, caller: Caller) -> Answer:
    """Whether a Deny stops the replication of *name*: for certain by the registry policy, perhaps by the replica's."""
    arn = repository(link.destination, name)
    found = any_of(applies(one, REPLICATE, arn, caller) for one in policy if one["Effect"] == "Deny")
    there = (world.repositories(link.destination) or {}).get(name)
    if found is False and there and world.readable(link.destination, "ecr:GetRepositoryPolicy", name):
        own = [one for one in statements(str(there.get("policy", ""))) if one["Effect"] == "Deny"]
        return None if any_of(applies(one, REPLICATE, arn, caller) for one in own) is not False else False
    return found


def _creatable(world: World, link: Link, policy: list[dict[str, Any]], caller: Caller) -> Answer:
    here, there = world.repositories(link.source), world.repositories(link.destination)
    if here is None or there is None:
        # Whatever is missing there, it may all be created where every possible name may.
        tried = [repository(link.destination, name) for name in possible_names(link.prefixes, (), policy)]
        if all(allowed([policy], CREATE, arn, caller) for arn in tried):
            return True
        return None if here is None or any(rule.matches(name) for rule in link.rules for name in here) else True
    absent = [name for name in here if name not in there and any(rule.matches(name) for rule in link.rules)]
    answers = [allowed([policy], CREATE, repository(link.destination, name), caller) for name in absent]
    return False if False in answers else None if None in answers else True


def statement_grants(world: World) -> dict[str, Rows]:
    """What each statement of each registry policy says."""
    checks = {
        "grants.resource-arn-valid": _arn_valid,
        "grants.conditions-satisfiable": _conditions_satisfiable,
        "grants.principal-possible": _principal_possible,
        "grants.actions-narrow": _actions_narrow,
        "grants.grantee-in-organization": _grantee_in_organization,
        "grants.not-public": _not_public,
    }
    found: dict[str, Rows] = {check: {} for check in checks}
    for place in world.places():
        for number, one in enumerate(statements(world.policy(place) or ""), start=1):
            for check, judged in checks.items():
                found[check][(*place, number)] = judged(world, place, one)
    return found


def _arn_valid(_world: World, place: Place, statement: Mapping[str, Any]) -> str:
    texts = listed(statement.get("Resource", statement.get("NotResource")))
    return said(all_of(True if one == "*" else _can_match(one, place) for one in texts))


def _can_match(text: str, place: Place) -> Answer:
    """Whether a Resource can match some repository of the registry."""
    _, _, name = text.partition(":repository/")
    return arn_like(text, repository(place, name.replace("*", "q")) if name else repository(place, "q"))


def _named(statement: Mapping[str, Any]) -> list[tuple[str, str]]:
    return entries(statement) if "Principal" in statement else [("everyone", "")]


def _beyond(world: World, statement: Mapping[str, Any], owner: str) -> bool:
    """Whether it is about an account other than the owner's. Services and what can match nobody are no accounts, and
    an account that no principal of which can meet the conditions is none of them."""
    if ("everyone", "") in _named(statement):
        limited = _limits(statement)
        if limited is not None:
            return limited != ("accounts", {owner})
        return condition_holds(statement, SOMEBODY) is not False
    return any(_let_in(world, statement, one) for one in _accounts(statement) - {owner})


def _let_in(world: World, statement: Mapping[str, Any], account: str) -> bool:
    """Whether some principal of *account* may meet the conditions."""
    return condition_holds(statement, world.caller(account, ANYONE)) is not False


def _accounts(statement: Mapping[str, Any]) -> set[str]:
    found = set()
    for kind, value in _named(statement):
        if kind in ("account", "replication role"):
            found.add(value)
        elif kind == "principal":
            found.add(value.split(":")[4])
    return found


def _limits(statement: Mapping[str, Any]) -> tuple[str, set[str]] | None:
    """The accounts or the organizations to which conditions limit everyone; None: they do not."""
    found: list[tuple[str, set[str]]] = []
    for operator, keys in statement.get("Condition", {}).items():
        if operator not in (
            "StringEquals",
            "StringEqualsIgnoreCase",
            "StringLike",
            "ArnLike",
            "ForAnyValue:StringLike",
        ):
            continue
        for key, values in keys.items():
            texts = {str(one) for one in listed(values)}
            if "IgnoreCase" in operator:
                texts = {one.lower() for one in texts}
            if key == "aws:PrincipalAccount":
                found.append(("accounts", texts))
            elif key in ("aws:PrincipalOrgID", "aws:PrincipalOrgPaths"):
                found.append(("organizations", {one.partition("/")[0] for one in texts}))
            elif key == "aws:PrincipalArn":
                found.append(("accounts", {one.split(":")[4] for one in texts}))
    return min(found, default=None, key=lambda one: one[0])


def _for_replication(statement: Mapping[str, Any], owner: str) -> bool:
    """Whether it allows replication to a principal outside the account, were it one that replication can be."""
    named = _named(statement)
    outside = [one for one in named if not (one[0] in ("account", "replication role") and one[1] == owner)]
    outside = [one for one in outside if one[0] != "principal" or one[1].split(":")[4] != owner]
    if ("everyone", "") in named and _limits(statement) == ("accounts", {owner}):
        outside = []
    about = has_action(statement, REPLICATE) or has_action(statement, CREATE)
    return statement["Effect"] == "Allow" and about and bool(outside)


def _conditions_satisfiable(world: World, place: Place, statement: Mapping[str, Any]) -> str:
    callers = [world.caller(one) for one in sorted(_accounts(statement) - {place[0]})]
    if ("everyone", "") in _named(statement):
        kind, names = _limits(statement) or ("", set())
        members = [world.caller(one) for one in world.accounts if world.member(one) and one != place[0]]
        strangers = [replace(one, arn=replication_role(one.account)) for one in world.strangers(names) if one.path]
        callers = [world.caller(one) for one in sorted(names)] if kind == "accounts" else [*members, *strangers]
    possible = any_of(condition_holds(statement, one) for one in callers or [REPLICATOR])
    return said(possible, when=_for_replication(statement, place[0]))


def _principal_possible(_world: World, place: Place, statement: Mapping[str, Any]) -> str:
    possible = any(kind in ("everyone", "account", "replication role") for kind, _ in _named(statement))
    return said(possible, when=_for_replication(statement, place[0]))


def _actions_narrow(world: World, place: Place, statement: Mapping[str, Any]) -> str:
    limits = world.baseline.get("grants", {}).get("allowed_actions", DEFAULT_ACTIONS)
    # A wildcard also allows what ECR adds tomorrow: a wildcard of the baseline must contain it.
    excess = "NotAction" in statement or any(
        not any(like(limit.lower(), text.lower()) for limit in limits)
        for text in listed(statement.get("Action", []))
        if text in KNOWN or "*" in text
    )
    applied = statement["Effect"] == "Allow" and _beyond(world, statement, place[0])
    return said(not excess, when=applied)


def _grantee_in_organization(world: World, place: Place, statement: Mapping[str, Any]) -> str:
    applied = statement["Effect"] == "Allow" and _beyond(world, statement, place[0])
    if ("everyone", "") in _named(statement):
        limited = _limits(statement)
        if limited is None:
            return said(None if _perhaps_limited(statement) else False, when=applied)
        kind, names = limited
        inside = all(one == OURS if kind == "organizations" else world.member(one) for one in names)
        return said(inside, when=applied)
    outside = [one for one in _accounts(statement) - {place[0]} if not world.member(one)]
    # A stranger that the conditions keep out is allowed nothing.
    let_in = [one for one in outside if _let_in(world, statement, one)]
    return said(not let_in, when=applied)


def _not_public(_world: World, _place: Place, statement: Mapping[str, Any]) -> str:
    if statement["Effect"] != "Allow" or ("everyone", "") not in _named(statement) or _limits(statement):
        return said(True)
    if condition_holds(statement, SOMEBODY) is False:
        return said(True)
    return said(None if _perhaps_limited(statement) else False)


def _perhaps_limited(statement: Mapping[str, Any]) -> bool:
    """Whether a condition on the network or on the source may limit whom a statement allows."""
    doubtful = {"aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:SourceAccount", "aws:SourceArn"}
    return any(
        key in doubtful
        for operator, keys in statement.get("Condition", {}).items()
        if "Not" not in operator and not operator.endswith("IfExists")
        for key in keys
    )
