"""What to look at in a registry policy besides the verdict about one replication: its breadth, evidence that would
decide, ARNs to write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from checks.iam.explain import explain
from checks.iam.parse import Policy, parse_policy
from checks.iam.patterns import compile_glob
from checks.iam.repairs import own_resource
from checks.iam.request import GrantVerdict, ReplicationRequest
from checks.iam.resources import resource_problems
from checks.iam.statements import evaluate_policy

_NO_ORGANIZATION = "o-0000000000"
_ORGANIZATION_KEYS = ("aws:principalorgid", "aws:principalorgpaths")


def breadth_warnings(
    policy_text: str, request: ReplicationRequest, allowed_actions: Collection[str]
) -> tuple[str, ...]:
    """What the policy allows other accounts beyond replication by named accounts, as sentences without full stop.

    *allowed_actions*: those that other accounts may be allowed, as in a baseline.
    """
    owner = (request.destination_account, request.region, request.partition)
    rows = evaluate_policy(
        policy_text, owner, None, request.organization_id, (), allowed_actions, request.policy_scope, request.time
    )
    found = []
    for row in rows:
        name = f"statement {row.statement}" + (f" ({row.sid})" if row.sid else "")
        if row.grantee_scope == "everyone":
            found.append(f"{name} allows every AWS account; bound it by aws:PrincipalOrgID or name the accounts")
        if row.allows_others and row.excess_actions not in (None, "[]"):
            actions = row.excess_actions.strip("[]").replace('"', "").replace(",", ", ") if row.excess_actions else ""
            found.append(f"{name} allows other accounts more than replication: {actions}")
    return tuple(found)


def hints(policy_text: str, request: ReplicationRequest) -> tuple[str, ...]:
    """What would decide an open question, and what to write instead of a wrong ARN: sentences without full stop."""
    policy = parse_policy(policy_text)
    if not isinstance(policy, Policy):
        return ()
    return (*_evidence(policy, policy_text, request), *_resources(policy, request))


def _evidence(policy: Policy, text: str, request: ReplicationRequest) -> Iterator[str]:
    """The option that would decide an undetermined verdict."""
    asked = [one for each in policy.statements for one in each.conditions if one.key.lower() in _ORGANIZATION_KEYS]
    if not asked or explain(text, request).verdict is not GrantVerdict.INDETERMINATE:
        return
    named = [value for one in asked for value in one.values]
    ids = [_NO_ORGANIZATION, *(value.partition("/")[0] for value in named)]
    if request.organization_id is None:
        known = [replace(request, organization_id=one) for one in ids]
        # Another organization may decide where ours leaves the path open.
        if all(explain(text, one).verdict is not GrantVerdict.INDETERMINATE for one in known):
            yield "give --organization-id: the answer depends on the organization of the source account"
            return
    if request.organization_path is None:
        paths = [f"{_NO_ORGANIZATION}/r-0000/", *(value.replace("*", "x/") for value in named if "/" in value)]
        known = [replace(request, organization_id=one.partition("/")[0], organization_path=one) for one in paths]
        if any(explain(text, one).verdict is not GrantVerdict.INDETERMINATE for one in known):
            yield "give --organization-id and --organization-path: the answer depends on the unit of the source account"


def _resources(policy: Policy, request: ReplicationRequest) -> Iterator[str]:
    """The ARN to write in place of each that cannot match, or may not match."""
    registry = request.link.registry
    for statement in policy.statements:
        element = statement.resources
        for text, glob in zip(element.texts, element.globs, strict=True):
            alone = replace(element, texts=(text,), globs=(glob,))
            if not resource_problems(alone, registry).both:
                continue
            right = own_resource(text, registry) or f"{registry.arn_head}*"
            narrow = "" if _matches(right, registry.arn_head + request.repository) else ", which is not this repository"
            yield f"{statement.name}: write `{right}` in place of `{text[:300]}`{narrow}"


def _matches(pattern: str, arn: str) -> bool:
    return compile_glob(pattern).matches(arn)
