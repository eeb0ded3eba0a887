"""Principals that can read, change or delete replicas: columns of the `replicas` table.

Each distinct combination of inputs is evaluated once (see `categorical`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np

from audit.tables.categorical import CaseResults, Categorical, encode, encode_flags, evaluate_cases
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import compact
from audit.tables.registries.policy_reach import NOTHING, Reach, reaches
from audit.tables.replica_pairs import Pairs
from audit.tables.repository_index import RepositoryIndex
from checks.iam import PolicyProblem
from checks.iam.access import (
    Circumstances,
    Clause,
    Exposure,
    Holders,
    certain,
    closed_policy,
    exposure,
    holders,
    none_of,
    own_clauses,
    wider,
)
from checks.iam.callers import Organization
from checks.iam.request import DELETE, PULL, PUSH

_ACCOUNT = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class ExposureAnswer:
    """Columns of `replicas` about the access of other principals to the replica, by the columns' names."""

    external_principals: str | None = None
    cross_account_push_principals: str | None = None
    cross_account_delete_principals: str | None = None
    exposing_registry_statements: str | None = None
    closed_repository_policy: str | None = None
    exposure_unknown: str | None = None


@dataclass(frozen=True, slots=True)
class ReadersAnswer:
    """Column of `replicas` about principals that can read the replica and not its source, by the column's name."""

    extra_readers: str | None = None


def organization_of(index: EvidenceIndex) -> Organization:
    """The organization for the evaluation of policies."""
    organization = index.evidence.organization
    members = {account: index.paths(account)[1] for account in index.accounts}
    partners = frozenset(index.baseline.grants.external_accounts)
    return Organization(organization.id if organization else None, members, partners, index.members is not None)


def exposure_columns(
    index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs, expected: Categorical
) -> dict[str, Any]:
    """Columns of `replicas` about exposure. *expected*: the repository policy that the baseline requires."""
    judgement = ReplicaExposure(organization_of(index), index.evidence.partition, index.evidence.started_at)
    policy, accounts = repository_index.columns["repository_policy"], encode(account for account, _ in index.universe)
    here, there = policy.take(pairs.destination_row), policy.take(pairs.source_row)
    reach = reaches(index, repository_index.names, pairs.destination, pairs.name)
    reach_there = reaches(index, repository_index.names, pairs.source, pairs.name)
    owner, owner_there = accounts.take(pairs.destination), accounts.take(pairs.source)
    # Owners matter only where a policy names them; otherwise every registry would be a separate case.
    own = _where_named(owner, here, reach)
    present, tags = (
        encode_flags(pairs.present),
        _where_asked(repository_index.columns["tags"].take(pairs.destination_row), here, reach),
    )
    exposed = evaluate_cases(judgement.exposed, present, here, reach, own, expected, tags)
    sides = (here, reach, own, _where_named(owner_there, here, reach), there, reach_there, expected)
    return _columns(ExposureAnswer, exposed) | _columns(
        ReadersAnswer, evaluate_cases(judgement.readers, present, *sides)
    )


def _columns(kind: type[Any], judged: CaseResults) -> dict[str, Any]:
    return {each.name: judged.texts(each.name) for each in fields(kind)}


def _where_named(accounts: Categorical, policy: Categorical, reach: Categorical) -> Categorical:
    """*accounts* where the repository policy or the registry policy names them, null elsewhere."""

    def named(account: str | None, text: str | None, of_registry: Reach | None) -> str | None:
        return account if account in _named(text or "") or account in _named((of_registry or NOTHING).text) else None

    judged = evaluate_cases(named, accounts, policy, reach)
    return encode(judged.answers).take(judged.case)


@lru_cache(maxsize=65_536)
def _named(text: str) -> frozenset[str]:
    return frozenset(_ACCOUNT.findall(text))


def _where_asked(tags: Categorical, policy: Categorical, reach: Categorical) -> Categorical:
    """*tags* where a policy has a condition on them: they differ from repository to repository."""
    by_policy = np.array([*map(_asks, policy.values), False], dtype=np.bool_)
    by_registry = np.array([*(_asks(each.text) for each in reach.values), False], dtype=np.bool_)
    return tags.where(by_policy[policy.codes] | by_registry[reach.codes])


def _asks(text: str) -> bool:
    return "resourcetag" in text.lower()


