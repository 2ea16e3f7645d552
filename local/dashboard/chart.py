"""A widget's lines as an SVG picture."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from local.dashboard.spans import Window

COLOURS = ("#2f6fde", "#e8862e", "#2a9d5c", "#c9433f", "#8a5cc2", "#8c6239", "#d568a8", "#6b7280", "#b3a11c", "#1ba3b5")
HEIGHT = 210
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 22
"""Room around the lines."""
TICKS = 4
UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
GAP_SECONDS = 75
"""So much time, or two spans, without a value parts a line in two: what runs every minute is one."""


class Curve(NamedTuple):
    """A line to be drawn.

    Attributes:
        label: For the legend.
        values: Unix times, and the values from then on.
    """

    label: str
    values: Sequence[tuple[float, float]]


class Limit(NamedTuple):
    """A value that an alarm stands at."""

    label: str
    value: float


def draw(curves: Sequence[Curve], limits: Sequence[Limit], window: Window, width: int) -> str:
    """Returns curves and limits as SVG, so many pixels wide; limits that are far above all curves are left out."""
    highest = max((value for curve in curves for _, value in curve.values), default=0.0)
    shown = [limit for limit in limits if limit.value <= 2 * highest]
    top = _round_up(max(highest, *(limit.value for limit in shown), 0.0))
    parts = [*_grid(window, top, width)]
    for number, curve in enumerate(curves):
        parts += _curve(curve, COLOURS[number % len(COLOURS)], window, top, width)
    for limit in shown:
        y = _y(limit.value, top)
        parts.append(f'<line class="limit" x1="{LEFT}" x2="{width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="limit" x="{LEFT + 4}" y="{y + 12:.1f}">{escape(limit.label)}</text>')
    return f'<svg viewBox="0 0 {width} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def short(value: float) -> str:
    """Returns a number for a person: 0.02, 12.5, 950, 3.4k, 12M."""
    size, unit = next(((size, unit) for size, unit in UNITS if value >= size), (1, ""))
    return f"{value / size:.3g}{unit}"


def _grid(window: Window, top: float, width: int) -> Iterator[str]:
    for tick in range(TICKS + 1):
        y = _y(top * tick / TICKS, top)
        yield f'<line class="grid" x1="{LEFT}" x2="{width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text text-anchor="end" x="{LEFT - 6}" y="{y + 4:.1f}">{short(top * tick / TICKS)}</text>'
    for tick in range(TICKS + 1):
        moment = window.begin + (window.end - window.begin) * tick / TICKS
        clock = dt.datetime.fromtimestamp(moment, tz=dt.UTC).strftime("%H:%M")
        anchor = "end" if tick == TICKS else "middle" if tick else "start"
        x = _x(moment, window, width)
        yield f'<text text-anchor="{anchor}" x="{x:.1f}" y="{HEIGHT - 5}">{clock}</text>'


def _curve(curve: Curve, colour: str, window: Window, top: float, width: int) -> Iterator[str]:
    """Yields the pieces of a curve, a dot for each that is one value long."""
    piece: list[str] = []
    latest = -math.inf
    gap = max(GAP_SECONDS, 2 * window.span)
    for moment, value in [*curve.values, (math.inf, 0.0)]:
        if moment - latest > gap and piece:
            if len(piece) == 1:
                x, y = piece[0].split(",")
                yield f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>'
            yield f'<polyline points="{" ".join(piece)}" stroke="{colour}"/>'
            piece = []
        if moment < math.inf:
            piece.append(f"{_x(moment, window, width):.1f},{_y(value, top):.1f}")
        latest = moment


def _x(moment: float, window: Window, width: int) -> float:
    return LEFT + (width - LEFT - RIGHT) * (moment - window.begin) / max(window.span, window.end - window.begin)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _round_up(value: float) -> float:
    """Returns the next number that four ticks divide into round ones."""
    if value <= 0:
        return 1.0
    size: float = 10 ** math.floor(math.log10(value))
    return next(size * step for step in (1, 2, 4, 6, 8, 10) if value <= size * step)
