"""Why a decision came out as it did: one sentence that names statements and parts."""

from __future__ import annotations

from collections.abc import Sequence

from checks.iam.keys import Context
from checks.iam.parse import PolicyProblem, parse_policy
from checks.iam.parts import Part, StatementMatch, listed, match_statement
from checks.iam.request import CREATE, REPLICATE, LinkRequest, Verdict

NO_POLICY = "there is no registry policy, and without one no other account is allowed to replicate"


def matches(text: str, request: LinkRequest, name: str) -> tuple[StatementMatch, ...]:
    """The statements that could concern a link, against one repository *name*; none if the policy is not parsed."""
    policy = parse_policy(text)
    if isinstance(policy, PolicyProblem):
        return ()
    replicate, create = Context(request.caller, REPLICATE), Context(request.caller, CREATE)
    return tuple(
        match_statement(statement, replicate, create, request.registry, name, request.policy_scope)
        for statement in policy.near(request.source_account)
    )


def reason(found: Sequence[StatementMatch], decision: Verdict, action: str, account: str, *, same_account: bool) -> str:
    """Why *decision* is the answer about *action*, as a clause. *found*: all statements against one name."""
    truths = [(one, one.replicate if action == REPLICATE else one.create) for one in found]
    denying = [one for one, truth in truths if truth and one.effect == "Deny"]
    if same_account:
        if decision is Verdict.ALLOWED:
            return "source and destination are one account, which needs no registry policy"
        doubtful = [one for one, truth in truths if truth is not False and one.effect != "Allow"]
        return f"{_named(doubtful)} may deny it; what a Deny does to replication within one account is not documented"
    if decision is Verdict.DENIED_EXPLICIT:
        return f"{_named(denying)} {'denies' if len(denying) == 1 else 'deny'} {action}"
    if decision is Verdict.ALLOWED:
        allowing = [one for one, truth in truths if truth and one.effect == "Allow"]
        return f"{_named(allowing)} {'allows' if len(allowing) == 1 else 'allow'} {action}"
    if decision is Verdict.INDETERMINATE:
        open_ones = tuple(_doubt(one, action) for one, truth in truths if truth is None)
        return f"whether {action} is allowed cannot be determined: {listed(open_ones)}"
    return _implicit(found, action, account)


def denying_statements(found: Sequence[StatementMatch]) -> tuple[int, ...]:
    """Numbers of the Deny statements that match ecr:ReplicateImage."""
    return tuple(one.number for one in found if one.effect == "Deny" and one.replicate)


def _implicit(found: Sequence[StatementMatch], action: str, account: str) -> str:
    near = [one for one in found if one.effect == "Allow" and one.mentions]
    if not near:
        return f"no statement allows account {account} any action"
    # Only the statements that come closest: what else is wrong with the others does not help here.
    least = min(_failures(one, action) for one in near)
    clauses = tuple(f"{one.name}: {_failure(one, action)}" for one in near if _failures(one, action) == least)
    return f"no statement allows account {account} to call {action}: {listed(clauses)}"


def _failures(one: StatementMatch, action: str) -> int:
    lacks_action = (one.replicate if action == REPLICATE else one.create) is False
    return sum(part.matched is False for _, part in one.parts()) or int(lacks_action)


def _failure(one: StatementMatch, action: str) -> str:
    failed = [_labelled(label, part) for label, part in one.parts() if part.matched is False]
    return ", and ".join(failed[:2]) if failed else f"Action lacks {action}"


def _labelled(label: str, part: Part) -> str:
    return part.why if part.why.startswith((label, f"Not{label}")) else f"{label} {part.why}"


def _doubt(one: StatementMatch, action: str) -> str:
    doubts = [_labelled(label, part) for label, part in one.parts() if part.matched is None]
    what = "; ".join(doubts[:2]) if doubts else "it has an element of unknown meaning"
    return f"{one.name} ({one.effect or 'neither Allow nor Deny'}) may match: {what}"


def _named(found: Sequence[StatementMatch]) -> str:
    return listed(tuple(one.name for one in found), " and ")
