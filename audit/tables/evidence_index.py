"""Evidence and baseline, parsed and indexed once for all tables; account and Region columns of long tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.evidence import AccountRecord, Evidence, RegistryEvidence, RegistryRecord
from audit.tables.categorical import Categorical, Codes, encode
from audit.tables.documents import Parsed, Rule, Template, parse_object, parse_rules, parse_templates
from checks.baseline.places import applies_to
from checks.baseline.requirements import destinations_of, prefixes_of
from checks.baseline.schema import Baseline
from checks.baseline.sections import Requirement
from checks.model import Place, RegistryId


@dataclass(frozen=True, slots=True)
class AppliedRequirement:
    """A requirement of the baseline as it applies to one source registry."""

    requirement: Requirement
    certain: bool
    """False where it depends on the organizational unit of the account, which is unknown."""
    prefixes: tuple[str, ...]
    destinations: tuple[RegistryId, ...]
    """Without the source registry itself."""


@dataclass(frozen=True, slots=True)
class EvidenceIndex:
    """All evidence, indexed, with the requirements of the baseline that apply to it."""

    evidence: Evidence
    baseline: Baseline
    parts: Mapping[RegistryId, RegistryEvidence]
    """In order of account and Region."""
    accounts: Mapping[str, AccountRecord]
    members: frozenset[str] | None
    """Every account of the organization; None where that list was not read, or there is no organization."""
    accounts_listed: bool
    """Whether the organization has no other accounts than `accounts`; true for an account without organization."""
    rules: Mapping[RegistryId, Parsed[tuple[Rule, ...]]]
    templates: Mapping[RegistryId, Parsed[tuple[Template, ...]]]
    applied_requirements: Mapping[RegistryId, tuple[AppliedRequirement, ...]]
    universe: tuple[RegistryId, ...]
    """Every registry that was read or is a destination, in order: its position is its code."""
    sources: tuple[RegistryId, ...]
    """Registries in scope: only their replication is evaluated. Others are read because they are destinations."""
    in_scope: frozenset[RegistryId]
    """`sources` as a set."""
    region_statuses: Mapping[RegistryId, str | None]
    """Account and Region → its status, from the account or the organization; None: unknown."""

    def registry(self, registry: RegistryId) -> RegistryRecord | None:
        """The record of *registry*; None where the run did not plan to read it."""
        part = self.parts.get(registry)
        return part.registry if part else None

    def replicates_to(self, source: RegistryId) -> frozenset[RegistryId] | None:
        """Destinations of the rules of *source*, without itself, which ECR refuses; None: its rules are unknown."""
        parsed = self.rules.get(source)
        if parsed is None or parsed.value is None:
            return None
        return frozenset(pair for rule in parsed.value for pair in rule.destinations if pair != source)

    def is_member(self, account: str) -> bool | None:
        """Whether *account* belongs to the organization; None: unknown."""
        if account in self.accounts:
            return True
        return None if self.members is None else account in self.members

    def name(self, account: str) -> str | None:
        """Name of *account*, where it belongs to the organization and could be read."""
        record = self.accounts.get(account)
        return record.name if record else None

    def state(self, account: str) -> str | None:
        """State of *account*, where it belongs to the organization and could be read."""
        record = self.accounts.get(account)
        return record.state if record else None

    def place(self, registry: RegistryId) -> Place:
        """*registry* with what scopes of the baseline need to know of its account."""
        record = self.accounts.get(registry[0])
        name = record.name if record else "" if self.is_member(registry[0]) is False else None
        return Place(registry[0], registry[1], name, *self.paths(registry[0]))

    def paths(self, account: str) -> tuple[str | None, str | None]:
        """Name path and id path of *account*. Empty for an account outside the organization."""
        record = self.accounts.get(account)
        if record:
            return record.ou_path, record.organization_path
        return ("", "") if self.is_member(account) is False else (None, None)

    def membership(self, account: str) -> tuple[str | None, str | None, str]:
        """(organization of *account*, its path there, an organization to which it certainly does not belong).

        The first two are None where they are unknown, as for every account outside the organization of this run.
        """
        organization, member = self.evidence.organization, self.is_member(account)
        if organization is None or member is None:
            return None, None, ""
        return (organization.id, self.paths(account)[1], "") if member else (None, None, organization.id)


def index_evidence(evidence: Evidence, baseline: Baseline) -> EvidenceIndex:
    """Index *evidence*, parse its documents and apply the requirements of *baseline* to its registries."""
    parts = {_key(part): part for part in sorted(evidence.registries, key=_key)}
    accounts = {record.account: record for record in sorted(evidence.accounts, key=lambda record: record.account)}
    rules = {key: parse_rules(part.registry.replication_configuration) for key, part in parts.items()}
    sources = _in_scope(evidence, parts)
    applied_requirements = {key: tuple(_applied_requirements(baseline, accounts.get(key[0]), key)) for key in sources}
    named = {
        destination for parsed in rules.values() for rule in parsed.value or () for destination in rule.destinations
    }
    effective_requirements = {
        destination
        for each in applied_requirements.values()
        for applied in each
        for destination in applied.destinations
    }
    return EvidenceIndex(
        evidence=evidence,
        baseline=baseline,
        parts=parts,
        accounts=accounts,
        members=frozenset(accounts) if _account_list_was_read(evidence) else None,
        accounts_listed=_no_other_accounts(evidence),
        rules=rules,
        templates={key: parse_templates(part.registry.templates) for key, part in parts.items()},
        applied_requirements=applied_requirements,
        universe=tuple(sorted({*parts, *named, *effective_requirements})),
        sources=sources,
        in_scope=frozenset(sources),
        region_statuses={RegistryId(record.account, record.region): record.status for record in evidence.regions},
    )


def _key(part: RegistryEvidence) -> RegistryId:
    return RegistryId(part.registry.account, part.registry.region)


def _account_list_was_read(evidence: Evidence) -> bool:
    if evidence.organization is None or all(record.state is None for record in evidence.accounts):
        return False
    return all(gap.operation != "organizations:ListAccounts" for gap in evidence.gaps)


def _no_other_accounts(evidence: Evidence) -> bool:
    refused = {gap.operation for gap in evidence.gaps}
    if "organizations:ListAccounts" in refused:
        return False
    return evidence.organization is not None or "organizations:DescribeOrganization" not in refused


def _in_scope(evidence: Evidence, parts: Mapping[RegistryId, RegistryEvidence]) -> tuple[RegistryId, ...]:
    accounts = {record.account for record in evidence.accounts if not record.in_scope}
    regions = {(record.account, record.region) for record in evidence.regions if not record.in_scope}
    return tuple(key for key in parts if key[0] not in accounts and key not in regions)


def _applied_requirements(
    baseline: Baseline, account: AccountRecord | None, source: RegistryId
) -> Iterator[AppliedRequirement]:
    for requirement in baseline.replication:
        matches = applies_to(requirement.sources, place_of(account, source))
        destinations = tuple(pair for pair in destinations_of(requirement, source[0]) if pair != source)
        if matches is not False and destinations:
            yield AppliedRequirement(requirement, matches is True, prefixes_of(requirement.sources), destinations)


def place_of(record: AccountRecord | None, registry: RegistryId) -> Place:
    """*registry*, whose account *record* describes."""
    if record is None:
        return Place(*registry)
    return Place(*registry, record.name, record.ou_path, record.organization_path)


def account_texts(index: EvidenceIndex, registry: Codes) -> pd.Categorical:
    """Account ids of registries."""
    return encode(account for account, _ in index.universe).take(registry).texts()


def region_texts(index: EvidenceIndex, registry: Codes) -> pd.Categorical:
    """Region names of registries."""
    return encode(region for _, region in index.universe).take(registry).texts()


def partition_texts(index: EvidenceIndex, registry: Codes) -> pd.Categorical:
    """Partitions of registries that were read."""
    records = (index.registry(key) for key in index.universe)
    return encode(record.partition if record else None for record in records).take(registry).texts()


def scan_types(index: EvidenceIndex) -> Categorical:
    """Scan type of every registry of the universe; empty where its Region has no scanning configuration."""
    types: list[str | None] = []
    for registry in index.universe:
        record = index.registry(registry)
        text = record.scanning_configuration if record else None
        document = parse_object(text, "the scanning configuration").value
        found = None if document is None else document.get("scanType", "")
        types.append(found if isinstance(found, str) else None)
    return encode(types)


def keys_of(index: EvidenceIndex, registry: RegistryId) -> Parsed[Mapping[str, Any]]:
    """The KMS keys that were described for *registry*."""
    record = index.registry(registry)
    return parse_object(record.keys if record else None, "the KMS key information")
