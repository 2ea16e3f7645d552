"""A widget's lines as an SVG chart."""

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence

import pygal
from pygal.style import CleanStyle

from local.dashboard.spans import Window

COLOURS = ("#2f6fde", "#e8862e", "#2a9d5c", "#8a5cc2", "#8c6239", "#d568a8", "#6b7280", "#b3a11c", "#1ba3b5")
STYLE = CleanStyle(
    colors=COLOURS,
    font_family="inherit",
    label_font_size=11,
    legend_font_size=12,
    background="transparent",
    plot_background="transparent",
    guide_stroke_color="#e1e4ea",
    major_guide_stroke_color="#e1e4ea",
)
PLOT_HEIGHT, LEGEND_LINE_HEIGHT, LEGEND_COLUMN_WIDTH = 210, 18, 220
"""In pixels."""
UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
GAP_SECONDS = 75
"""A line is interrupted after this long, or two spans, without a value. Scheduled runs are a minute apart."""

type Values = Sequence[tuple[float, float]]
"""The begins of spans (Unix times in seconds) and their values."""


def draw(curves: Mapping[str, Values], limits: Mapping[str, float], window: Window, width: int) -> str:
    """Return a chart as SVG.

    Args:
        curves: The lines by label.
        limits: Thresholds of alarms by label. One that is far above all lines is left out.
        window: The time range.
        width: In pixels.
    """
    peaks = {label: max(value for _, value in values) for label, values in curves.items()}
    shown = {label: limit for label, limit in limits.items() if limit <= 2 * max(peaks.values())}
    end = window.end + window.span
    columns = width // LEGEND_COLUMN_WIDTH
    chart = pygal.XY(
        width=width,
        height=PLOT_HEIGHT + LEGEND_LINE_HEIGHT * math.ceil((len(curves) + len(shown)) / columns),
        style=STYLE,
        js=[],
        disable_xml_declaration=True,
        allow_interruptions=True,
        dots_size=1.2,
        legend_at_bottom=True,
        legend_at_bottom_columns=columns,
        legend_box_size=10,
        truncate_legend=-1,
        truncate_label=-1,
        margin=8,
        margin_bottom=28,
        max_scale=5,
        range=(0, max(*peaks.values(), *shown.values(), 0) or 1),
        xrange=(window.begin, end),
        x_labels=[window.begin + (end - window.begin) * quarter / 4 for quarter in range(5)],
        x_value_formatter=lambda moment: dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%H:%M"),
        value_formatter=short,
    )
    for label, values in curves.items():
        chart.add(f"{label}: {short(peaks[label])}", list(_interrupted(values, window)))
    for label, limit in shown.items():
        chart.add(label, [(window.begin, limit), (end, limit)], show_dots=False, stroke_style={"dasharray": "5, 4"})
    svg: str = chart.render(is_unicode=True)
    return svg


def short(value: float) -> str:
    """Return a number with three significant digits: 0.02, 12.5, 950, 3.4k, 12M."""
    size, unit = next(((size, unit) for size, unit in UNITS if value >= size), (1, ""))
    return f"{value / size:.3g}{unit}"


def _interrupted(values: Values, window: Window) -> Iterator[tuple[float, float] | None]:
    """Yield the points of a line, and None where it is interrupted."""
    latest = math.inf
    for moment, value in values:
        if moment - latest > max(GAP_SECONDS, 2 * window.span):
            yield None
        yield moment, value
        latest = moment
