"""The matrix: a row a source registry, a column a destination registry, a mark in each cell that is a link.

Readable with hundreds of registries: it is cut into drawings of at most `ROWS` × `COLUMNS`, and rows and columns with
no link in a cut are left out of it, never a link.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.model import RegistryId
from reports.charts import svg
from reports.charts.link_styles import STYLES
from reports.charts.map import label_of
from reports.topology import Link, LinkState, Topology

ROWS, COLUMNS = 48, 26
_CELL, _LEFT, _TOP = 12.5, 168.0, 118.0


def draw(topology: Topology, *, only_wrong: bool = False) -> tuple[str, ...]:
    """The matrix as SVG drawings; with *only_wrong*, rows and columns in which every link is open are left out."""
    links = topology.links
    if only_wrong:
        wrong = [link for link in links if link.state is not LinkState.OPEN]
        sources, destinations = {link.source for link in wrong}, {link.destination for link in wrong}
        links = tuple(link for link in links if link.source in sources and link.destination in destinations)
    return tuple(_pictures(links, topology))


def _pictures(links: tuple[Link, ...], topology: Topology) -> Iterator[str]:
    cells = {(link.source, link.destination): link.state for link in links}
    sources = sorted({link.source for link in links})
    destinations = sorted({link.destination for link in links})
    for right in range(0, len(destinations), COLUMNS):
        columns = destinations[right : right + COLUMNS]
        touching = [source for source in sources if any((source, one) in cells for one in columns)]
        for down in range(0, len(touching), ROWS):
            yield _picture(touching[down : down + ROWS], columns, cells, topology)


def _picture(
    rows: list[RegistryId],
    columns: list[RegistryId],
    cells: dict[tuple[RegistryId, RegistryId], LinkState],
    topology: Topology,
) -> str:
    width = _LEFT + len(columns) * _CELL + 60
    height = _TOP + len(rows) * _CELL + 4
    parts = [svg.text(0, _TOP - 6, "from ↓  to →", size=7, fill=svg.QUIET)]
    for at, place in enumerate(columns):
        x = _LEFT + at * _CELL + _CELL * 0.7
        parts.append(svg.text(x, _TOP - 4, _name(place, topology, 30), size=6.5, turned=-60))
    for down, source in enumerate(rows):
        y = _TOP + down * _CELL
        if down % 2:
            parts.append(svg.rect(0, y, _LEFT + len(columns) * _CELL, _CELL, fill="#f7f9fb"))
        parts.append(svg.text(0, y + 9, _name(source, topology, 38), size=6.5))
        for right, destination in enumerate(columns):
            x = _LEFT + right * _CELL
            state = cells.get((source, destination))
            parts.append(
                svg.rect(x, y, _CELL, _CELL, fill=STYLES[state].paper if state else "none", stroke="#d5dbe3", thick=0.3)
            )
            if state:
                style = STYLES[state]
                parts.append(svg.text(x + _CELL / 2, y + 9, style.mark, size=7.5, anchor="middle", fill=style.colour))
    return svg.document(width, height, label_of(topology), parts)


def _name(place: RegistryId, topology: Topology, longest: int) -> str:
    account, region = place
    name = topology.names.get(account)
    return f"{svg.shortened(name or account, longest - len(region) - 3)} · {region}"
