"""Columns of the `links` table about the grant in the destination's registry policy, resource tags, and denials by
repository policies.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from audit.tables.documents import Template
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import compact
from audit.tables.links.endpoints import uncovered_prefixes
from audit.tables.links.names import Link, LinkNames
from audit.tables.misplaced_grants import MisplacedGrants
from audit.tables.organization import gaps_text
from checks.baseline.requirements import is_covered, minimal_prefixes
from checks.engine.text import prefixes_text
from checks.iam import GrantVerdict, LinkRequest, LinkVerdict, PolicyProblem, link_verdict, parse_policy
from checks.iam.condition_keys import Context
from checks.iam.coverage import action_coverage
from checks.iam.decision import weight
from checks.iam.request import CREATE, REPLICATE, Caller
from checks.model import RegistryId


def repository_denials(names: LinkNames, link: Link, request: LinkRequest) -> list[str]:
    """Repositories at the destination of *link* whose repository policy may deny the replication *request*."""
    found: list[str] = []
    for text, repositories in names.policies_at_destination(link).items():
        if _may_deny(text, request.caller, request.time):
            found += repositories
    return sorted(found)


def denials_text(repositories: list[str]) -> str:
    """A clause about the possible denial by *repositories*, of which there is at least one."""
    more = f" and {len(repositories) - 3} others" if len(repositories) > 3 else ""
    return (
        f"the repository policy of {', '.join(repositories[:3])}{more} has a Deny that may match replication, "
        "and AWS does not document whether it applies"
    )


@lru_cache(maxsize=8_192)
def _may_deny(text: str, caller: Caller, time: float | None) -> bool:
    if "Deny" not in text:
        return False
    policy = parse_policy(text)
    if isinstance(policy, PolicyProblem):
        return False
    context = Context(caller, REPLICATE, time=time)
    return any(one.effect == "Deny" and weight(one, context) is not False for one in policy.statements)


LISTED = 20
"""Repositories that a row names."""


def grant_columns(
    index: EvidenceIndex,
    names: LinkNames,
    link: Link,
    prefixes: tuple[Sequence[str] | None, Sequence[str]],
    misplaced: MisplacedGrants,
) -> dict[str, Any]:
    """How the destination's registry policy evaluates replication by *link*.

    *prefixes*: what its rules replicate (None: they were not read), and that with what the baseline requires. Verdict
    and denials are about both, coverage and creation about the rules alone.
    """
    source, destination = link
    absence_known = names.absence_is_known(link)
    absent = names.absent(link)
    columns: dict[str, Any] = {
        "absent_repositories": compact(absent[:LISTED]) if absence_known else None,
        "absent_repository_count": len(absent) if absence_known else None,
        "denying_statements": None,
        "misplaced_grants": "[]",
        "repository_denials": None,
    }
    if source[0] == destination[0]:
        # ECR user guide, registry-permissions.html: only replication across accounts needs a grant.
        return columns | _nothing("replication within one account needs no registry policy", given=False)
    record = index.registry(destination)
    if record is None or record.registry_policy is None:
        return columns | _nothing(_why_unread(index, destination), given=None)
    by_rules, every = prefixes
    found = _verdict(index, names, link, every, names.names(link))
    denials = repository_denials(names, link, link_request(index, source, destination))
    doubt = denials_text(denials) if denials else ""
    undetermined_reason = f"; {doubt}" if doubt and found.verdict.gives is not False else ""
    elsewhere = misplaced.for_link(source, destination)
    return columns | {
        "misplaced_grants": compact([str(place) for place in elsewhere]),
        "grant_verdict": _certain_verdict(found),
        "grant_reason": found.reason + undetermined_reason + _misplaced_text(destination, elsewhere),
        "explicit_deny_statements": _explicit_denies(found, doubtful=bool(doubt)),
        "denial_reason": "; ".join(filter(None, (found.denial_reason, "" if found.denied else doubt))),
        "denying_statements": compact(found.denying),
        "repository_denials": compact(denials[:LISTED]),
        "grant_given": found.given,
        **_coverage(index, names, link, by_rules, found if by_rules == every else None),
    }


def _certain_verdict(found: LinkVerdict) -> str | None:
    """The verdict as far as it is certain; None: it is not known whether any name may be replicated."""
    if found.verdict is not GrantVerdict.INDETERMINATE:
        return str(found.verdict)
    # Only the creation of repositories is open: images may be replicated into those that exist.
    return str(GrantVerdict.ALLOWED_IF_REPOSITORY_EXISTS) if found.given else None


def _coverage(
    index: EvidenceIndex, names: LinkNames, link: Link, prefixes: Sequence[str] | None, found: LinkVerdict | None
) -> dict[str, Any]:
    """What the registry policy does not allow of *prefixes*, which the rules replicate; *found*: their verdict.

    None: the rules were not read.
    """
    if prefixes is None:
        return dict.fromkeys(_COVERAGE)
    if not prefixes:
        return dict(zip(_COVERAGE, ("[]", "[]", 0), strict=True))
    found = found or _verdict(index, names, link, prefixes, names.names_of_rules(link))
    covers, creates = found.covers_rule is not None, found.create_covered is not None
    return {
        "uncovered_prefixes": compact(found.uncovered) if covers else None,
        "uncreatable_repositories": compact(found.uncreatable[:LISTED]) if creates else None,
        "uncreatable_repository_count": len(found.uncreatable) if creates else None,
    }


_COVERAGE = ("uncovered_prefixes", "uncreatable_repositories", "uncreatable_repository_count")


def _misplaced_text(destination: RegistryId, places: Sequence[RegistryId]) -> str:
    """Where a statement stands that means this link, as the end of a clause; empty: nowhere."""
    if not places:
        return ""
    shown = [
        place.region if place.account == destination.account else f"the source's own account, {place}"
        for place in map(RegistryId._make, places)
    ]
    return f"; the grant for this source lies in {', '.join(shown[:3])}"


def _explicit_denies(found: LinkVerdict, *, doubtful: bool) -> int | None:
    """Number of Deny statements that block the whole link, whatever is allowed; None: unknown."""
    if found.denied:
        # It implies at least one, even where no single statement denies every name.
        return max(1, len(found.denying))
    return None if doubtful or found.denied is None else 0


def _nothing(reason: str, *, given: bool | None) -> dict[str, Any]:
    return {
        "explicit_deny_statements": None,
        "denial_reason": reason,
        "grant_verdict": None,
        "grant_reason": reason,
        "grant_given": given,
        **dict.fromkeys(_COVERAGE),
    }


def _why_unread(index: EvidenceIndex, destination: RegistryId) -> str:
    account = destination.account
    shared = [gap for gap in index.evidence.gaps if (gap.account, gap.region) in (destination, (account, ""))]
    part = index.parts.get(destination)
    if part is not None:
        why = gaps_text([gap for gap in part.gaps if gap.operation == "ecr:GetRegistryPolicy"] or [*part.gaps, *shared])
        return f"the registry policy of the destination {why or 'was not read'}"
    if index.is_member(account) is False:
        return "the destination account is not in the organization, so its registry policy cannot be read"
    # The inventory records why it did not read a destination.
    message = next((gap.message for gap in shared if gap.message), "")
    return "the destination was not read by this run" + (f": {message}" if message else "")


def _verdict(
    index: EvidenceIndex, names: LinkNames, link: Link, prefixes: Sequence[str], repositories: Sequence[str]
) -> LinkVerdict:
    """The verdict on *prefixes* and the existing *repositories*."""
    source, destination = link
    policy = index.parts[destination].registry.registry_policy or ""
    request = link_request(index, source, destination)
    everything = link_verdict(policy, request, prefixes, (), None)
    if everything.verdict is GrantVerdict.ALLOWED and everything.covers_rule and everything.create_covered:
        # Every name is granted: no need to evaluate thousands of names.
        return everything
    absent = frozenset(repositories).intersection(names.absent(link)) if names.absence_is_known(link) else None
    return link_verdict(policy, request, prefixes, repositories, absent)


def link_request(index: EvidenceIndex, source: RegistryId, destination: RegistryId) -> LinkRequest:
    """The request to evaluate against the registry policy of *destination*, which was read."""
    record = index.parts[destination].registry
    organization, path, outside = index.membership(source[0])
    return LinkRequest(
        source_account=source[0],
        destination_account=destination[0],
        region=destination[1],
        partition=record.partition,
        organization_id=organization,
        organization_path=path,
        policy_scope=record.policy_scope,
        outside=outside,
        time=index.evidence.started_at,
    )


def obstacle_columns(
    index: EvidenceIndex, source: RegistryId, destination: RegistryId, missing: Sequence[str] | None
) -> dict[str, Any]:
    """What rules for the *missing* prefixes, which the baseline requires, would meet at the destination."""
    refused = _refused(index, source, destination, missing)
    unserved = _unserved(index, destination, missing)
    found = [
        *([f"the registry policy there does not allow it for {prefixes_text(tuple(refused))}"] if refused else []),
        *([f"no creation template there serves {prefixes_text(tuple(unserved))}"] if unserved else []),
    ]
    return {
        "missing_prefixes_refused": None if refused is None else compact(refused),
        "missing_prefixes_without_template": None if unserved is None else compact(unserved),
        "missing_prefixes_obstacles": "; ".join(found),
    }


def _unserved(index: EvidenceIndex, destination: RegistryId, missing: Sequence[str] | None) -> list[str] | None:
    """Those of *missing* that no creation template serves; None: unknown."""
    if missing is not None and not missing:
        return []
    parsed = index.templates.get(destination)
    return (
        None if missing is None or parsed is None or parsed.value is None else uncovered_prefixes(missing, parsed.value)
    )


def _refused(
    index: EvidenceIndex, source: RegistryId, destination: RegistryId, missing: Sequence[str] | None
) -> list[str] | None:
    """Those of *missing* for which replication may not create repositories and push to them; None: unknown."""
    if source[0] == destination[0] or (missing is not None and not missing):
        return []
    record = index.registry(destination)
    if missing is None or record is None or record.registry_policy is None:
        return None
    request = link_request(index, source, destination)
    found = [action_coverage(record.registry_policy, request, action, missing) for action in (REPLICATE, CREATE)]
    refused = minimal_prefixes(prefix for one in found for prefix in one.uncovered)
    return None if not refused and None in (one.covered for one in found) else list(refused)


TAG = "ecr:TagResource"


def tag_columns(
    index: EvidenceIndex, source: RegistryId, destination: RegistryId, prefixes: Sequence[str] | None
) -> dict[str, Any]:
    """Whether the grant allows the link to create repositories with the tags of the destination's templates.

    *prefixes*: what the rules replicate; None: they were not read.
    """
    parsed = index.templates.get(destination)
    if prefixes is None or parsed is None or parsed.value is None:
        return _columns(None, None)
    tagged = tagged_prefixes(prefixes, parsed.value)
    if not tagged or source[0] == destination[0]:
        return _columns(bool(tagged), None)
    record = index.parts[destination].registry
    if record.registry_policy is None or record.policy_scope != "V2":
        # Scope V1 evaluates three actions; tagging is not one of them (ECR user guide, registry-permissions.html).
        # What then decides is not documented, and it is not known where the scope was not read.
        return _columns(True, None)
    found = action_coverage(record.registry_policy, link_request(index, source, destination), TAG, tagged)
    return _columns(True, None if found.covered is None else list(found.uncovered))


def tagged_prefixes(prefixes: Sequence[str], templates: Sequence[Template]) -> tuple[str, ...]:
    """Prefixes of the names under *prefixes* to which a template for replication with resource tags applies.

    ECR user guide, repository-creation-templates.html: the most specific prefix wins, ROOT applies to the rest.
    """
    served = {"" if each.prefix == "ROOT" else f"{each.prefix}/": each for each in templates if each.for_replication}
    found = []
    for start, template in served.items():
        if not template.document.get("resourceTags"):
            continue
        narrower = [other for other in served if other != start and other.startswith(start)]
        both = [
            max(start, prefix, key=len) for prefix in prefixes if start.startswith(prefix) or prefix.startswith(start)
        ]
        found += [prefix for prefix in both if not is_covered(prefix, narrower)]
    return minimal_prefixes(found)


def _columns(sets: bool | None, untaggable: list[str] | None) -> dict[str, Any]:
    return {
        "template_sets_tags": sets,
        "untaggable_prefixes": None if untaggable is None else compact(untaggable),
    }
