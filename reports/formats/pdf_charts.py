"""Which pictures a printed report shows, and what is said about each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.charts import gauges, map, matrix, trend
from reports.charts.link_styles import STYLES, Style
from reports.text import counted, number
from reports.topology import LINK_STATE_WORDS, LinkState, Topology
from reports.view import ReportView

MATRICES = 6
"""Pictures of a matrix that are printed."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One heading with its drawings."""

    title: str
    caption: str
    drawn: tuple[str, ...]
    """SVG of ours; everything from outside in it is escaped."""
    key: tuple[tuple[Style, str], ...] = ()


def pictures_of(view: ReportView) -> tuple[Chart, ...]:
    """The pictures of a run, in order; none where the evidence tables were not at hand."""
    return tuple(_pictures(view))


def _pictures(view: ReportView) -> Iterator[Chart]:
    topology = view.topology
    if topology is not None and topology.links:
        yield _ways(topology)
    if topology is not None and topology.loads:
        yield _loads(topology)
    if view.trend:
        told = "A bar is a run; a question mark stands where not everything could be read."
        yield Chart(
            f"Open failures of the last {counted(len(view.trend), 'run', 'runs')}", told, (trend.draw(view.trend),)
        )


def _ways(topology: Topology) -> Chart:
    counts = topology.counts
    total = counted(len(topology.links), "link", "links")
    told = (
        f"{total} between {counted(len(topology.places), 'registry', 'registries')}: "
        f"{number(counts[LinkState.OPEN])} open."
    )
    key = tuple((STYLES[way], f"{number(counts[way])} {LINK_STATE_WORDS[way]}") for way in LinkState if counts[way])
    if map.fits(topology):
        return Chart("Who replicates to whom", told, (map.draw(topology),), key)
    drawn = matrix.draw(topology)
    if len(drawn) > 1:
        drawn = matrix.draw(topology, only_wrong=True)
        told += " Registries whose links are all open are left out of the picture; the workbook lists them."
    if len(drawn) > MATRICES:
        told += f" {counted(len(drawn) - MATRICES, 'further part', 'further parts')} of it are not printed."
    return Chart("Who replicates to whom", told, drawn[:MATRICES], key)


def _loads(topology: Topology) -> Chart:
    shown = gauges.shown(topology)
    told = "Unique destinations over all rules, those that the baseline requires included; the line marks the warning."
    if len(shown) < len(topology.loads):
        told += f" The fullest {number(len(shown))} of {number(len(topology.loads))} source registries are drawn."
    return Chart("Destinations used, against the limit", told, (gauges.draw(topology),))
