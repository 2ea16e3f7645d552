"""Points in time as one value for each span of time, as CloudWatch shows them."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from local.dashboard.expressions import Line
from local.dashboard.measured import Point
from local.replay.report import percentile

LENGTHS = (5, 10, 15, 30, 60, 300, 900, 3600)
"""Seconds that a span may have."""
SPANS = 90
"""So many at the most are drawn."""


class Window(NamedTuple):
    """The time that is drawn: from its begin, a Unix time, in spans of so many seconds."""

    begin: float
    end: float
    span: int

    @classmethod
    def over(cls, points: Sequence[Point]) -> "Window":
        """Returns the window that shows all of some points, in the shortest spans that are few enough."""
        times = [point.time for point in points]
        length = max(times) - min(times)
        span = next((each for each in LENGTHS if length / each <= SPANS), LENGTHS[-1])
        return cls(min(times) // span * span, max(times) // span * span, span)


def values(line: Line, window: Window, period: int) -> list[tuple[float, float]]:
    """Returns the begin and value of each span that has any.

    Args:
        line: What to draw.
        window: When.
        period: Seconds that the widget's title speaks of: what is counted over a shorter span is scaled up to it.
    """
    spans: defaultdict[float, list[float]] = defaultdict(list)
    for point in line.points:
        spans[point.time // window.span * window.span].extend(point.values)
    scale = period / window.span if line.stat == "Sum" else 1
    return [(begin, statistic(found, line.stat) * scale / line.divisor) for begin, found in sorted(spans.items())]


def statistic(found: Sequence[float], stat: str) -> float:
    """Returns a statistic of some values, by CloudWatch's name for it."""
    match stat:
        case "Sum":
            return math.fsum(found)
        case "Average":
            return math.fsum(found) / len(found)
        case "Maximum":
            return max(found)
        case "Minimum":
            return min(found)
        case _:
            return percentile(found, int(stat.removeprefix("p")))
