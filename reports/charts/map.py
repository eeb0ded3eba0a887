"""The node-link map: source registries on the left, destinations on the right, one line a link.

Readable up to `MOST` registries on a side; beyond that, `reports.charts.matrix` draws the same. A registry that is
both stands on both sides, so that no line runs back and every arrow points right.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.model import RegistryId
from reports.charts import svg
from reports.charts.link_styles import STYLES
from reports.topology import Link, LinkState, Topology

MOST = 12
"""Registries on one side."""
MOST_LINKS = 40

_WIDTH, _BOX, _TALL, _GAP, _TOP = 500.0, 150.0, 24.0, 8.0, 16.0


def fits(topology: Topology) -> bool:
    """Whether a map of *topology* would be readable."""
    sources, destinations = _sides(topology)
    return max(len(sources), len(destinations)) <= MOST and len(topology.links) <= MOST_LINKS


def draw(topology: Topology) -> str:
    """The map as SVG."""
    sources, destinations = _sides(topology)
    rows = max(len(sources), len(destinations), 1)
    height = _TOP + rows * (_TALL + _GAP)
    left = {place: _middle(at, len(sources), rows) for at, place in enumerate(sources)}
    right = {place: _middle(at, len(destinations), rows) for at, place in enumerate(destinations)}
    worst_last = sorted(topology.links, key=lambda link: -list(LinkState).index(link.state))
    parts = [
        svg.text(0, 9, "Sources", size=8, fill=svg.QUIET),
        svg.text(_WIDTH, 9, "Destinations", size=8, anchor="end", fill=svg.QUIET),
        *(_box(0, left[place], place, topology) for place in sources),
        *(_box(_WIDTH - _BOX, right[place], place, topology) for place in destinations),
        *(_line(link, left[link.source], right[link.destination]) for link in worst_last),
        *_marks(worst_last, left, right),
    ]
    return svg.document(_WIDTH, height, label_of(topology), parts)


def label_of(topology: Topology) -> str:
    """The chart in words."""
    counts = ", ".join(f"{count} {state.value}" for state, count in topology.counts.items() if count)
    return f"Replication between {len(topology.places)} registries over {len(topology.links)} links: {counts or 'none'}"


def _sides(topology: Topology) -> tuple[list[RegistryId], list[RegistryId]]:
    sources = sorted({link.source for link in topology.links})
    # Destinations near the middle of what feeds them: fewer lines cross.
    heights = {place: at for at, place in enumerate(sources)}
    feeding: dict[RegistryId, list[int]] = {}
    for link in topology.links:
        feeding.setdefault(link.destination, []).append(heights[link.source])
    return sources, sorted(feeding, key=lambda place: (sum(feeding[place]) / len(feeding[place]), place))


def _middle(at: int, count: int, rows: int) -> float:
    """Height of the middle of the box number *at* of *count*, centred where the other side has more."""
    return _TOP + (rows - count) * (_TALL + _GAP) / 2 + at * (_TALL + _GAP) + _TALL / 2


def _box(x: float, middle: float, place: RegistryId, topology: Topology) -> str:
    account, region = place
    name = topology.names.get(account, "")
    first = svg.shortened(name or account, 26)
    second = f"{account} · {region}" if name else region
    return (
        svg.rect(x, middle - _TALL / 2, _BOX, _TALL, fill=svg.PANEL, stroke=svg.LINE, round_=2)
        + svg.text(x + 5, middle - 1.5, first, size=7.5, bold=True)
        + svg.text(x + 5, middle + 7.5, second, size=6.5, fill=svg.QUIET)
    )


def _line(link: Link, left: float, right: float) -> str:
    style = STYLES[link.state]
    start, end = _BOX + 1, _WIDTH - _BOX - 5
    bend = (end - start) / 2
    curve = f"M{start:.1f} {left:.1f}C{start + bend:.1f} {left:.1f} {end - bend:.1f} {right:.1f} {end:.1f} {right:.1f}"
    arrow = f"M{end:.1f} {right - 2.5:.1f}L{end + 4.5:.1f} {right:.1f}L{end:.1f} {right + 2.5:.1f}Z"
    return svg.path(curve, stroke=style.colour, thick=style.thick, dashes=style.dashes) + svg.path(
        arrow, stroke=style.colour, thick=0.5, fill=style.colour
    )


def _marks(links: list[Link], left: dict[RegistryId, float], right: dict[RegistryId, float]) -> Iterator[str]:
    """The mark of every link that is not open, near its source, where lines have not met yet."""
    leaving: dict[RegistryId, int] = {}
    for link in links:
        if link.state is LinkState.OPEN:
            continue
        style = STYLES[link.state]
        at = leaving[link.source] = leaving.get(link.source, 0) + 1
        share = min(0.16 + 0.13 * at, 0.84)
        x, y = _on_curve(left[link.source], right[link.destination], share)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#ffffff" stroke="{style.colour}" stroke-width="0.8"/>'
        yield svg.text(x, y + 2.6, style.mark, size=7, anchor="middle", fill=style.colour, bold=True)


def _on_curve(left: float, right: float, share: float) -> tuple[float, float]:
    """The point of a link's curve at *share* of its way."""
    start, end = _BOX + 1, _WIDTH - _BOX - 5
    bend = (end - start) / 2
    one, two, three, four = (1 - share) ** 3, 3 * (1 - share) ** 2 * share, 3 * (1 - share) * share**2, share**3
    x = one * start + two * (start + bend) + three * (end - bend) + four * end
    return x, (one + two) * left + (three + four) * right
