"""The simulated organization as a whole, and the questions that the services ask about it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checks.model import RegistryId
from ecr_audit.simulator import build, dump
from ecr_audit.simulator.document import check_document, read_world_file
from ecr_audit.simulator.faults import Fault, read_fault
from ecr_audit.simulator.replication import history
from ecr_audit.simulator.state import Account, Document, Key, Organization, Registry, Unit


class World:
    """Accounts, registries, keys, quotas and faults. Hold `lock` while reading or changing it from several threads."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.organization: Organization | None = None
        self.accounts: dict[str, Account] = {}
        self.keys: dict[str, Key] = {}
        self.quotas: dict[str, float] = {}
        self.quotas_readable = True
        self.faults: tuple[Fault, ...] = ()
        self._now: float | None = None
        self._registries: dict[RegistryId, Registry] = {}

    @classmethod
    def from_document(cls, document: object, name: str = "world") -> World:
        """A world from a document in the shape of `world.schema.json`. Raises WorldError with every problem."""
        return cls._from_checked(check_document(document, name))

    @classmethod
    def _from_checked(cls, document: dict[str, Any]) -> World:
        world = cls()
        if "now" in document:
            world._now = build.epoch(document["now"])
        world.organization = build.build_organization(document.get("organization"))
        entries = document.get("registries", [])
        with_rules = {entry["account"] for entry in entries if entry.get("rules")}
        for entry in document["accounts"]:
            world.accounts[entry["id"]] = build.build_account(entry, has_rules=entry["id"] in with_rules)
        for entry in entries:
            world._registries[RegistryId(entry["account"], entry["region"])] = build.build_registry(entry)
        world.keys = {entry["arn"]: build.build_key(entry) for entry in document.get("keys", [])}
        quotas = document.get("quotas", {})
        world.quotas, world.quotas_readable = dict(quotas.get("values", {})), quotas.get("readable", True)
        world.faults = tuple(read_fault(entry) for entry in document.get("faults", []))
        history(world, entries)
        return world

    def now(self) -> float:
        """The present, whole epoch seconds: the world's own where it has one, else the machine's."""
        return float(int(time.time())) if self._now is None else self._now

    def to_document(self) -> Document:
        """The whole present state; `World.from_document` of it is the same world."""
        with self.lock:
            document: Document = {"version": 1}
            if self._now is not None:
                document["now"] = dump.time_text(self._now)
            if self.organization is not None:
                document["organization"] = dump.dump_organization(self.organization)
            document["accounts"] = [dump.dump_account(account) for account in self.accounts.values()]
            registries = [dump.dump_registry(self._registries[key]) for key in sorted(self._registries)]
            document["registries"] = [registry for registry in registries if len(registry) > 2]
            document["keys"] = [dump.dump_key(key) for key in self.keys.values()]
            document["quotas"] = {"readable": self.quotas_readable, "values": dict(self.quotas)}
            document["faults"] = [fault.as_document() for fault in self.faults]
            return document

    def registry(self, account: str, region: str) -> Registry:
        """The registry of *account* in *region*; every account has one in every Region, if only an empty one."""
        return self._registries.setdefault(RegistryId(account, region), Registry(account, region))

    def registries(self) -> Iterator[Registry]:
        """Every registry that the document or a call ever named."""
        return iter(tuple(self._registries.values()))

    def is_enabled(self, account: str, region: str) -> bool:
        """Whether *account* exists and has *region* enabled."""
        found = self.accounts.get(account)
        return found is not None and region in found.regions

    def reads_organization(self, account: str) -> bool:
        """Whether *account* is the management account or a delegated administrator."""
        frame = self.organization
        return frame is not None and account in (frame.management_account, *frame.delegated_administrators)

    def organization_of(self, account: str) -> Organization | None:
        """The organization that *account* belongs to, if it does."""
        found = self.accounts.get(account)
        return self.organization if found is not None and found.member else None

    def unit_of(self, account: str) -> Unit | None:
        """The organizational unit of *account*; None: directly below the root."""
        found = self.accounts.get(account)
        return self.organization.units.get(found.unit) if found is not None and self.organization is not None else None

    def organization_path(self, account: str) -> str | None:
        """`o-…/r-…/ou-…/` of *account*; None outside the organization."""
        frame = self.organization_of(account)
        if frame is None:
            return None
        unit = self.unit_of(account)
        return unit.path if unit is not None else f"{frame.id}/{frame.root}/"

    def first_account(self) -> str:
        """The management account; without an organization the first account of the document."""
        return self.organization.management_account if self.organization else next(iter(self.accounts))


def load_world(path: str | Path) -> World:
    """The world in the YAML file *path*. Raises WorldError, which names file, line and key path of each problem."""
    return World._from_checked(read_world_file(Path(path)))
