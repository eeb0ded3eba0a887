"""Which charts a printed report shows, with their captions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.charts import gauges, map, matrix, trend
from reports.charts.link_styles import STYLES, Style
from reports.text import counted, number
from reports.topology import LINK_STATE_WORDS, LinkState, Topology
from reports.view import ReportView

MATRICES = 6
"""Drawings of a matrix that are printed."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One heading with its drawings."""

    title: str
    caption: str
    drawn: tuple[str, ...]
    """SVG of `reports.charts`, in which every text from outside is escaped."""
    key: tuple[tuple[Style, str], ...] = ()


def pictures_of(view: ReportView) -> tuple[Chart, ...]:
    """The charts of a run, in order; those of links need the evidence tables."""
    return tuple(_charts(view))


def _charts(view: ReportView) -> Iterator[Chart]:
    topology = view.topology
    if topology is not None and topology.links:
        yield _link_chart(topology)
    if topology is not None and topology.loads:
        yield _destination_chart(topology)
    if view.trend:
        caption = "One bar per run; a question mark marks a run with incomplete evidence."
        if any(point.requirements_changed for point in view.trend):
            caption += " ≠ marks a run with other requirements than the run before: the two bars are not comparable."
        yield Chart(
            f"Open failures of the last {counted(len(view.trend), 'run', 'runs')}", caption, (trend.draw(view.trend),)
        )


def _link_chart(topology: Topology) -> Chart:
    counts = topology.counts
    total = counted(len(topology.links), "link", "links")
    caption = (
        f"{total} between {counted(len(topology.places), 'registry', 'registries')}: "
        f"{number(counts[LinkState.OPEN])} open."
    )
    key = tuple(
        (STYLES[state], f"{number(counts[state])} {LINK_STATE_WORDS[state]}") for state in LinkState if counts[state]
    )
    if map.fits(topology):
        return Chart("Replication topology", caption, (map.draw(topology),), key)
    drawn = matrix.draw(topology)
    if len(drawn) > 1:
        drawn = matrix.draw(topology, only_wrong=True)
        caption += " Registries whose links are all open are not drawn; the workbook lists them."
    if len(drawn) > MATRICES:
        caption += f" {counted(len(drawn) - MATRICES, 'further part', 'further parts')} of the matrix are not printed."
    return Chart("Replication topology", caption, drawn[:MATRICES], key)


def _destination_chart(topology: Topology) -> Chart:
    shown = gauges.shown(topology)
    caption = "Unique destinations over all rules, required ones included; the line marks the warning threshold."
    if len(shown) < len(topology.loads):
        sources = f"{number(len(shown))} of {number(len(topology.loads))} source registries"
        caption += f" Shown are the {sources} with the highest use."
    return Chart("Replication destinations used, by source registry", caption, (gauges.draw(topology),))
