"""Which registries replicate to which others, and which unread rules might exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from audit.tables.documents import Rule
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.repository_index import RepositoryNames, repository_names
from checks.baseline.requirements import minimal_prefixes
from checks.iam import LinkRequest, LinkVerdict, Policy, link_verdict, parse_policy
from checks.iam.decision import action_match
from checks.iam.grantees import grantees_of
from checks.iam.request import REPLICATE
from checks.model import RegistryId


@dataclass(frozen=True, slots=True)
class UnreadSources:
    """Registries whose rules were not read, and where registry policies allow them to replicate."""

    index: EvidenceIndex
    unread: dict[RegistryId, RepositoryNames]
    """Those that have, or may have, repositories."""
    _found: dict[RegistryId, tuple[RegistryId, ...]] = field(default_factory=dict)

    def into(self, destination: RegistryId) -> tuple[RegistryId, ...]:
        """Unread registries that may replicate into *destination*."""
        if destination not in self._found:
            # A registry policy distinguishes source accounts, not source Regions: one evaluation per account.
            by_account = {sender[0]: sender for sender in self.unread if sender != destination}
            allowed = {
                a for a, each in by_account.items() if granted(self.index, each, destination, ("",)) is not False
            }
            self._found[destination] = tuple(
                sender for sender in self.unread if sender != destination and sender[0] in allowed
            )
        return self._found[destination]

    def unlisted_into(self, destination: RegistryId) -> bool:
        """Whether accounts of the organization that could not be listed may replicate into *destination*."""
        if self.index.accounts_listed:
            return False
        allowed = allowed_accounts(self.index, destination)
        return allowed is None or not allowed <= self.index.accounts.keys()

    def may_send(self, name: str, destination: RegistryId) -> bool:
        """Whether one of them may replicate a repository called *name* into *destination*."""
        held = (self.unread[sender] for sender in self.into(destination))
        return any(not names.complete or names.has(name) for names in held)


def unread_sources(index: EvidenceIndex, names: dict[RegistryId, RepositoryNames]) -> UnreadSources:
    """The registries that the run planned to read and whose rules were not read."""
    unread = (key for key in index.parts if index.rules[key].value is None)
    return UnreadSources(index, {key: names[key] for key in unread if names[key].names or not names[key].complete})


def granted(
    index: EvidenceIndex, source: RegistryId, destination: RegistryId, prefixes: tuple[str, ...]
) -> bool | None:
    """Whether *destination* allows *source* to replicate at least one name under *prefixes*; None: unknown.

    ECR user guide, registry-permissions.html: within one account no grant is needed.
    """
    if source[0] == destination[0]:
        return True
    record = index.registry(destination)
    if record is not None and record.registry_policy == "":
        return False
    verdict = grant_verdict(index, source, destination, prefixes)
    return None if verdict is None else verdict.given


def grant_verdict(
    index: EvidenceIndex, source: RegistryId, destination: RegistryId, prefixes: tuple[str, ...]
) -> LinkVerdict | None:
    """Evaluate the policy of *destination*, in another account, for names under *prefixes*; None: it was not read."""
    record = index.registry(destination)
    if record is None or record.registry_policy is None:
        return None
    organization, path, outside = index.membership(source[0])
    request = LinkRequest(
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
    return link_verdict(record.registry_policy, request, prefixes, (), None)


def allowed_accounts(index: EvidenceIndex, registry: RegistryId) -> frozenset[str] | None:
    """Accounts that could replicate into *registry*, itself included; None: accounts that cannot be listed could."""
    record = index.registry(registry)
    if record is None or record.registry_policy is None:
        return None
    policy = parse_policy(record.registry_policy) if record.registry_policy else None
    accounts = {registry[0]}
    if policy is not None and not isinstance(policy, Policy):
        return None
    organization = index.evidence.organization
    for statement in policy.statements if policy else ():
        if statement.effect == "Deny" or action_match(statement, REPLICATE) is False:
            continue
        grantees = grantees_of(statement)
        foreign = grantees.organizations - {organization.id if organization else ""}
        if not statement.judgeable or not grantees.readable or grantees.everyone or foreign:
            return None
        if grantees.organizations:
            if index.members is None:
                return None
            accounts |= index.members
        accounts |= grantees.accounts
    # An account that is not active cannot be read, and nothing can be pushed there.
    return frozenset(account for account in accounts if index.state(account) in ("ACTIVE", None))


Outgoing = Mapping[RegistryId, tuple[str, ...]]
"""Destination → the prefixes that are replicated there, as few as possible."""


@dataclass(frozen=True, slots=True)
class ReplicationGraph:
    """The registries that were read, with their outgoing replication."""

    outgoing: Mapping[RegistryId, Outgoing | None]
    """None: its rules were not read."""
    names: Mapping[RegistryId, RepositoryNames]
    unread: UnreadSources
    unlisted: tuple[RegistryId, ...]
    """Registries whose repositories were not all listed."""

    def arriving_unlisted(self, destination: RegistryId) -> tuple[str, ...]:
        """Prefixes that are replicated to *destination* from registries whose repositories were not all listed."""
        return tuple(
            prefix for source in self.unlisted for prefix in (self.outgoing[source] or {}).get(destination, ())
        )

    def out_of(self, registry: RegistryId) -> Outgoing | None:
        """Destinations and prefixes of *registry*; None where they are unknown, as for registries outside the run."""
        return self.outgoing.get(registry)


def build_replication_graph(index: EvidenceIndex) -> ReplicationGraph:
    """The graph of all registries that were read, in scope or not."""
    names = dict(repository_names(index))
    outgoing = {
        key: None if parsed.value is None else _outgoing(key, parsed.value) for key, parsed in index.rules.items()
    }
    unlisted = tuple(key for key, held in names.items() if not held.complete)
    return ReplicationGraph(outgoing, names, unread_sources(index, names), unlisted)


def _outgoing(source: RegistryId, rules: Sequence[Rule]) -> Outgoing:
    found: dict[RegistryId, list[str]] = {}
    for rule in rules:
        for destination in rule.destinations:
            if destination != source:
                found.setdefault(destination, []).extend(rule.prefixes)
    return {destination: minimal_prefixes(prefixes) for destination, prefixes in found.items()}
