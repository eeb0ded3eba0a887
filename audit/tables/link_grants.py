"""Columns of the `links` table about the grant in the destination's registry policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.tables.completeness import told_gaps
from audit.tables.frames import compact
from audit.tables.known import Known
from audit.tables.link_names import LinkNames
from audit.tables.repository_denials import repository_denials, told_denials
from checks.iam import LinkRequest, LinkVerdict, Verdict, link_verdict
from checks.model import RegistryId

LISTED = 20
"""Absent repositories that a row names."""


def grant_columns(
    known: Known, names: LinkNames, source: RegistryId, destination: RegistryId, prefixes: Sequence[str]
) -> dict[str, Any]:
    """What the destination's registry policy says to replication of *prefixes* out of *source*."""
    link = (source, destination)
    absence_known = names.absence_is_known(link)
    absent = names.absent(link)
    columns: dict[str, Any] = {
        "absent_repositories": compact(absent[:LISTED]) if absence_known else None,
        "absent_repository_count": len(absent) if absence_known else None,
        "denying_statements": None,
        "repository_denials": None,
    }
    if source[0] == destination[0]:
        # ECR user guide, registry-permissions.html: only replication across accounts needs a grant.
        return columns | _nothing("replication within one account needs no grant", given=False)
    record = known.registry(destination)
    if record is None or record.registry_policy is None:
        return columns | _nothing(_why_unread(known, destination), given=None)
    found = _verdict(known, names, source, destination, prefixes)
    denials = repository_denials(names, link, link_request(known, source, destination).caller)
    doubt = f"; {told_denials(denials)}" if denials and found.verdict.gives is not False else ""
    return columns | {
        "grant_verdict": None if found.verdict is Verdict.INDETERMINATE else str(found.verdict),
        "grant_reason": found.reason + doubt,
        "denial_free": _denial_free(found.verdict, doubtful=bool(doubt)),
        "denying_statements": compact(found.denying),
        "repository_denials": compact(denials[:LISTED]),
        "grant_given": found.verdict.gives,
        "grant_covers_rule": found.covers_rule,
        "grant_uncovered": compact(found.uncovered),
        "create_covered": found.create_covered,
    }


def _denial_free(verdict: Verdict, *, doubtful: bool) -> bool | None:
    if verdict is Verdict.DENIED_EXPLICIT:
        return False
    return None if doubtful or verdict is Verdict.INDETERMINATE else True


def _nothing(reason: str, *, given: bool | None) -> dict[str, Any]:
    return {
        "denial_free": None,
        "grant_verdict": None,
        "grant_reason": reason,
        "grant_given": given,
        "grant_covers_rule": None,
        "grant_uncovered": None,
        "create_covered": None,
    }


def _why_unread(known: Known, destination: RegistryId) -> str:
    account, place = destination[0], f"{destination[0]}/{destination[1]}"
    shared = [gap for gap in known.evidence.gaps if (gap.account, gap.region) in (destination, (account, ""))]
    part = known.parts.get(destination)
    if part is not None:
        why = told_gaps([gap for gap in part.gaps if gap.operation == "ecr:GetRegistryPolicy"] or [*part.gaps, *shared])
        return f"the registry policy of {place} {why or 'was not read'}"
    if known.is_member(account) is False:
        return f"account {account} is not in the organization, so its registry policy cannot be read"
    # The inventory says of destinations that it left out why it did so.
    message = next((gap.message for gap in shared if gap.message), "")
    return f"{place} lies outside what this run read" + (f": {message}" if message else "")


def _verdict(
    known: Known, names: LinkNames, source: RegistryId, destination: RegistryId, prefixes: Sequence[str]
) -> LinkVerdict:
    link = (source, destination)
    policy = known.parts[destination].registry.registry_policy or ""
    request = link_request(known, source, destination)
    everything = link_verdict(policy, request, prefixes, (), None)
    if everything.verdict is Verdict.ALLOWED and everything.covers_rule and everything.create_covered:
        # Whatever the names are, they are granted: no need to go through thousands of them.
        return everything
    absent = frozenset(names.absent(link)) if names.absence_is_known(link) else None
    return link_verdict(policy, request, prefixes, names.names(link), absent)


def link_request(known: Known, source: RegistryId, destination: RegistryId) -> LinkRequest:
    """The question to put to the registry policy of *destination*, which was read."""
    record = known.parts[destination].registry
    return LinkRequest(
        source_account=source[0],
        destination_account=destination[0],
        region=destination[1],
        partition=record.partition,
        organization_id=_organization(known, source[0]),
        organization_path=known.paths(source[0])[1],
        policy_scope=record.policy_scope,
    )


def _organization(known: Known, account: str) -> str | None:
    """Organization of *account*; None: not known; empty: it belongs to none that this run knows."""
    organization = known.evidence.organization
    member = known.is_member(account)
    if organization is None or member is None:
        return None
    return organization.id if member else ""
