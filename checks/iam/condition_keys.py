"""What a replication request carries under each condition key, as far as that is known.

A key that AWS does not document for replication is *unknown*, even where its value seems obvious.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.iam.request import CREATE, Caller

Carried = tuple[str, ...] | None
"""The values of a key in the request; an empty tuple: the key is absent; None: not known."""

ABSENT: tuple[str, ...] = ()

NEVER_SENT = frozenset(("aws:sourceaccount", "aws:sourcearn"))
"""ECR does not fill them on cross-account replication: a plain comparison fails every replication with
DESTINATION_REGISTRY_ACCESS_DENIED. AWS's own examples of such grants leave them out (ECR user guide,
registry-permissions-examples.html)."""

NETWORK = frozenset(("aws:sourceip", "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpceorgid",
                     "aws:vpceaccount", "aws:vpceorgpaths", "aws:vpcsourceip"))  # fmt: skip
"""Keys of a customer's network path, which replication is unlikely to use; not documented."""

MULTIVALUED = frozenset(("aws:principalorgpaths", "aws:tagkeys"))
"""Keys that hold a set, and are meant for ForAnyValue and ForAllValues."""

_TAG_KEYS = ("aws:resourcetag/", "ecr:resourcetag/")


@dataclass(frozen=True, slots=True)
class Context:
    """One request, as the conditions see it."""

    caller: Caller
    action: str
    """`ecr:ReplicateImage` or `ecr:CreateRepository`."""
    resource_tags: Mapping[str, str] | None = None
    """Tags of the destination repository; None: not known."""


def carried(key: str, context: Context) -> Carried:
    """The values of the condition key *key* (lower case) in this request."""
    caller = context.caller
    match key:
        case "aws:principalaccount":
            return None if caller.account is None else (caller.account,)
        case "aws:principalorgid":
            return _one_or_none(caller.organization_id)
        case "aws:principalorgpaths":
            return _one_or_none(caller.organization_path)
        case "aws:principalarn":
            return None if caller.arn is None else (caller.arn,)
    if key in NEVER_SENT:
        return ABSENT
    for prefix in _TAG_KEYS:
        if key.startswith(prefix):
            return _tag(key.removeprefix(prefix), context)
    return None


def remark(key: str) -> str:
    """A note about the condition key *key* (lower case), as a clause; empty: none."""
    if key in NEVER_SENT:
        return "replication does not send this key; use aws:PrincipalOrgID or aws:PrincipalAccount"
    if key in NETWORK:
        return "replication does not use your network, so this condition probably fails; AWS does not document it"
    if key.startswith("aws:principaltag/"):
        return "replication acts as a service-linked role, which probably has no tags; AWS does not document it"
    if key == "aws:principalorgid":
        return "the organization of the source account is not known"
    if key == "aws:principalorgpaths":
        return "the organization path of the source account is not known"
    if key.startswith(_TAG_KEYS):
        return "the tags of the destination repository are not known"
    return "AWS does not document what replication sends under this key"


def _one_or_none(value: str | None) -> Carried:
    if value is None:
        return None
    return (value,) if value else ABSENT


def _tag(name: str, context: Context) -> Carried:
    if context.action == CREATE:
        # The repository does not exist yet, so it has no tags.
        return ABSENT
    if context.resource_tags is None:
        return None
    # Condition keys ignore case and tag keys do not: two tags may answer to one condition key.
    values = {value for key, value in context.resource_tags.items() if key.lower() == name}
    if len(values) > 1:
        return None
    return tuple(values)
