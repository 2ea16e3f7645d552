"""The dashboard as one self-contained HTML page."""

import re
from collections.abc import Sequence
from html import escape

from local.dashboard import chart, spans
from local.dashboard.expressions import lines, searches
from local.dashboard.measured import Measured
from local.dashboard.spans import Window
from local.template import Json

NAMESPACE = "Orders"
"""Namespace of the metrics that the functions log."""
COLUMN_PIXELS = 56
"""Width of one of the 24 columns of CloudWatch's grid."""
STYLE = """
body { margin: 0 auto; max-width: 1400px; padding: 24px 24px 48px; background: #f4f5f7; color: #1f2430;
       font: 14px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 24px; } h2 { margin: 12px 0 0; font-size: 19px; } h3 { margin: 0; font-size: 14px; }
p { margin: 2px 0 0; color: #5b6270; } code { font-size: 13px; }
main { display: grid; grid-template-columns: repeat(24, 1fr); gap: 14px; margin-top: 8px; }
section.text { grid-column: span 24; }
section.chart { background: #fff; border: 1px solid #e1e4ea; border-radius: 8px; padding: 12px 14px; min-width: 0; }
section.chart p { font-size: 12px; color: #7b8292; } .empty { padding: 28px 0; text-align: center; }
"""


def render(title: str, widgets: Sequence[Json], measured: Measured) -> str:
    """Return the page.

    Args:
        title: Title of the page.
        widgets: The widgets, as in CloudWatch's dashboard body.
        measured: The metrics to show; not empty.
    """
    window = Window.over([point for points in measured.values() for point in points])
    body = "\n".join(_section(widget, measured, window) for widget in widgets if widget["type"] in {"text", "metric"})
    note = (
        f"Each point covers {window.span} s; counts are scaled to the period in the title. "
        "The legend shows the maximum of each line. Times are UTC."
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>\n'
        f"<h1>{escape(title)}</h1><p>{note}</p>\n<main>\n{body}\n</main></html>\n"
    )


def _section(widget: Json, measured: Measured, window: Window) -> str:
    properties, width = widget["properties"], widget["width"]
    if widget["type"] == "text":
        return f'<section class="text">{_markdown(properties["markdown"])}</section>'
    annotations = properties.get("annotations", {}).get("horizontal", [])
    limits = {annotation["label"]: annotation["value"] for annotation in annotations}
    curves = {
        line.label: spans.values(line, window, properties["period"])
        for line in lines(properties, measured)
        if line.points
    }
    content = chart.draw(curves, limits, window, width * COLUMN_PIXELS) if curves else _empty(properties)
    unit = escape(properties["yAxis"]["left"].get("label", ""))
    heading = f"<h3>{escape(properties['title'])}</h3><p>{unit}</p>"
    return f'<section class="chart" style="grid-column: span {width}">{heading}{content}</section>'


def _empty(properties: Json) -> str:
    """Return the text of a chart without data: nothing happened, or only AWS publishes the metric."""
    ours = any(search.namespace == NAMESPACE for search in searches(properties))
    return f'<p class="empty">{"No data." if ours else "Published by AWS only, not by the local stack."}</p>'


def _markdown(text: str) -> str:
    heading, _, paragraph = text.strip().partition("\n")
    prose = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(paragraph))
    return f"<h2>{escape(heading.removeprefix('## '))}</h2><p>{prose}</p>"
