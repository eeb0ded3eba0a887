"""A world as an audit can see it: which accounts, registries and answers there are, and which were refused.

Restated from the ECR and Organizations user guides over the world's own JSON; nothing is shared with the program.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any

from tests.oracle.policies import ABSENT, FOREIGN, Answer, Caller, allowed, listed, replication_role, statements

Place = tuple[str, str]
"""Account and Region."""
REGIONS = {
    "eu-west-1": "aws",
    "eu-central-1": "aws",
    "us-east-1": "aws",
    "cn-north-1": "aws-cn",
}
"""Regions of ECR in the worlds, with their partitions; any other is none."""
AUDIT_ROLE = "ecr-audit"
WHERE = ("repositories", "accounts", "ous", "regions", "tags")
"""Keys of an entry of settings that say where it applies, and the tags, which are merged apart."""


class World:
    """One organization and what is required of it."""

    def __init__(self, document: Mapping[str, Any], baseline: Mapping[str, Any]) -> None:
        self.document, self.baseline = document, baseline
        self.accounts = {one["id"]: one for one in document["accounts"]}
        self.management = document["organization"]["management_account"]
        self.organization = document["organization"]["id"]
        self._registries = {(one["account"], one["region"]): one for one in document["registries"]}
        self.now = dt.datetime.fromisoformat(document["now"])
        self.units = dict(self._units(document["organization"].get("units", ()), "Root", ()))
        self.partners = set(baseline.get("grants", {}).get("external_accounts", ()))

    def _units(self, units: Any, above: str, ids: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
        for unit in units:
            names, here = f"{above}/{unit['name']}", (*ids, unit["id"])
            yield unit["id"], (names, here)
            yield from self._units(unit.get("units", ()), names, here)

    # Accounts

    def member(self, account: str) -> bool:
        return account in self.accounts and self.accounts[account].get("member", True)

    def state(self, account: str) -> str | None:
        """Its state; None where AWS Organizations does not list it."""
        return self.accounts[account].get("state", "ACTIVE") if self.member(account) else None

    def inside(self, account: str, unit: str) -> bool:
        """Whether *account* is in *unit* (a path of names, or an id), or below it."""
        if not self.member(account):
            return False
        names, ids = self.units.get(self.accounts[account].get("unit", ""), ("Root", ()))
        path = unit if unit == "Root" or unit.startswith("Root/") else f"Root/{unit}"
        return unit in ids or f"{names}/".startswith(f"{path}/")

    def organization_path(self, account: str) -> str:
        _, ids = self.units.get(self.accounts[account].get("unit", ""), ("Root", ()))
        return "/".join((self.organization, self.document["organization"]["root"], *ids)) + "/"

    def opened(self, account: str, region: str) -> Answer:
        """Whether the Region is enabled in the account; None where that cannot be read."""
        if self.state(account) != "ACTIVE":
            return None
        return region in self.accounts[account]["regions"]

    # Registries

    def reachable(self, account: str) -> bool:
        """Whether the audit gets into the account."""
        roles = {one["name"] for one in self.accounts.get(account, {}).get("roles", ())}
        return self.state(account) == "ACTIVE" and (account == self.management or AUDIT_ROLE in roles)

    def places(self) -> list[Place]:
        """Every registry in scope: of active accounts, in Regions that are enabled."""
        return [
            (account, region)
            for account in self.accounts
            if self.state(account) == "ACTIVE"
            for region in self.accounts[account]["regions"]
        ]

    def readable(self, place: Place, operation: str, repository: str = "") -> bool:
        """Whether *operation* (`ecr:GetRegistryPolicy`) is answered there."""
        if not self.reachable(place[0]) or not self.opened(*place):
            return False
        return not any(
            fnmatch.fnmatchcase(operation, fault["operation"])
            and fault.get("account", place[0]) == place[0]
            and fault.get("region", place[1]) == place[1]
            and fault.get("repository", repository) == repository
            for fault in self.document.get("faults", ())
        )

    def registry(self, place: Place) -> Mapping[str, Any]:
        return self._registries.get(place, {})

    def rules(self, place: Place) -> list[Any] | None:
        """The replication rules; None: not read."""
        return list(self.registry(place).get("rules", ())) if self.readable(place, "ecr:DescribeRegistry") else None

    def policy(self, place: Place) -> str | None:
        """The registry policy's text, empty for none; None: not read."""
        readable = self.readable(place, "ecr:GetRegistryPolicy")
        return str(self.registry(place).get("policy", "")) if readable else None

    def repositories(self, place: Place) -> dict[str, Any] | None:
        """The repositories by name; None: not read."""
        if not self.readable(place, "ecr:DescribeRepositories"):
            return None
        return {one["name"]: one for one in self.registry(place).get("repositories", ())}

    def images(self, place: Place, repository: str) -> dict[str, Any] | None:
        """Its images by digest; None: not read, or there is no such repository."""
        found = self.repositories(place)
        if not found or repository not in found or not self.readable(place, "ecr:DescribeImages", repository):
            return None
        return {one["digest"]: one for one in found[repository].get("images", ())}

    def old_enough(self, image: Mapping[str, Any]) -> bool:
        """Whether its replication has had the time that the baseline gives."""
        age = self.now - dt.datetime.fromisoformat(image.get("pushed_at", "2025-03-01T09:00:00Z"))
        return age > dt.timedelta(minutes=self.baseline.get("replication_delay_minutes", 60))

    # Callers

    def caller(self, account: str, arn: str = "") -> Caller:
        """A principal of *account*; the replication role unless *arn* says otherwise."""
        arn = arn or replication_role(account)
        if self.member(account):
            return Caller(account, arn, self.organization, self.organization_path(account))
        return Caller(account, arn, FOREIGN)

    def strangers(self, organizations: set[str]) -> list[Caller]:
        """Principals of accounts that nothing names: of no organization, and of each of *organizations*."""
        arn = "arn:aws:iam::000000000009:role/stranger"
        others = [
            Caller("000000000009", arn, one, f"{one}/r-zzzz/") for one in sorted(organizations - {self.organization})
        ]
        return [Caller("000000000009", arn, ABSENT), *others]

    def admits(self, place: Place, account: str) -> bool:
        """Whether the registry may let *account* replicate some repository; within an account nothing is needed."""
        policy = self.policy(place)
        if account == place[0] or policy is None:
            return True
        texts = [text for one in statements(policy) for text in listed(one.get("Resource", "*"))]
        tails = [text.partition(":repository/")[2].replace("*", end) for text in texts for end in ("", "q7")]
        names = {"q7", *tails} - {""}
        arns = [f"arn:aws:ecr:{place[1]}:{place[0]}:repository/{name}" for name in names]
        caller = self.caller(account)
        return any(allowed([statements(policy)], "ecr:ReplicateImage", arn, caller) is not False for arn in arns)

    # Requirements

    def covers(self, sources: Mapping[str, Any], place: Place) -> bool:
        """Whether *sources* of a requirement include the registry."""
        if sources.get("regions") and place[1] not in sources["regions"]:
            return False
        accounts, units = sources.get("accounts", ()), sources.get("ous", ())
        if not accounts and not units:
            return True
        return place[0] in accounts or any(self.inside(place[0], unit) for unit in units)

    def required(self, place: Place) -> list[tuple[Mapping[str, Any], list[str], list[Place]]]:
        """What the baseline requires of a source registry: (requirement, prefixes, destinations)."""
        found = []
        for one in self.baseline.get("replication", ()):
            sources = one.get("sources", {})
            if not self.covers(sources, place):
                continue
            named = [
                (place[0] if to["account"] == "same" else to["account"], to["region"]) for to in one["destinations"]
            ]
            destinations = [to for to in dict.fromkeys(named) if to != place]
            found.append((one, list(sources.get("repositories", ())) or [""], destinations))
        return found

    def settings(self, repository: str, place: Place, section: str = "settings") -> dict[str, Any]:
        """The settings that the baseline requires of a repository: the longest prefix and narrowest place, by field."""
        fitting: list[tuple[int, tuple[int, int, bool], int]] = []
        entries = self.baseline.get(section, ())
        for number, entry in enumerate(entries):
            lengths = [len(one) for one in entry.get("repositories", ("",)) if repository.startswith(one)]
            if lengths and self.covers(entry, place):
                fitting.append((max(lengths), self._narrowness(entry, place[0]), number))
        merged: dict[str, Any] = {}
        for _, _, number in sorted(fitting):
            found = {key: value for key, value in entries[number].items() if key not in WHERE}
            if "tag_mutability" in found:
                merged.pop("mutability_exclusions", None)
            merged.update(found)
        return merged

    def _narrowness(self, entry: Mapping[str, Any], account: str) -> tuple[int, int, bool]:
        """An account id is narrower than a deep unit, that than a wide one, and that than everywhere; then Regions."""
        with_regions = bool(entry.get("regions"))
        if account in entry.get("accounts", ()):
            return 2, 0, with_regions
        _, ids = self.units.get(self.accounts.get(account, {}).get("unit", ""), ("Root", ()))
        depths = [0]
        for unit in entry.get("ous", ()):
            if self.inside(account, unit):
                depths.append(ids.index(unit) + 1 if unit in ids else unit.removeprefix("Root/").count("/") + 1)
        return (1, max(depths), with_regions) if max(depths) else (0, 0, with_regions)
