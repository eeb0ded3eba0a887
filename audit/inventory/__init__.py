"""Inventory: reads an organization's registries into evidence and evidence gaps."""

from audit.inventory.collection import collect
from audit.inventory.protocols import Checkpoint

__all__ = ["Checkpoint", "collect"]
