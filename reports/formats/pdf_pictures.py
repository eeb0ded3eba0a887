"""Which pictures a printed report shows, and what is said about each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.pictures import gauges, map, matrix, trend
from reports.pictures.ways import STYLES, Style
from reports.topology import WAY_WORDS, Topology, Way
from reports.view import ReportView
from reports.words import counted, number

MATRICES = 6
"""Pictures of a matrix that are printed."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One heading with its drawings."""

    title: str
    told: str
    drawn: tuple[str, ...]
    """SVG of ours; everything from outside in it is escaped."""
    key: tuple[tuple[Style, str], ...] = ()


def pictures_of(view: ReportView) -> tuple[Picture, ...]:
    """The pictures of a run, in order; none where the evidence tables were not at hand."""
    return tuple(_pictures(view))


def _pictures(view: ReportView) -> Iterator[Picture]:
    topology = view.topology
    if topology is not None and topology.links:
        yield _ways(topology)
    if topology is not None and topology.loads:
        yield _loads(topology)
    if view.trend:
        told = "A bar is a run; a question mark stands where not everything could be read."
        yield Picture(
            f"Open failures of the last {counted(len(view.trend), 'run', 'runs')}", told, (trend.draw(view.trend),)
        )


def _ways(topology: Topology) -> Picture:
    counts = topology.counts
    total = counted(len(topology.links), "link", "links")
    told = (
        f"{total} between {counted(len(topology.places), 'registry', 'registries')}: {number(counts[Way.OPEN])} open."
    )
    key = tuple((STYLES[way], f"{number(counts[way])} {WAY_WORDS[way]}") for way in Way if counts[way])
    if map.fits(topology):
        return Picture("Who replicates to whom", told, (map.draw(topology),), key)
    drawn = matrix.draw(topology)
    if len(drawn) > 1:
        drawn = matrix.draw(topology, only_wrong=True)
        told += " Registries whose links are all open are left out of the picture; the workbook lists them."
    if len(drawn) > MATRICES:
        told += f" {counted(len(drawn) - MATRICES, 'further part', 'further parts')} of it are not printed."
    return Picture("Who replicates to whom", told, drawn[:MATRICES], key)


def _loads(topology: Topology) -> Picture:
    shown = gauges.shown(topology)
    told = "Unique destinations over all rules, those that the baseline requires included; the line marks the warning."
    if len(shown) < len(topology.loads):
        told += f" The fullest {number(len(shown))} of {number(len(topology.loads))} source registries are drawn."
    return Picture("Destinations used, against the limit", told, (gauges.draw(topology),))
