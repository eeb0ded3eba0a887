"""Faults: what makes a call fail, or wait, that would otherwise succeed."""

from __future__ import annotations

import fnmatch
import threading
from dataclasses import dataclass, field

from ecr_audit.simulator.state import Document


@dataclass(slots=True)
class Fault:
    """One fault of the world. `rate` is spread evenly: 0.25 hits every fourth matching call."""

    operation: str
    kind: str
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    repository: str = ""
    rate: float = 1.0
    seconds: float = 0.0
    seen: int = 0
    """Matching calls so far, hit or not."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def strikes(self, account: str, region: str, operation: str, repository: str) -> bool:
        """Whether this call is hit. Counts the call where it matches."""
        if self.accounts and account not in self.accounts:
            return False
        if self.regions and region not in self.regions:
            return False
        if not fnmatch.fnmatchcase(operation, self.operation):
            return False
        if self.repository and not fnmatch.fnmatchcase(repository, self.repository):
            return False
        with self._lock:
            self.seen += 1
            return int(self.seen * self.rate) > int((self.seen - 1) * self.rate)

    def as_document(self) -> Document:
        """The fault as a world spells it."""
        document: Document = {
            "operation": self.operation,
            "kind": self.kind,
            "rate": self.rate,
            "seconds": self.seconds,
        }
        if self.accounts:
            document["account"] = list(self.accounts)
        if self.regions:
            document["region"] = list(self.regions)
        if self.repository:
            document["repository"] = self.repository
        return document


def read_fault(document: Document) -> Fault:
    """A fault from its document."""
    return Fault(
        operation=document["operation"],
        kind=document["kind"],
        accounts=_listed(document.get("account")),
        regions=_listed(document.get("region")),
        repository=document.get("repository", ""),
        rate=float(document.get("rate", 1.0)),
        seconds=float(document.get("seconds", 60.0 if document["kind"] == "time-out" else 0.0)),
    )


def _listed(value: str | list[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
