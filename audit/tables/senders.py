"""Which registries might replicate into another one although nobody could read their rules."""

from __future__ import annotations

from dataclasses import dataclass, field

from audit.tables.known import Known
from audit.tables.repository_names import RepositoryNames
from checks.iam import LinkRequest, LinkVerdict, link_verdict
from checks.model import RegistryId


@dataclass(frozen=True, slots=True)
class UnreadSenders:
    """Registries whose rules were not read, and what the others' policies let them do."""

    known: Known
    unread: dict[RegistryId, RepositoryNames]
    """Those that hold repositories, or may hold some."""
    _found: dict[RegistryId, tuple[RegistryId, ...]] = field(default_factory=dict)

    def into(self, destination: RegistryId) -> tuple[RegistryId, ...]:
        """Unread registries that may replicate into *destination*."""
        if destination not in self._found:
            # A registry policy knows accounts, not the Regions that images come from: one question an account.
            first = {sender[0]: sender for sender in self.unread if sender != destination}
            let_in = {a for a, each in first.items() if granted(self.known, each, destination, ("",)) is not False}
            self._found[destination] = tuple(
                sender for sender in self.unread if sender != destination and sender[0] in let_in
            )
        return self._found[destination]

    def may_send(self, name: str, destination: RegistryId) -> bool:
        """Whether one of them may replicate a repository called *name* into *destination*."""
        held = (self.unread[sender] for sender in self.into(destination))
        return any(not names.complete or names.has(name) for names in held)


def unread_senders(known: Known, names: dict[RegistryId, RepositoryNames]) -> UnreadSenders:
    """The registries that the run set out to read and whose rules it does not know."""
    unread = (key for key in known.parts if known.rules[key].value is None)
    return UnreadSenders(known, {key: names[key] for key in unread if names[key].names or not names[key].complete})


def granted(known: Known, source: RegistryId, destination: RegistryId, prefixes: tuple[str, ...]) -> bool | None:
    """Whether *destination* lets *source* replicate at least some name under *prefixes*; None: not known.

    ECR user guide, registry-permissions.html: within one account no grant is needed.
    """
    if source[0] == destination[0]:
        return True
    record = known.registry(destination)
    if record is not None and record.registry_policy == "":
        return False
    verdict = grant_verdict(known, source, destination, prefixes)
    return None if verdict is None else verdict.given


def grant_verdict(
    known: Known, source: RegistryId, destination: RegistryId, prefixes: tuple[str, ...]
) -> LinkVerdict | None:
    """What *destination*, in another account, says to any name under *prefixes*; None: its policy was not read."""
    record = known.registry(destination)
    if record is None or record.registry_policy is None:
        return None
    organization, member = known.evidence.organization, known.is_member(source[0])
    told = None if organization is None or member is None else organization.id if member else ""
    request = LinkRequest(
        source_account=source[0],
        destination_account=destination[0],
        region=destination[1],
        partition=record.partition,
        organization_id=told,
        organization_path=known.paths(source[0])[1],
        policy_scope=record.policy_scope,
    )
    return link_verdict(record.registry_policy, request, prefixes, (), None)
