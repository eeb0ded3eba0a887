"""Inventory: reads an organization's registries into evidence and gaps."""

from audit.inventory.collection import collect
from audit.inventory.protocols import Checkpoint

__all__ = ["Checkpoint", "collect"]
