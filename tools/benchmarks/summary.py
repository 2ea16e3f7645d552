"""Summary statistics of measured times."""

import statistics
from collections.abc import Iterable
from typing import TypedDict

MILLISECONDS = 1000.0


class Summary(TypedDict):
    """Statistics of one measurement, in milliseconds."""

    median: float
    p99: float
    spread: float
    """The distance between the first and the third quartile."""
    samples: int


def summarize(seconds: Iterable[float]) -> Summary:
    """Summarize times given in seconds."""
    times = [MILLISECONDS * each for each in seconds]
    first, median, third = statistics.quantiles(times, n=4, method="inclusive")
    return {
        "median": median,
        "p99": statistics.quantiles(times, n=100, method="inclusive")[-1],
        "spread": third - first,
        "samples": len(times),
    }
