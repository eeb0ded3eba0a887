"""A registry policy as a value, and as text within AWS's length.

Statement numbers always refer to the text as audited, whatever the changes do to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.policy_documents.problem import DocumentProblem
from checks.policy_documents.validation import DocumentKind, document_problems
from checks.remediation.merge_result import CannotApplyError
from checks.remediation.replication_rules import shortest
from checks.remediation.statements import Statement, accounts_granted, as_list, but_for_the_account, from_list

_READABLE_SHARE = 0.4
"""Share of the allowed characters up to which a policy is written with indentation, which AWS counts."""


_LISTED_AT_MOST = 10
"""Resources that a proposal lists."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed registry policy. A removed statement stays as None, so that numbers keep their meaning."""

    version: str
    statements: tuple[Statement | None, ...]
    others: Mapping[str, Any]
    """Elements besides Version and Statement (`Id`)."""

    @property
    def present(self) -> tuple[Statement, ...]:
        """The remaining statements."""
        return tuple(statement for statement in self.statements if statement is not None)


def parse(text: str | None) -> Policy:
    """The registry policy of *text*; empty for none. Raises CannotApplyError where it was not read or is not valid."""
    if text is None:
        raise CannotApplyError("the registry policy could not be read, and a put would replace it as a whole")
    if not text:
        return Policy("2012-10-17", (), {})
    try:
        document = json.loads(text)
    except ValueError as problem:
        raise CannotApplyError(f"the registry policy is not JSON ({problem}); replace it manually") from None
    if not isinstance(document, dict):
        raise CannotApplyError("the registry policy is not a JSON object; replace it manually")
    statements = as_list(document.get("Statement", []))
    if not all(isinstance(statement, dict) for statement in statements):
        raise CannotApplyError("the registry policy has a statement that is not an object; replace it manually")
    others = {name: value for name, value in document.items() if name not in ("Version", "Statement")}
    return Policy(str(document.get("Version", "2008-10-17")), tuple(statements), others)


def text_of(policy: Policy, limit: int, organization: str = "") -> str:
    """The policy as JSON text of at most *limit* characters; empty where no statement is left.

    It is indented where there is room, else compact, else with statements merged that differ in the account only.
    Raises CannotApplyError where none of this suffices, with proposals; *organization* (its id) is used in those.
    """
    if not policy.present:
        return ""
    compact = _compact(policy, policy.present)
    if len(compact) <= limit:
        readable = json.dumps(_document(policy, policy.present), indent=2)
        return readable if len(readable) <= limit * _READABLE_SHARE else compact
    joined = _compact(policy, joined_statements(policy.present))
    if len(joined) <= limit:
        return joined
    raise CannotApplyError(_split(policy, len(joined), limit, organization))


def problems(policy: Policy) -> tuple[DocumentProblem, ...]:
    """Why AWS refuses the policy, without regard to its length; empty where it accepts it, or none is left."""
    return document_problems(DocumentKind.REGISTRY, _document(policy, policy.present)) if policy.present else ()


def lengths(policy: Policy) -> tuple[int, int]:
    """Characters without whitespace, and with merged statements that differ in the account only."""
    return len(_compact(policy, policy.present)), len(_compact(policy, joined_statements(policy.present)))


def joined_statements(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Statements that differ in the account only, merged into one with all the accounts."""
    kept: list[Statement] = []
    places: dict[object, int] = {}
    members: dict[int, list[str]] = {}
    for statement in statements:
        said = but_for_the_account(statement)
        if said is None:
            kept.append(statement)
            continue
        if said not in places:
            places[said] = len(kept)
            kept.append(statement)
        members.setdefault(places[said], []).extend(as_list(statement["Principal"]["AWS"]))
    for place, accounts in members.items():
        kept[place] = {**kept[place], "Principal": {"AWS": from_list(dict.fromkeys(accounts))}}
    return tuple(kept)


def _split(policy: Policy, needed: int, limit: int, organization: str) -> str:
    offers = (*shorter(policy, limit, organization), "replicate some of the repositories to a second registry")
    numbered = "; ".join(f"({number}) {offer}" for number, offer in enumerate(offers, start=1))
    return f"the registry policy would have {needed:,} characters, AWS allows {limit:,}; split: {numbered}"


def shorter(policy: Policy, limit: int, organization: str) -> tuple[str, ...]:
    """Proposals that bring *policy* below *limit*: each allows more accounts to write more names."""
    grants = [one for one in joined_statements(policy.present) if _is_replication_grant(one)]
    others = [one for one in joined_statements(policy.present) if not _is_replication_grant(one)]
    offers: list[str] = []
    conditions = [one.get("Condition") for one in grants]
    of_organization = {"StringEquals": {"aws:PrincipalOrgID": organization}}
    if grants and all(condition == conditions[0] for condition in conditions):
        accounts = list(dict.fromkeys(name for one in grants for name in as_list(one["Principal"]["AWS"])))
        many = _together(grants, from_list(accounts), conditions[0])
        if (length := len(_compact(policy, (*others, many)))) <= limit:
            names = json.dumps(many["Resource"])
            offers.append(
                f"one statement for all {len(accounts)} accounts, each with all of {names}: {length:,} in all"
            )
    if grants and organization and all(condition in (None, of_organization) for condition in conditions):
        everybody = _together(grants, "*", of_organization)
        if (length := len(_compact(policy, (*others, everybody)))) <= limit:
            said = json.dumps(everybody)
            offers.append(f"one statement for the organization in place of {len(grants)}: {length:,} in all: {said}")
    if grants and not organization:
        offers.append("one statement for the organization (Principal * with aws:PrincipalOrgID); its id was not read")
    return tuple(offers)


def _is_replication_grant(statement: Statement) -> bool:
    actions = {str(action).lower() for action in as_list(statement.get("Action", ()))}
    known = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    return (
        statement.get("Effect") == "Allow"
        and {"Action", "Resource"} <= set(statement) <= known
        and accounts_granted(statement) is not None
        and actions <= {"ecr:replicateimage", "ecr:createrepository"}
    )


def _together(grants: Sequence[Statement], principal: Any, condition: Any) -> dict[str, Any]:
    """One statement with the actions and resources of all *grants*."""
    resources = dict.fromkeys(str(name) for one in grants for name in as_list(one["Resource"]))
    # Only a `*` at the end makes an ARN a prefix; any other is kept as it is.
    starts = shortest(name[:-1] for name in resources if name.endswith("*") and not set("*?") & set(name[:-1]))
    kept = [name for name in resources if name[:-1] in starts or not any(name.startswith(one) for one in starts)]
    statement = {
        "Sid": "AllowReplication",
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": from_list(dict.fromkeys(name for one in grants for name in as_list(one["Action"]))),
        "Resource": from_list(kept),
    }
    return {**statement, "Condition": condition} if condition else statement


def _document(policy: Policy, statements: Sequence[Statement]) -> dict[str, Any]:
    return {"Version": policy.version, **policy.others, "Statement": list(statements)}


def _compact(policy: Policy, statements: Sequence[Statement]) -> str:
    return json.dumps(_document(policy, statements), separators=(",", ":"))
