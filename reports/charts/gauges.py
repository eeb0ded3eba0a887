"""Destinations used by each source registry and the limit, as bars with the figures beside them."""

from __future__ import annotations

from collections.abc import Sequence

from reports.charts import svg
from reports.topology import Load, Topology

MOST = 16
"""Registries drawn: the fullest."""
_WIDTH, _ROW, _LEFT, _BAR = 500.0, 13.0, 210.0, 220.0


def shown(topology: Topology) -> Sequence[Load]:
    """The loads that are drawn."""
    return topology.loads[:MOST]


def draw(topology: Topology, *, warn_at_percent: int = 80) -> str:
    """One bar a source registry, the fullest first; *warn_at_percent* of the limit is marked on each."""
    loads = shown(topology)
    parts = [part for at, load in enumerate(loads) for part in _row(at, load, topology, warn_at_percent)]
    fullest = f"; the fullest uses {loads[0].used} of {loads[0].limit}" if loads and loads[0].used is not None else ""
    label = f"Unique destinations of {len(loads)} source registries against their limits{fullest}"
    return svg.document(_WIDTH, len(loads) * _ROW + 2, label, parts)


def _row(at: int, load: Load, topology: Topology, warn_at_percent: int) -> list[str]:
    y = at * _ROW
    account, region = load.place
    name = topology.names.get(account)
    label = f"{svg.shortened(name, 20)} {account} · {region}" if name else f"{account} · {region}"
    share = 0.0 if load.used is None else min(load.used / load.limit, 1.0)
    full, warned = load.used is not None and load.used > load.limit, share * 100 >= warn_at_percent
    colour = "#8c0b1a" if full else "#b3350d" if warned else "#1f5687"
    mark = "✘ " if full else "▲ " if warned else ""
    figure = "unknown" if load.used is None else f"{mark}{load.used} of {load.limit}"
    warn = _LEFT + _BAR * warn_at_percent / 100
    return [
        svg.text(0, y + 9, label, size=7),
        svg.rect(_LEFT, y + 3, _BAR, 7, fill=svg.PANEL, stroke=svg.LINE, thick=0.4),
        svg.rect(_LEFT, y + 3, _BAR * share, 7, fill=colour),
        svg.path(f"M{warn:.1f} {y + 1.5:.1f}V{y + 11.5:.1f}", stroke=svg.INK, thick=0.7),
        svg.text(_LEFT + _BAR + 6, y + 9, figure, size=7, bold=full or warned),
    ]
