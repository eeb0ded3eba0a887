"""SVG elements as text. Everything that comes from outside passes `text`, which escapes it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from reports.sanitize import one_line

FONT = "font-family=\"'DejaVu Sans', sans-serif\""
INK, QUIET, LINE, PANEL = "#1c2430", "#566173", "#aab4c0", "#f3f5f8"


def document(width: float, height: float, label: str, parts: Iterable[str]) -> str:
    """A picture of *width* × *height* units; *label* describes it for screen readers."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" role="img" '
        f'aria-label="{escape(one_line(label))}" {FONT}><title>{escape(one_line(label))}</title>{"".join(parts)}</svg>'
    )


def text(x: float, y: float, words: str, *, size: float = 8, anchor: str = "start", fill: str = INK, bold: bool = False,
         turned: float = 0) -> str:  # fmt: skip
    """Words at a point; *turned* in degrees around it."""
    weight = ' font-weight="bold"' if bold else ""
    turn = f' transform="rotate({_n(turned)} {_n(x)} {_n(y)})"' if turned else ""
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" text-anchor="{anchor}" fill="{fill}"{weight}{turn}>'
        f"{escape(one_line(words))}</text>"
    )


def rect(x: float, y: float, width: float, height: float, *, fill: str = "none", stroke: str = "none",
         thick: float = 0.6, round_: float = 0) -> str:  # fmt: skip
    """A box."""
    return (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="{_n(round_)}" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="{_n(thick)}"/>'
    )


def path(shape: str, *, stroke: str, thick: float = 1, dashes: str = "", fill: str = "none") -> str:
    """A line or a shape by SVG path data."""
    dash = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="{shape}" fill="{fill}" stroke="{stroke}" stroke-width="{_n(thick)}"{dash}/>'


def shortened(name: str, longest: int) -> str:
    """At most *longest* characters, the middle left out: both ends of a name identify it."""
    if len(name) <= longest:
        return name
    keep = longest - 1
    return f"{name[: keep - keep // 2]}…{name[len(name) - keep // 2 :]}"


def _n(value: float) -> str:
    """A number as short as it can be written."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
