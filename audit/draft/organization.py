"""Who belongs to the organization, where accounts lie, and which names they go by in a draft."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from audit.evidence import AccountRecord, Evidence
from checks.requirements import ROOT, is_unit_id


@dataclass(frozen=True, slots=True)
class Landscape:
    """The organization as a draft needs it."""

    accounts: Mapping[str, AccountRecord]
    members: frozenset[str] | None
    """None: the list of accounts was not read, or there is no organization."""
    units: tuple[tuple[str, frozenset[str]], ...]
    """Units, outer ones first: how a baseline names them, and the accounts below them that could replicate."""

    def label(self, account: str) -> str:
        """Name of *account*, or its id."""
        record = self.accounts.get(account)
        return record.name if record and record.name else account

    def described(self, account: str) -> str:
        """What a reader should know of *account*, for a comment: its name, and what is odd about it."""
        record = self.accounts.get(account)
        if record is None:
            return "" if self.members is None else "not in the organization: a finding until `grants` trusts it"
        odd = "" if record.state in (None, "ACTIVE") else f"is {record.state}"
        return ", ".join(part for part in (record.name or "", odd) if part)

    def usable(self, account: str) -> bool:
        """Whether *account* is a member that is ACTIVE, as far as is known."""
        record = self.accounts.get(account)
        return record is not None and record.state in (None, "ACTIVE")

    def folded(self, accounts: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(units, accounts) that name exactly *accounts*: of units those that lie in there with two or more."""
        left, units = set(accounts), []
        for name, inside in self.units:
            # A unit inside one that was taken has nothing left to say.
            if len(inside) > 1 and inside <= set(accounts) and inside & left:
                units.append(name)
                left -= inside
        return tuple(sorted(units)), tuple(sorted(left))


def landscape(evidence: Evidence) -> Landscape:
    """The landscape of *evidence*."""
    accounts = {record.account: record for record in evidence.accounts}
    listed = evidence.organization is not None and all(
        gap.operation != "organizations:ListAccounts" for gap in evidence.gaps
    )
    return Landscape(
        accounts=accounts,
        members=frozenset(accounts) if listed else None,
        units=_units(evidence, accounts) if listed else (),
    )


def _units(evidence: Evidence, accounts: Mapping[str, AccountRecord]) -> tuple[tuple[str, frozenset[str]], ...]:
    """Every unit with the accounts below it that are ACTIVE or that were read all the same."""
    read = {part.registry.account for part in evidence.registries}
    inside: dict[str, set[str]] = {}
    depth: dict[str, int] = {}
    for account, record in accounts.items():
        if record.state not in (None, "ACTIVE") and account not in read:
            continue
        for level, unit in enumerate(_units_of(record)):
            inside.setdefault(unit, set()).add(account)
            depth[unit] = level
    # Of units that hold the same accounts the innermost says no more than what is known.
    innermost = {frozenset(inside[unit]): unit for unit in sorted(inside, key=lambda unit: depth[unit])}
    return tuple(
        (unit, accounts) for accounts, unit in sorted(innermost.items(), key=lambda one: (depth[one[1]], one[1]))
    )


def _units_of(record: AccountRecord) -> tuple[str, ...]:
    """The units around an account from the root inwards, by names where these are unmistakable, else by ids."""
    ids = tuple((record.organization_path or "").strip("/").split("/"))[1:]
    names = tuple((record.ou_path or "").strip("/").split("/"))
    if not names[0] or (ids and len(ids) != len(names)):
        return ids  # a name holds a slash, or no name is known
    paths = [ROOT, *("/".join(names[1:end]) for end in range(2, len(names) + 1))]
    clear = all(path and path == path.strip("/") and path.isprintable() for path in paths)
    mistakable = any(path == ROOT or path.startswith(f"{ROOT}/") or is_unit_id(path) for path in paths[1:])
    return tuple(paths) if clear and not mistakable else ids
