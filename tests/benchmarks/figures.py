"""Samples in a few numbers."""

import statistics
from collections.abc import Iterable
from typing import TypedDict

MILLISECONDS = 1000.0


class Figures(TypedDict):
    """What was measured many times: times are in milliseconds."""

    median: float
    p99: float
    spread: float
    """Between the first and the third quartile."""
    samples: int


def figures(seconds: Iterable[float]) -> Figures:
    """The figures of some times, given in seconds."""
    times = [MILLISECONDS * each for each in seconds]
    first, median, third = statistics.quantiles(times, n=4, method="inclusive")
    return {
        "median": median,
        "p99": statistics.quantiles(times, n=100, method="inclusive")[-1],
        "spread": third - first,
        "samples": len(times),
    }
