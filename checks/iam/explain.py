"""Why one repository would be replicated, or not: every statement, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from checks.iam.decide import clauses, decision, verdict_of, weight
from checks.iam.keys import Context
from checks.iam.parse import Policy, PolicyProblem, parse_policy
from checks.iam.parts import StatementMatch, match_statement
from checks.iam.reasons import NO_POLICY, reason
from checks.iam.request import CREATE, REPLICATE, ReplicationRequest, Verdict
from checks.iam.resources import resource_problems

VERSION = 1
"""Of the document that `Explanation.as_document` gives."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict about one repository, with all that led to it."""

    verdict: Verdict
    reason: str
    """The verdict's cause as a clause."""
    replicate: Verdict
    """The decision about ecr:ReplicateImage alone."""
    create: Verdict
    """The decision about ecr:CreateRepository alone."""
    statements: tuple[StatementMatch, ...]
    """Every statement, in the policy's order; empty where the policy could not be parsed."""
    problems: tuple[str, ...]
    """What is wrong with the policy, as clauses."""

    def as_document(self) -> dict[str, Any]:
        """JSON values; `version` counts up when a reader of older documents would no longer understand them."""
        return {
            "version": VERSION,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "actions": {REPLICATE: self.replicate.value, CREATE: self.create.value},
            "statements": [one.as_document() for one in self.statements],
            "problems": list(self.problems),
        }


def explain(policy_text: str, request: ReplicationRequest) -> Explanation:
    """Judge a registry policy for one repository. Empty text: there is no policy. Never raises for any policy."""
    policy = parse_policy(policy_text)
    if isinstance(policy, PolicyProblem):
        unknown = Verdict.INDETERMINATE
        return Explanation(unknown, f"{policy.message}, so that nothing is certain", unknown, unknown, (),
                           (policy.message,))  # fmt: skip
    link = request.link
    replication = Context(link.caller, REPLICATE, request.resource_tags)
    creation = Context(link.caller, CREATE, request.resource_tags)
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
        return Explanation(Verdict.INDETERMINATE, denial, replicate, create, statements, (*problems, denial))
    return Explanation(verdict, because, replicate, create, statements, problems)


def _repository_denial(request: ReplicationRequest, context: Context) -> str:
    """Why the destination's repository policy may stop the replication, as a clause; empty: it does not.

    ecr:ReplicateImage acts on a repository, but no source says whether that repository's own policy is heeded.
    """
    policy = parse_policy(request.repository_policy)
    if isinstance(policy, PolicyProblem):
        return f"{policy.message} (repository policy)"
    hits = (one for one in policy.statements if one.effect != "Allow" and weight(one, context) is not False)
    return next((f"the repository policy's {one.name} may deny it, which AWS does not document" for one in hits), "")


def _decided(policy: Policy, context: Context, request: ReplicationRequest) -> Verdict:
    near = clauses(policy.statements, context, request.link.registry)
    matches = ((one.effect, one.meets(request.repository)) for one in near)
    return decision(matches, same_account=request.link.same_account)


def _problems(policy: Policy, text: str, request: ReplicationRequest) -> tuple[str, ...]:
    if not text.strip() and request.source_account != request.destination_account:
        return (NO_POLICY,)
    resources = (
        f"{one.name}: {problem}"
        for one in policy.statements
        for problem in resource_problems(one.resources, request.link.registry)
    )
    impossible = (
        f"{one.name}: {entry.impossible}"
        for one in policy.statements
        if one.effect == "Allow"
        for entry in one.principals.entries
        if entry.impossible and not entry.problem
    )
    return (*policy.problems, *resources, *impossible)
