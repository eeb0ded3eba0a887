"""The current replication rules, combined into as few equivalent requirements as possible."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audit.baseline_generator.organization import OrganizationOverview
from audit.baseline_generator.yaml_text import some_of
from audit.evidence import Evidence
from checks.baseline.requirements import is_covered, minimal_prefixes
from checks.baseline.values import is_account_id, is_prefix, is_region
from checks.model import RegistryId

if TYPE_CHECKING:
    from audit.tables.documents import Rule

ReplicatedPrefixes = dict[RegistryId, dict[bool, set[str]]]
"""Of one source: destination (account or `same`, Region) → deletion replicated or not → prefixes."""


@dataclass(frozen=True, slots=True, order=True)
class DesiredReplication:
    """Replication that one or more registries have in common."""

    prefixes: tuple[str, ...]
    destinations: tuple[RegistryId, ...]
    """The account is `same` where it is the source account."""
    delete: bool | None
    """None: rules of one registry have both for the same names."""


@dataclass(frozen=True, slots=True)
class RequirementDraft:
    """One requirement to write."""

    name: str
    desired: DesiredReplication
    units: tuple[str, ...]
    accounts: tuple[str, ...]
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replication:
    """The replication of the current rules."""

    requirements: tuple[RequirementDraft, ...]
    left_out: tuple[str, ...]
    """Clauses about rules that no baseline can express."""
    destinations: tuple[RegistryId, ...]
    """Every destination of every rule, sorted."""


def current(evidence: Evidence, overview: OrganizationOverview) -> Replication:
    """The rules of every registry in scope that was read, as requirements with unique names, in a stable order."""
    from audit.tables.documents import parse_rules  # here, because importing that package imports pandas

    left_out: list[str] = []
    sources: dict[DesiredReplication, set[RegistryId]] = {}
    destinations: set[RegistryId] = set()
    for account, region, text in sorted(in_scope(evidence)):
        source = RegistryId(account, region)
        parsed = parse_rules(text)
        if parsed.problem:
            left_out.append(f"{account}/{region}: {parsed.problem}")
        clauses = [clause for rule in parsed.value or () for clause in _inexpressible(rule, source)]
        left_out.extend(f"{account}/{region}: {clause}" for clause in clauses)
        replicated: ReplicatedPrefixes = {}
        for rule in parsed.value or ():
            _add(replicated, rule, source)
        destinations.update(RegistryId(account if own == "same" else own, where) for own, where in replicated)
        for desired in _folded(replicated):
            sources.setdefault(desired, set()).add(source)
    drafts = [
        draft for desired in sorted(sources, key=_order) for draft in _drafts(desired, sources[desired], overview)
    ]
    return Replication(_named_apart(drafts), tuple(left_out), tuple(sorted(destinations)))


def _inexpressible(rule: Rule, source: RegistryId) -> Iterator[str]:
    """Clauses about parts of *rule* that a baseline cannot express."""
    for prefix in rule.prefixes:
        if prefix and not is_prefix(prefix):
            yield f"rule {rule.number} has the prefix {prefix!r}"
    for pair in rule.destinations:
        if not _possible(pair, source):
            yield f"rule {rule.number} has the destination {'/'.join(pair)!r}"


def _possible(destination: RegistryId, source: RegistryId) -> bool:
    return destination != source and is_account_id(destination[0]) and is_region(destination[1])


def _add(replicated: ReplicatedPrefixes, rule: Rule, source: RegistryId) -> None:
    """Add what *rule* of *source* replicates."""
    prefixes = [prefix for prefix in rule.prefixes if not prefix or is_prefix(prefix)]
    for pair in rule.destinations:
        if prefixes and _possible(pair, source):
            relative = RegistryId("same", pair.region) if pair.account == source.account else pair
            replicated.setdefault(relative, {True: set(), False: set()})[rule.delete_replication].update(prefixes)


def in_scope(evidence: Evidence) -> Iterator[tuple[str, str, str | None]]:
    """(account, Region, replication configuration as read) of every registry that the run was asked to audit."""
    accounts = {record.account for record in evidence.accounts if not record.in_scope}
    regions = {(record.account, record.region) for record in evidence.regions if not record.in_scope}
    for part in evidence.registries:
        registry = part.registry
        if registry.account not in accounts and (registry.account, registry.region) not in regions:
            yield registry.account, registry.region, registry.replication_configuration


def _order(desired: DesiredReplication) -> tuple[object, ...]:
    return desired.prefixes, desired.destinations, str(desired.delete)


def _folded(replicated: ReplicatedPrefixes) -> Iterator[DesiredReplication]:
    """The replication of one registry; destinations with equal prefixes and deletion setting are combined."""
    alike: dict[tuple[tuple[str, ...], bool | None], list[RegistryId]] = {}
    for destination, by_delete in replicated.items():
        on, off = minimal_prefixes(by_delete[True]), minimal_prefixes(by_delete[False])
        if any(is_covered(prefix, off) for prefix in on) or any(is_covered(prefix, on) for prefix in off):
            alike.setdefault((minimal_prefixes((*on, *off)), None), []).append(destination)
            continue
        for part, enabled in ((on, True), (off, False)):
            if part:
                alike.setdefault((part, enabled), []).append(destination)
    for (prefixes, delete), destinations in alike.items():
        yield DesiredReplication(prefixes, tuple(sorted(destinations)), delete)


def _drafts(
    desired: DesiredReplication, sources: set[RegistryId], overview: OrganizationOverview
) -> tuple[RequirementDraft, ...]:
    """*sources* as products of accounts and Regions: by equal Regions or by equal accounts, whichever is shorter."""
    regions_of: dict[str, set[str]] = {}
    accounts_of: dict[str, set[str]] = {}
    for account, region in sources:
        regions_of.setdefault(account, set()).add(region)
        accounts_of.setdefault(region, set()).add(account)
    by_regions: dict[tuple[str, ...], set[str]] = {}
    by_accounts: dict[tuple[str, ...], set[str]] = {}
    for account, regions in regions_of.items():
        by_regions.setdefault(tuple(sorted(regions)), set()).add(account)
    for region, accounts in accounts_of.items():
        by_accounts.setdefault(tuple(sorted(accounts)), set()).add(region)
    ways = (
        [
            _draft(desired, tuple(sorted(accounts)), regions, overview)
            for regions, accounts in sorted(by_regions.items())
        ],
        [
            _draft(desired, accounts, tuple(sorted(regions)), overview)
            for accounts, regions in sorted(by_accounts.items())
        ],
    )
    shortest: list[RequirementDraft] = min(
        ways, key=lambda drafts: (len(drafts), sum(_length(draft) for draft in drafts))
    )
    return tuple(shortest)


def _length(draft: RequirementDraft) -> int:
    return len(draft.units) + len(draft.accounts) + len(draft.regions)


def _draft(
    desired: DesiredReplication, accounts: tuple[str, ...], regions: tuple[str, ...], overview: OrganizationOverview
) -> RequirementDraft:
    units, alone = overview.folded(accounts)
    return RequirementDraft(_name(desired, units, alone, regions, overview), desired, units, alone, regions)


def _name(
    desired: DesiredReplication,
    units: tuple[str, ...],
    accounts: tuple[str, ...],
    regions: tuple[str, ...],
    overview: OrganizationOverview,
) -> str:
    """Prefixes, sources and destinations as a valid name of a requirement."""
    what = "everything" if desired.prefixes == ("",) else _few(desired.prefixes)
    whence = _few([*units, *(overview.label(account) for account in accounts)])
    where = [
        f"{'the same account' if account == 'same' else overview.label(account)}/{region}"
        for account, region in desired.destinations
    ]
    text = f"{what} from {whence} in {_few(regions)} to {_few(where)}"
    line = re.sub(r"\s+", " ", "".join(one if one.isprintable() and one != "," else " " for one in text)).strip()
    return line if len(line) <= 110 else f"{line[:109]}…"


def _few(texts: Sequence[str]) -> str:
    return " and ".join(texts) if len(texts) < 3 else some_of(texts, 1)


def _named_apart(drafts: list[RequirementDraft]) -> tuple[RequirementDraft, ...]:
    names: set[str] = set()
    named = []
    for draft in drafts:
        name, number = draft.name, 1
        while name in names:
            number += 1
            name = f"{draft.name} ({number})"
        names.add(name)
        named.append(replace(draft, name=name))
    return tuple(named)