@dataclass(frozen=True, slots=True)
class ReplicaExposure:
    """The exposure of one replica, for one organization."""

    organization: Organization
    partition: str
    time: float | None = None
    """Epoch seconds of the audit, for conditions on the time; None: not known."""

    def circumstances(self, tags: str | None = None) -> Circumstances:
        """What policies are evaluated against; *tags*: JSON object, None where they are unknown or play no part."""
        return Circumstances(self.organization, self.partition, None if tags is None else _object(tags), self.time)

    def exposed(
        self, present: bool | None, here: str | None, reach: Reach | None, owner: str | None, expected: str | None,
        tags: str | None,
    ) -> ExposureAnswer:  # fmt: skip
        """Principals that can push to a replica, delete it or access it from outside; *here*: its repository policy."""
        if not present:
            return ExposureAnswer()
        own = None if here is None else own_clauses(here)
        if own is None:
            return ExposureAnswer(exposure_unknown="the repository policy was not read")
        if isinstance(own, PolicyProblem):
            return ExposureAnswer(exposure_unknown=f"{own.message} (repository policy)")
        circumstances = self.circumstances(tags)
        found = exposure(own, () if reach is None else reach.clauses(), circumstances, owner or "")
        if reach is None:
            return self._without_registry(found)
        return ExposureAnswer(
            external_principals=_named_if_certain(found.outsiders),
            cross_account_push_principals=_named_if_certain(found.pushers),
            cross_account_delete_principals=_named_if_certain(found.deleters),
            exposing_registry_statements=compact(self._exposing(reach, circumstances, owner or "")),
            closed_repository_policy=self._closed(here or "", own, circumstances, owner or "", expected or ""),
            exposure_unknown="",
        )

    @staticmethod
    def _without_registry(found: Exposure) -> ExposureAnswer:
        """The certain part of the result if the registry policy was not read."""
        return ExposureAnswer(
            external_principals=None if found.outsiders else "[]",
            exposure_unknown="the registry policy was not read, and it may allow or deny too",
        )

    def _exposing(self, reach: Reach, circumstances: Circumstances, owner: str) -> list[int]:
        """Numbers of the registry policy's statements that allow other accounts to push or delete."""
        numbered = zip(reach.truths, reach.clauses(), strict=True)
        return [
            number
            for (number, _), clause in numbered
            if clause.statement.effect == "Allow" and set(holders((clause,), circumstances, (*PUSH, *DELETE))) - {owner}
        ]

    def _closed(
        self, here: str, own: tuple[Clause, ...], circumstances: Circumstances, owner: str, expected: str
    ) -> str | None:
        """The policy to set; empty: it must be written manually; None: the repository policy exposes nothing."""
        if exposure(own, (), circumstances, owner).none:
            return None
        if not expected:
            return closed_policy(here, circumstances, owner) or ""
        declared = own_clauses(expected)
        if isinstance(declared, PolicyProblem) or not exposure(declared, (), circumstances, owner).none:
            return ""
        return expected

    def readers(
        self, present: bool | None, here: str | None, reach: Reach | None, owner: str | None,
        owner_there: str | None, there: str | None, reach_there: Reach | None, expected: str | None,
    ) -> ReadersAnswer:  # fmt: skip
        """Principals that can read the replica, but neither the source nor by the policy that the baseline requires."""
        own = None if here is None else own_clauses(here)
        if not present or own is None or isinstance(own, PolicyProblem) or reach is None:
            return ReadersAnswer()
        clauses, circumstances = (*own, *reach.clauses()), self.circumstances()
        owners = {owner, owner_there}
        if not set(holders(clauses, circumstances, PULL)) - owners:
            return ReadersAnswer("[]")
        source = None if there is None else own_clauses(there)
        if source is None or isinstance(source, PolicyProblem) or reach_there is None:
            return ReadersAnswer()
        if here == there and reach is NOTHING and reach_there is NOTHING:
            return ReadersAnswer("[]")
        declared = own_clauses(expected or "")
        than = [(*source, *reach_there.clauses()), () if isinstance(declared, PolicyProblem) else declared]
        found = wider(clauses, than, circumstances)
        extra = {label: truth for label, truth in found.items() if label not in owners}
        return ReadersAnswer(_named_if_certain(extra))


def _named_if_certain(found: Holders) -> str | None:
    """The principals of *found* that certainly have access, JSON array; None where it is unknown whether any has."""
    return None if none_of(found) is None else compact(certain(found))


def _object(text: str) -> Mapping[str, str] | None:
    try:
        held = json.loads(text)
    except ValueError:
        return None
    return held if isinstance(held, dict) else None


def categorical_texts(column: Any) -> Categorical:
    """A categorical column of text as `Categorical`."""
    return Categorical(np.asarray(column.codes, dtype=np.int64), list(column.categories))
