"""Metrics from a stack's log lines: those that functions log, and those that Lambda derives from invocations."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from local.logs import LogLine

REPORT = re.compile(r"REPORT RequestId: .*\tDuration: (?P<milliseconds>[\d.]+) ms")


class Metric(NamedTuple):
    """A metric with all its dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


class Point(NamedTuple):
    """Values with the same timestamp (Unix time in seconds)."""

    time: float
    values: Sequence[float]


type Measured = Mapping[Metric, Sequence[Point]]


def read(lines: Iterable[LogLine], functions: Mapping[str, str]) -> Measured:
    """Return all metrics.

    Args:
        lines: Log lines, including those of the Lambda platform.
        functions: Deployed names of the functions, by the names in the log lines.
    """
    measured: defaultdict[Metric, list[Point]] = defaultdict(list)
    for line in lines:
        if report := REPORT.match(line.message):
            dimensions = frozenset({("FunctionName", functions[line.function])})
            for name, value in (("Invocations", 1.0), ("Duration", float(report["milliseconds"]))):
                measured[Metric("AWS/Lambda", name, dimensions)].append(Point(line.time.timestamp(), [value]))
        else:
            for metric, point in embedded(line.message):
                measured[metric].append(point)
    return measured


def embedded(message: str) -> Iterable[tuple[Metric, Point]]:
    """Yield the metrics of a line in the embedded metric format, none for any other line."""
    if '"_aws"' not in message:
        return
    document: dict[str, Any] = json.loads(message)
    for group in document["_aws"]["CloudWatchMetrics"]:
        for names in group["Dimensions"]:
            dimensions = frozenset((name, document[name]) for name in names)
            for metric in group["Metrics"]:
                point = Point(document["_aws"]["Timestamp"] / 1000, document[metric["Name"]])
                yield Metric(group["Namespace"], metric["Name"], dimensions), point
