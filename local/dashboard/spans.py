"""Aggregation of points into one value per span of time, as CloudWatch does per period."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple, Self

from local.dashboard.expressions import Line
from local.dashboard.measured import Point
from local.percentiles import percentile

LENGTHS = (5, 10, 15, 30, 60, 300, 900, 3600)
"""Possible lengths of a span in seconds."""
SPANS = 90
"""Maximum number of spans in a chart."""


class Window(NamedTuple):
    """The time range of a chart: Unix times of its first and last span, and the length of a span in seconds."""

    begin: float
    end: float
    span: int

    @classmethod
    def over(cls, points: Sequence[Point]) -> Self:
        """Return the window that contains all points, with the shortest possible spans."""
        times = [point.time for point in points]
        length = max(times) - min(times)
        span = next((each for each in LENGTHS if length / each <= SPANS), LENGTHS[-1])
        return cls(min(times) // span * span, max(times) // span * span, span)


def values(line: Line, window: Window, period: int) -> list[tuple[float, float]]:
    """Return the begin (Unix time) and value of each span that has data.

    Args:
        line: The line.
        window: The time range.
        period: The widget's period in seconds. Sums over shorter spans are scaled to it.
    """
    spans: defaultdict[float, list[float]] = defaultdict(list)
    for point in line.points:
        spans[point.time // window.span * window.span].extend(point.values)
    scale = period / window.span if line.stat == "Sum" else 1
    return [(begin, statistic(each, line.stat) * scale / line.divisor) for begin, each in sorted(spans.items())]


def statistic(values: Sequence[float], stat: str) -> float:
    """Return a CloudWatch statistic (`Sum`, `p99`) of some values."""
    match stat:
        case "Sum":
            return math.fsum(values)
        case "Average":
            return math.fsum(values) / len(values)
        case "Maximum":
            return max(values)
        case "Minimum":
            return min(values)
        case _:
            return percentile(values, int(stat.removeprefix("p")))
