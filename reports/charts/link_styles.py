"""How a link is drawn: line, mark and colour each identify its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reports.topology import LinkState


@dataclass(frozen=True, slots=True)
class Style:
    """Style of one link state."""

    mark: str
    colour: str
    dashes: str
    thick: float
    paper: str
    """Background of a cell of the matrix."""


STYLES: Mapping[LinkState, Style] = {
    LinkState.BLOCKED: Style("✘", "#8c0b1a", "7 2", 2.2, "#f3c7cb"),
    LinkState.MISSING: Style("○", "#8c0b1a", "1.5 2.5", 1.8, "#ffffff"),
    LinkState.PARTIAL: Style("◐", "#7a5600", "10 2 2 2", 1.6, "#fbe9bf"),
    LinkState.UNKNOWN: Style("?", "#566173", "4 3", 1.2, "#e7eaef"),
    LinkState.OPEN: Style("✔", "#1d6b3a", "", 1.2, "#dcefe2"),
}
