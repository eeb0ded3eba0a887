"""Open failures of the last runs as stacked bars with their figures."""

from __future__ import annotations

from collections.abc import Sequence

from checks.model import Severity
from reports.charts import svg
from reports.history import TrendPoint
from reports.text import SEVERITY_MARKS, in_utc

COLOURS = {
    Severity.CRITICAL: "#8c0b1a",
    Severity.HIGH: "#c2410c",
    Severity.MEDIUM: "#d9a92b",
    Severity.LOW: "#6d9cc6",
    Severity.INFORMATIONAL: "#c3cad3",
}
_LIGHT = {Severity.MEDIUM, Severity.INFORMATIONAL, Severity.LOW}
_WIDTH, _HEIGHT, _TOP, _BOTTOM = 500.0, 120.0, 14.0, 24.0


def draw(points: Sequence[TrendPoint]) -> str:
    """One bar a run, oldest first; severities from the bottom, worst lowest. A run with gaps has a `?`, one with
    requirements other than those of the run before has a `≠`."""
    highest = max((sum(point.open.values()) for point in points), default=0) or 1
    step = _WIDTH / max(len(points), 1)
    wide = min(step * 0.6, 60.0)
    parts = [part for at, point in enumerate(points) for part in _bar(point, (at + 0.5) * step, wide, highest)]
    floor = _HEIGHT - _BOTTOM
    parts.append(svg.path(f"M0 {floor}H{_WIDTH}", stroke=svg.LINE, thick=0.6))
    totals = ", ".join(str(sum(point.open.values())) for point in points)
    return svg.document(_WIDTH, _HEIGHT, f"Open failures of the last {len(points)} runs: {totals}", parts)


def _bar(point: TrendPoint, middle: float, wide: float, highest: int) -> list[str]:
    floor, room = _HEIGHT - _BOTTOM, _HEIGHT - _BOTTOM - _TOP
    parts, y = [], floor
    for severity in Severity:
        count = point.open[severity]
        tall = room * count / highest
        if not count:
            continue
        y -= tall
        parts.append(svg.rect(middle - wide / 2, y, wide, tall, fill=COLOURS[severity], stroke="#ffffff", thick=0.4))
        if tall >= 9:
            ink = svg.INK if severity in _LIGHT else "#ffffff"
            label = f"{SEVERITY_MARKS[severity]} {count}"
            parts.append(svg.text(middle, y + tall / 2 + 2.5, label, size=6.5, anchor="middle", fill=ink))
    marks = ("" if point.evidence_complete else " ?") + (" ≠" if point.requirements_changed else "")
    total = f"{sum(point.open.values()):,}{marks}"
    moment = in_utc(point.started_at)
    parts.append(svg.text(middle, y - 3, total, size=8, anchor="middle", bold=True))
    parts.append(svg.text(middle, floor + 10, f"{moment:%Y-%m-%d}", size=7, anchor="middle", fill=svg.QUIET))
    parts.append(svg.text(middle, floor + 19, f"{moment:%H:%M} UTC", size=6, anchor="middle", fill=svg.QUIET))
    return parts
