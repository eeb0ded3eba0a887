"""Columns of the `grants` table about use: whether the accounts that a statement grants replication to do replicate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from audit.tables.frames import compact
from audit.tables.known import Known
from checks.iam.cover import speaks_about
from checks.iam.grantees import replicating_accounts
from checks.iam.keys import Context
from checks.iam.parse import Statement
from checks.iam.request import REPLICATE, Caller
from checks.iam.request import Registry as Place
from checks.iam.resources import resource_problems
from checks.iam.ternary import Truth, every
from checks.model import RegistryId
from checks.requirements import destinations_of, prefixes_of

_ENABLED = ("ENABLED", "ENABLED_BY_DEFAULT", "ENABLING", "DISABLING")


class GrantUse:
    """Who replicates into which registry, in force or required by the baseline."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._incoming: dict[tuple[RegistryId, str], tuple[str, ...]] = {}
        for (account, _), parsed in known.rules.items():
            for rule in parsed.value or ():
                for destination in rule.destinations:
                    self._add(destination, account, rule.prefixes)
        self._possible: set[tuple[RegistryId, str]] = set()
        self._add_required(known)
        self._unread: dict[str, str] = {}

    def _add_required(self, known: Known) -> None:
        for (account, _), demands in known.demands.items():
            for demand in demands:
                for destination in demand.destinations:
                    if demand.certain:
                        self._add(destination, account, demand.prefixes)
                    else:
                        self._possible.add((destination, account))
        for requirement in known.baseline.replication:
            # Accounts that this run does not read, partners for example, are required by name only.
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
            return _columns(None, None, None, "")
        accounts, complete = replicating_accounts(statement, registry[0])
        named = every((concerns, complete, bool(accounts) if complete else True))
        if not named:
            return _columns(named, None, None, "")
        answers = {account: self._uses(account, statement, registry, partition) for account in sorted(accounts)}
        unused = [account for account, answer in answers.items() if answer is False]
        doubtful = [account for account, answer in answers.items() if answer is None]
        why = "; ".join(dict.fromkeys(filter(None, (self._why(account) for account in doubtful))))
        return _columns(True, every(answers.values()), unused, why)

    def _uses(self, account: str, statement: Statement, registry: RegistryId, partition: str) -> Truth:
        prefixes = self._incoming.get((registry, account), ())
        context = Context(Caller(account, partition, None, None), REPLICATE)
        place = Place(*registry, partition)
        # A Resource that is wrong is another finding, and is to be corrected for those who need it.
        wrong = bool(resource_problems(statement.resources, place))
        met = bool(prefixes) and (wrong or speaks_about(statement, place, context, prefixes))
        if met is not False:
            return met
        return None if (registry, account) in self._possible or self._why(account) else False

    def _why(self, account: str) -> str:
        """Why rules of *account* may exist that this run does not know, as a clause; empty: it knows all."""
        if account not in self._unread:
            self._unread[account] = self._unread_rules(account)
        return self._unread[account]

    def _unread_rules(self, account: str) -> str:
        known = self._known
        places = [
            RegistryId(record.account, record.region)
            for record in known.evidence.regions
            if record.account == account and record.status in (None, *_ENABLED)
        ]
        if not places:
            return f"the Regions of account {account} are not known"
        unread = [place[1] for place in places if _rules(known, place) is None]
        return f"the rules of account {account} in {_listed(unread)} were not read" if unread else ""


def _rules(known: Known, place: RegistryId) -> Any:
    parsed = known.rules.get(place)
    return parsed.value if parsed else None


def _listed(regions: Iterable[str]) -> str:
    found = sorted(regions)
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more Regions" if len(found) > 3 else "")


def _columns(named: Truth, in_use: Truth, unused: list[str] | None, problem: str) -> dict[str, Any]:
    return {
        "grantees_named": named,
        "grantees_use_it": in_use,
        "unused_accounts": None if unused is None else compact(unused),
        "use_problem": problem,
    }
