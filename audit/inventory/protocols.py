"""Interface of a collection to the storage of its finished parts."""

from __future__ import annotations

from typing import Protocol

from audit.evidence import RegistryEvidence


class Checkpoint(Protocol):
    """Stores finished registries, so that an interrupted collection need not read them again."""

    def load(self, phase: str, account: str, region: str) -> RegistryEvidence | None:
        """What `save` stored, or None."""

    def save(self, phase: str, evidence: RegistryEvidence) -> None:
        """Store the evidence of one registry after *phase* (`summary`, `detail`, `status`)."""


class NoCheckpoint:
    """Stores nothing."""

    def load(self, phase: str, account: str, region: str) -> RegistryEvidence | None:
        """Always None."""
        return None

    def save(self, phase: str, evidence: RegistryEvidence) -> None:
        """Does nothing."""
