"""Which repositories are replicated into one copy, and whether all of them are known."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.tables.categorical import Codes
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import UNKNOWN, YES
from audit.tables.replica_pairs import Pairs
from audit.tables.repository_index import RepositoryIndex
from checks.iam import Policy, parse_policy
from checks.iam.decision import action_match
from checks.iam.grantees import grantees_of
from checks.iam.request import REPLICATE
from checks.model import RegistryId


@dataclass(frozen=True, slots=True)
class CopySources:
    """One of each array a replica: about the copy that it leads to, whoever else replicates into it."""

    copy: Codes
    """The same number for replicas that lead to the same repository of the same registry."""
    count: Codes
    """How many repositories rules replicate into the copy."""
    first: NDArray[np.bool_]
    """Whether it is the first replica of a rule that leads there: what is told of the copy is told once, with it."""
    complete: NDArray[np.bool_]
    """Whether every registry that could replicate into the copy was read."""

    def counted(self, chosen: NDArray[np.bool_], pairs: Pairs) -> Codes:
        """For each replica, how many replicas of rules that lead to its copy are *chosen*."""
        found: Codes = np.bincount(self.copy[chosen & (pairs.matched == YES)], minlength=len(self.copy))[self.copy]
        return found

    def all_of(self, chosen: NDArray[np.bool_], pairs: Pairs) -> NDArray[np.bool_]:
        """For each replica, whether all replicas of rules that lead to its copy are *chosen*, and no other can."""
        result: NDArray[np.bool_] = self.complete & (self.counted(chosen, pairs) == self.count)
        return result


def copy_sources(index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs) -> CopySources:
    """Group the replicas by copy."""
    copy = pd.factorize(pairs.destination * max(1, len(repository_index.names)) + pairs.name)[0].astype(np.int64)
    rows = np.flatnonzero(pairs.matched == YES)
    first = np.zeros(len(pairs), dtype=np.bool_)
    first[rows[np.unique(copy[rows], return_index=True)[1]]] = True
    doubtful = np.bincount(copy[pairs.matched == UNKNOWN], minlength=len(pairs))[copy] > 0
    return CopySources(
        copy=copy,
        count=np.bincount(copy[rows], minlength=len(pairs))[copy],
        first=first,
        complete=_sources_known(index, pairs)[pairs.destination] & ~doubtful if len(pairs) else ~doubtful,
    )


def _sources_known(index: EvidenceIndex, pairs: Pairs) -> NDArray[np.bool_]:
    """For each registry of the universe that is a destination, whether all that could replicate into it were read."""
    regions: dict[str, list[RegistryId]] = defaultdict(list)
    for place, status in index.region_statuses.items():
        if status != "DISABLED":
            regions[place[0]].append(place)
    read = frozenset(account for account, places in regions.items() if all(_all_read(index, place) for place in places))
    # Replicas are made of sources in scope alone.
    elsewhere = {
        pair
        for key, parsed in index.rules.items()
        if key not in index.in_scope
        for rule in parsed.value or ()
        for pair in rule.destinations
    }
    result = np.zeros(len(index.universe), dtype=np.bool_)
    for at in np.unique(pairs.destination).tolist():
        registry = index.universe[at]
        admitted = _admitted(index, registry)
        result[at] = admitted is not None and registry not in elsewhere and admitted <= read
    return result


def _all_read(index: EvidenceIndex, registry: RegistryId) -> bool:
    """Whether rules and repositories of *registry* are all known: an unseen repository may be a source too."""
    part = index.parts.get(registry)
    return part is not None and part.registry.repositories_read and index.rules[registry].value is not None


def _admitted(index: EvidenceIndex, registry: RegistryId) -> frozenset[str] | None:
    """Accounts that could replicate into *registry*, itself among them; None: others that nobody can list could too."""
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
        whom = grantees_of(statement)
        foreign = whom.organizations - {organization.id if organization else ""}
        if not statement.judgeable or not whom.readable or whom.everyone or foreign:
            return None
        if whom.organizations:
            if index.members is None:
                return None
            accounts |= index.members
        accounts |= whom.accounts
    # An account that is not active cannot be read, and nothing is pushed in it.
    return frozenset(account for account in accounts if index.state(account) in ("ACTIVE", None))
