"""The `grants` table, and whether the accounts to which a statement grants replication use the grant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from audit.evidence import RegistryRecord
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import compact, frame_of_rows
from audit.tables.misplaced_grants import MisplacedGrants
from checks.baseline.requirements import destinations_of, prefixes_of
from checks.iam import Policy, StatementEvaluation, evaluate_policy, parse_policy
from checks.iam.condition_keys import Context
from checks.iam.conditions import holds
from checks.iam.coverage import speaks_about
from checks.iam.grantees import replicating_accounts
from checks.iam.parse import Statement
from checks.iam.request import REPLICATE, Caller
from checks.iam.request import Registry as Place
from checks.iam.resources import resource_problems
from checks.iam.three_valued import Truth, every
from checks.model import RegistryId
from checks.tables import GRANTS

_ENABLED = ("ENABLED", "ENABLED_BY_DEFAULT", "ENABLING", "DISABLING")


class GrantUse:
    """Which accounts replicate into which registry, by a rule or by a requirement of the baseline."""

    def __init__(self, index: EvidenceIndex) -> None:
        self._index = index
        self._incoming: dict[tuple[RegistryId, str], tuple[str, ...]] = {}
        for source, parsed in index.rules.items():
            for rule in parsed.value or ():
                for destination in rule.destinations:
                    if destination != source:
                        self._add(destination, source[0], rule.prefixes)
        self._possible: set[tuple[RegistryId, str]] = set()
        self._add_required(index)
        self._unread: dict[str, str] = {}

    def _add_required(self, index: EvidenceIndex) -> None:
        for (account, _), applied_requirements in index.applied_requirements.items():
            for applied in applied_requirements:
                for destination in applied.destinations:
                    if applied.certain:
                        self._add(destination, account, applied.prefixes)
                    else:
                        self._possible.add((destination, account))
        for requirement in index.baseline.replication:
            # Requirements can name accounts that this run does not read, for example partners.
            for account in requirement.sources.accounts:
                for destination in destinations_of(requirement, account):
                    self._add(destination, account, prefixes_of(requirement.sources))

    def _add(self, destination: RegistryId, account: str, prefixes: tuple[str, ...]) -> None:
        key = (destination, account)
        self._incoming[key] = tuple(dict.fromkeys((*self._incoming.get(key, ()), *prefixes)))

    def columns(
        self, statement: Statement | None, registry: RegistryId, partition: str, concerns: Truth
    ) -> dict[str, Any]:
        """The columns for one *statement* of the policy of *registry*; None: the policy could not be parsed."""
        if statement is None:
            return _columns(None, None, "")
        accounts, complete = replicating_accounts(statement, registry[0])
        accounts = frozenset(one for one in accounts if self._may_use(one, statement, partition))
        named = every((concerns, complete, bool(accounts) if complete else True))
        if not named:
            return _columns(named, None, "")
        answers = {account: self._uses(account, statement, registry, partition) for account in sorted(accounts)}
        unused = [account for account, answer in answers.items() if answer is False]
        doubtful = [account for account, answer in answers.items() if answer is None]
        reason = "; ".join(dict.fromkeys(filter(None, (self._unread_reason(account) for account in doubtful))))
        return _columns(True, unused if unused or not doubtful else None, reason)

    def _may_use(self, account: str, statement: Statement, partition: str) -> bool:
        """Whether *account* is not one from outside the organization that the conditions of *statement* exclude."""
        if self._index.is_member(account) is not False or not statement.conditions:
            return True
        organization, path, outside = self._index.membership(account)
        caller = Caller(account, partition, organization, path, outside=outside)
        context = Context(caller, REPLICATE, time=self._index.evidence.started_at)
        return holds(statement.conditions, context) is not False

    def _uses(self, account: str, statement: Statement, registry: RegistryId, partition: str) -> Truth:
        prefixes = self._incoming.get((registry, account), ())
        context = Context(Caller(account, partition, None, None), REPLICATE)
        place = Place(*registry, partition)
        # A wrong Resource is another finding, and must be corrected for accounts that use the grant.
        wrong = bool(resource_problems(statement.resources, place).unmatchable)
        met = bool(prefixes) and (wrong or speaks_about(statement, place, context, prefixes))
        if met is not False:
            return met
        return None if (registry, account) in self._possible or self._unread_reason(account) else False

    def _unread_reason(self, account: str) -> str:
        """Why *account* may have rules that this run did not read, as a clause; empty: all were read."""
        if account not in self._unread:
            self._unread[account] = self._unread_rules(account)
        return self._unread[account]

    def _unread_rules(self, account: str) -> str:
        index = self._index
        state = index.state(account)
        if state not in (None, "ACTIVE"):
            return f"account {account} is {state}, so its rules cannot be read"
        places = [
            RegistryId(record.account, record.region)
            for record in index.evidence.regions
            if record.account == account and record.status in (None, *_ENABLED)
        ]
        if not places:
            return f"the Regions of account {account} are unknown"
        unread = [place[1] for place in places if _rules(index, place) is None]
        return f"the rules of account {account} in {_listed(unread)} were not read" if unread else ""


def _rules(index: EvidenceIndex, place: RegistryId) -> Any:
    parsed = index.rules.get(place)
    return parsed.value if parsed else None


def _listed(regions: Iterable[str]) -> str:
    found = sorted(regions)
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more Regions" if len(found) > 3 else "")


def _columns(named: Truth, unused: list[str] | None, problem: str) -> dict[str, Any]:
    return {
        "grantees_named": named,
        "unused_accounts": None if unused is None else compact(unused),
        "use_problem": problem,
    }


def grants_frame(index: EvidenceIndex, misplaced: MisplacedGrants) -> pd.DataFrame:
    """One row a statement of a registry policy that was read; number 0 for a policy that could not be parsed."""
    members, use = members_with_paths(index), GrantUse(index)
    records = (part.registry for part in index.parts.values())
    return frame_of_rows(GRANTS, (row for record in records for row in _rows(index, record, members, use, misplaced)))


def _rows(
    index: EvidenceIndex,
    record: RegistryRecord,
    members: Mapping[str, str | None] | None,
    use: GrantUse,
    misplaced: MisplacedGrants,
) -> Iterator[dict[str, Any]]:
    place = RegistryId(record.account, record.region)
    policy = parse_policy(record.registry_policy or "")
    statements = policy.statements if isinstance(policy, Policy) else (None,)
    for judgement, statement in zip(evaluated_statements(index, record, members), statements, strict=False):
        used = use.columns(statement, place, record.partition, judgement.concerns_replication)
        missing_at = () if statement is None else misplaced.missing_at(place, statement)
        meant = {"grant_missing_at": compact([str(one) for one in missing_at])}
        yield {"account": place[0], "region": place[1], **asdict(judgement), **used, **meant}


def members_with_paths(index: EvidenceIndex) -> Mapping[str, str | None] | None:
    """Accounts of the organization with their organization paths for policy conditions; None: they were not read."""
    return None if index.members is None else {account: index.paths(account)[1] for account in index.members}


def evaluated_statements(
    index: EvidenceIndex, record: RegistryRecord, members: Mapping[str, str | None] | None
) -> tuple[StatementEvaluation, ...]:
    """The statements of one registry policy, each evaluated separately; empty for a policy that was not read."""
    organization, grants = index.evidence.organization, index.baseline.grants
    return evaluate_policy(
        record.registry_policy,
        (record.account, record.region, record.partition),
        members,
        organization.id if organization else None,
        frozenset(grants.external_accounts),
        frozenset(grants.allowed_actions),
        record.policy_scope,
        index.evidence.started_at,
    )
