"""What a collection talks to besides AWS: somebody who watches, and somewhere to keep what is finished."""

from __future__ import annotations

from typing import Protocol

from audit.evidence import RegistryEvidence


class Progress(Protocol):
    """Told how far the collection is. Called from one thread only."""

    def started(self, total_registries: int) -> None:
        """So many registry reads are ahead in the phase that begins now."""

    def finished(self, account: str, region: str) -> None:
        """One of them is done."""

    def note(self, text: str) -> None:
        """Something worth showing: which phase begins, what was lost."""


class Checkpoint(Protocol):
    """Keeps finished registries, so that an interrupted collection need not read them again."""

    def load(self, phase: str, account: str, region: str) -> RegistryEvidence | None:
        """What `save` kept, or None."""

    def save(self, phase: str, evidence: RegistryEvidence) -> None:
        """Keep the evidence of one registry after *phase* (`outline`, `depth`, `status`)."""


class Silence:
    """Nobody watches and nothing is kept."""

    def started(self, total_registries: int) -> None:
        """Nothing to show."""

    def finished(self, account: str, region: str) -> None:
        """Nothing to show."""

    def note(self, text: str) -> None:
        """Nothing to show."""

    def load(self, phase: str, account: str, region: str) -> RegistryEvidence | None:
        """Nothing was kept."""
        return None

    def save(self, phase: str, evidence: RegistryEvidence) -> None:
        """Nothing is kept."""
