"""The whole dashboard as one HTML page that needs nothing else."""

import re
from collections.abc import Iterator, Sequence
from html import escape

from local.dashboard import chart, spans
from local.dashboard.chart import COLOURS, Curve, Limit
from local.dashboard.expressions import lines, searches
from local.dashboard.measured import Measured
from local.dashboard.spans import Window
from local.template import Json

NAMESPACE = "Orders"
"""Of the metrics that the functions print."""
COLUMNS = 24
"""Of CloudWatch's grid."""
COLUMN_PIXELS = 56
STYLE = """
body { margin: 0 auto; max-width: 1400px; padding: 24px 24px 48px; background: #f4f5f7; color: #1f2430;
       font: 14px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 24px; } h2 { margin: 12px 0 0; font-size: 19px; } h3 { margin: 0; font-size: 14px; }
p { margin: 2px 0 0; color: #5b6270; } code { font-size: 13px; }
main { display: grid; grid-template-columns: repeat(24, 1fr); gap: 14px; margin-top: 8px; }
section.chart { background: #fff; border: 1px solid #e1e4ea; border-radius: 8px; padding: 12px 14px; min-width: 0; }
section.chart p { font-size: 12px; color: #7b8292; } .empty { padding: 28px 0; text-align: center; }
svg { width: 100%; display: block; } svg text { font-size: 11px; fill: #7b8292; }
svg .grid { stroke: #edeff3; } svg polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
svg line.limit { stroke: #c9433f; stroke-dasharray: 5 4; } svg text.limit { fill: #c9433f; }
ul { list-style: none; margin: 6px 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 12px; }
li::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 5px;
             background: var(--colour); } li b { font-weight: 600; }
"""


def render(title: str, widgets: Sequence[Json], measured: Measured) -> str:
    """Returns the page.

    Args:
        title: Of the page.
        widgets: As CloudWatch has them.
        measured: What there is to show; not empty.
    """
    window = Window.over([point for points in measured.values() for point in points])
    body = "\n".join(_section(widget, measured, window) for widget in widgets if widget["type"] in {"text", "metric"})
    note = (
        f"Each point is {window.span} s; what is counted is scaled to the span that the title names. "
        "Beside each name is its highest value. Times are UTC."
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>\n'
        f"<h1>{escape(title)}</h1><p>{note}</p>\n<main>\n{body}\n</main></html>\n"
    )


def _section(widget: Json, measured: Measured, window: Window) -> str:
    properties = widget["properties"]
    if widget["type"] == "text":
        return f'<section style="grid-column: span {COLUMNS}">{_markdown(properties["markdown"])}</section>'
    drawn = list(_curves(properties, measured, window))
    content = _chart(drawn, properties, window, widget["width"] * COLUMN_PIXELS) if drawn else _nothing(properties)
    unit = properties["yAxis"]["left"].get("label", "")
    head = f"<h3>{escape(properties['title'])}</h3><p>{escape(unit)}</p>"
    return f'<section class="chart" style="grid-column: span {widget["width"]}">{head}{content}</section>'


def _curves(properties: Json, measured: Measured, window: Window) -> Iterator[Curve]:
    for line in lines(properties, measured):
        if line.points:
            yield Curve(line.label, spans.values(line, window, properties["period"]))


def _chart(curves: Sequence[Curve], properties: Json, window: Window, width: int) -> str:
    annotations = properties.get("annotations", {}).get("horizontal", [])
    limits = [Limit(annotation["label"], annotation["value"]) for annotation in annotations]
    legend = "".join(
        f'<li style="--colour: {COLOURS[number % len(COLOURS)]}">{escape(curve.label)} '
        f"<b>{chart.short(max(value for _, value in curve.values))}</b></li>"
        for number, curve in enumerate(curves)
    )
    return f"{chart.draw(curves, limits, window, width)}<ul>{legend}</ul>"


def _nothing(properties: Json) -> str:
    """Says why a chart is empty: what the service measures itself has not happened, the rest only AWS measures."""
    ours = any(search.namespace == NAMESPACE for search in searches(properties))
    return f'<p class="empty">{"Nothing of the kind has happened." if ours else "Measured on AWS only."}</p>'


def _markdown(text: str) -> str:
    heading, _, paragraph = text.strip().partition("\n")
    prose = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(paragraph))
    return f"<h2>{escape(heading.removeprefix('## '))}</h2><p>{prose}</p>"
