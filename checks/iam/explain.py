"""Why one repository would be replicated, or not: every statement, element by element, and the decision in one
sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from checks.iam.condition_keys import Context
from checks.iam.decision import clauses, decision, verdict_of, weight
from checks.iam.parse import Policy, PolicyProblem, parse_policy
from checks.iam.request import CREATE, REPLICATE, GrantVerdict, LinkRequest, ReplicationRequest
from checks.iam.resources import resource_problems
from checks.iam.statement_match import ElementMatch, StatementMatch, joined_clauses, match_statement
from checks.iam.three_valued import Truth

NO_POLICY = "there is no registry policy, so no other account is allowed to replicate into the registry"


def matches(text: str, request: LinkRequest, name: str, *, called: str = "") -> tuple[StatementMatch, ...]:
    """The statements that could concern a link, against one repository *name*; none if the policy is not parsed.

    All statements where none of them allows the source account anything: the nearest is then named. *called*: what a
    clause calls the repository; empty: by its name.
    """
    policy = parse_policy(text)
    if isinstance(policy, PolicyProblem):
        return ()
    replicate, create = (Context(request.caller, action, time=request.time) for action in (REPLICATE, CREATE))
    near = policy.near(request.source_account)
    statements = near if any(statement.effect == "Allow" for statement in near) else policy.statements
    return tuple(
        match_statement(statement, replicate, create, request.registry, name, request.policy_scope, called=called)
        for statement in statements
    )


def reason(
    found: Sequence[StatementMatch], decision: GrantVerdict, action: str, account: str, *, same_account: bool
) -> str:
    """Why *decision* is the answer about *action*, as a clause. *found*: all statements against one name."""
    truths = [(one, one.replicate if action == REPLICATE else one.create) for one in found]
    denying = [one for one, truth in truths if truth and one.effect == "Deny"]
    if same_account:
        if decision is GrantVerdict.ALLOWED:
            return "source and destination are in one account, which needs no registry policy"
        doubtful = [one for one, truth in truths if truth is not False and one.effect != "Allow"]
        return f"{_named(doubtful)} may deny it; AWS does not document whether a Deny affects replication there"
    if decision is GrantVerdict.DENIED_EXPLICIT:
        return _denial(denying, action)
    if decision is GrantVerdict.ALLOWED:
        allowing = [one for one, truth in truths if truth and one.effect == "Allow"]
        # As long as one of them is not limited in time, nothing ends.
        ends = [one.until for one in allowing]
        until = f" until {max(ends)}" if all(ends) else ""
        return f"{_named(allowing)} {'allows' if len(allowing) == 1 else 'allow'} {action}{until}"
    if decision is GrantVerdict.INDETERMINATE:
        open_ones = tuple(_undetermined(one, action) for one, truth in truths if _is_open(one, truth))
        return f"whether {action} is allowed cannot be determined: {joined_clauses(open_ones)}"
    return _implicit(found, action, account)


def _denial(denying: Sequence[StatementMatch], action: str) -> str:
    conditions = tuple(f"{one.name}: {one.condition.why}" for one in denying if one.conditions)
    why = f": {joined_clauses(conditions)}" if conditions else ""
    return f"{_named(denying)} {'denies' if len(denying) == 1 else 'deny'} {action}{why}"


def denial_reason(found: Sequence[StatementMatch], *, certain: bool) -> str:
    """Which Deny statements of *found* deny ecr:ReplicateImage, or may deny it, as a clause."""
    if certain:
        return _denial([one for one in found if one.effect == "Deny" and one.replicate], REPLICATE)
    return joined_clauses(
        tuple(_undetermined(one, REPLICATE) for one in found if one.effect != "Allow" and _is_open(one, one.replicate))
    )


def denying_statements(found: Sequence[StatementMatch]) -> tuple[int, ...]:
    """Numbers of the Deny statements that match ecr:ReplicateImage."""
    return tuple(one.number for one in found if one.effect == "Deny" and one.replicate)


def _implicit(found: Sequence[StatementMatch], action: str, account: str) -> str:
    near = [one for one in found if one.effect == "Allow" and one.mentions]
    if not near:
        return f"no statement allows account {account} any action" + _nearest(found, action)
    # Only the closest statements: the defects of the others do not help here.
    least = min(_failures(one, action) for one in near)
    clauses = tuple(f"{one.name}: {_failure(one, action)}" for one in near if _failures(one, action) == least)
    return f"no statement allows account {account} the action {action}: {joined_clauses(clauses)}"


def _nearest(found: Sequence[StatementMatch], action: str) -> str:
    """The Allow with the fewest elements that do not match, as the end of a clause; empty: there is no Allow."""
    allowing = [one for one in found if one.effect == "Allow"]
    if not allowing:
        return ""
    nearest = min(allowing, key=lambda one: _failures(one, action))
    return f"; the nearest is {nearest.name}: {_failure(nearest, action)}"


def _failures(one: StatementMatch, action: str) -> int:
    lacks_action = (one.replicate if action == REPLICATE else one.create) is False
    return sum(part.matched is False for _, part in one.parts()) or int(lacks_action)


def _failure(one: StatementMatch, action: str) -> str:
    failed = [_labelled(label, part) for label, part in one.parts() if part.matched is False]
    return ", and ".join(failed[:2]) if failed else f"Action lacks {action}"


def _labelled(label: str, part: ElementMatch) -> str:
    return part.why if part.why.lower().startswith((label.lower(), f"not{label.lower()}")) else f"{label} {part.why}"


def _is_open(one: StatementMatch, matched: Truth) -> bool:
    """Whether the effect of *one* on an action that it *matched* is unknown."""
    return matched is None or (matched and not one.effect)


def _undetermined(one: StatementMatch, action: str) -> str:
    if not one.effect:
        return f"{one.name} may match, and its Effect is neither Allow nor Deny"
    undetermined = [_labelled(label, part) for label, part in one.parts() if part.matched is None]
    what = "; ".join(undetermined[:2]) if undetermined else "it has an element that cannot be evaluated"
    return f"{one.name} ({one.effect}) may match: {what}"


def _named(found: Sequence[StatementMatch]) -> str:
    return joined_clauses(tuple(one.name for one in found), " and ")


VERSION = 1
"""Version of the document that `Explanation.as_document` returns."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict about one repository, with all the reasons."""

    verdict: GrantVerdict
    reason: str
    """The reason for the verdict, as a clause."""
    replicate: GrantVerdict
    """The decision about ecr:ReplicateImage alone."""
    create: GrantVerdict
    """The decision about ecr:CreateRepository alone."""
    statements: tuple[StatementMatch, ...]
    """Every statement, in the policy's order; empty where the policy could not be parsed."""
    problems: tuple[str, ...]
    """The problems of the policy, as clauses."""

    def as_document(self) -> dict[str, Any]:
        """JSON values; `version` increases with every incompatible change of the format."""
        return {
            "version": VERSION,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "actions": {REPLICATE: self.replicate.value, CREATE: self.create.value},
            "statements": [one.as_document() for one in self.statements],
            "problems": list(self.problems),
        }


