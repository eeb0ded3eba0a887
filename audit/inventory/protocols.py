"""What a collection talks to besides AWS: somewhere to keep what is finished."""

from __future__ import annotations

from typing import Protocol

from audit.evidence import RegistryEvidence


class Checkpoint(Protocol):
    """Keeps finished registries, so that an interrupted collection need not read them again."""

    def load(self, phase: str, account: str, region: str) -> RegistryEvidence | None:
        """What `save` kept, or None."""

    def save(self, phase: str, evidence: RegistryEvidence) -> None:
        """Keep the evidence of one registry after *phase* (`summary`, `detail`, `status`)."""


class NoCheckpoint:
    """Nothing is kept."""

    def load(self, phase: str, account: str, region: str) -> RegistryEvidence | None:
        """Nothing was kept."""
        return None

    def save(self, phase: str, evidence: RegistryEvidence) -> None:
        """Nothing is kept."""