def explain(policy_text: str, request: ReplicationRequest) -> Explanation:
    """Evaluate a registry policy for one repository. Empty text: there is no policy. Never raises for any policy."""
    policy = parse_policy(policy_text)
    if isinstance(policy, PolicyProblem):
        unknown = GrantVerdict.INDETERMINATE
        return Explanation(unknown, f"{policy.message}, so the policy cannot be evaluated", unknown, unknown, (),
                           (policy.message,))  # fmt: skip
    link = request.link
    replication = Context(link.caller, REPLICATE, request.resource_tags, request.time)
    creation = Context(link.caller, CREATE, request.resource_tags, request.time)
    replicate, create = _decided(policy, replication, request), _decided(policy, creation, request)
    statements = tuple(
        match_statement(one, replication, creation, link.registry, request.repository, request.policy_scope)
        for one in policy.statements
    )
    verdict = verdict_of(replicate, create, exists=request.repository_exists)
    because = reason(statements, replicate, REPLICATE, request.source_account, same_account=link.same_account)
    if verdict is not replicate:
        missing = reason(statements, create, CREATE, request.source_account, same_account=link.same_account)
        because = f"{because}, but {missing}"
    if not policy_text.strip() and not link.same_account:
        because = NO_POLICY
    problems = _problems(policy, policy_text, request)
    denial = _repository_denial(request, replication) if verdict.gives else ""
    if denial:
        return Explanation(GrantVerdict.INDETERMINATE, denial, replicate, create, statements, (*problems, denial))
    return Explanation(verdict, because, replicate, create, statements, problems)


def _repository_denial(request: ReplicationRequest, context: Context) -> str:
    """Why the destination's repository policy may stop the replication, as a clause; empty: it does not.

    ecr:ReplicateImage acts on a repository, but AWS does not document whether that repository's own policy is
    evaluated.
    """
    policy = parse_policy(request.repository_policy)
    if isinstance(policy, PolicyProblem):
        return f"{policy.message} (repository policy)"
    hits = (one for one in policy.statements if one.effect != "Allow" and weight(one, context) is not False)
    return next((f"the repository policy's {one.name} may deny it, which AWS does not document" for one in hits), "")


def _decided(policy: Policy, context: Context, request: ReplicationRequest) -> GrantVerdict:
    near = clauses(policy.statements, context, request.link.registry)
    matches = ((one.effect, one.meets(request.repository)) for one in near)
    return decision(matches, same_account=request.link.same_account)


def _problems(policy: Policy, text: str, request: ReplicationRequest) -> tuple[str, ...]:
    if not text.strip() and request.source_account != request.destination_account:
        return (NO_POLICY,)
    resources = (
        f"{one.name}: {problem}"
        for one in policy.statements
        for problem in resource_problems(one.resources, request.link.registry).both
    )
    impossible = (
        f"{one.name}: {entry.impossible}"
        for one in policy.statements
        if one.effect == "Allow"
        for entry in one.principals.entries
        if entry.impossible and not entry.problem
    )
    return (*policy.problems, *resources, *impossible)
