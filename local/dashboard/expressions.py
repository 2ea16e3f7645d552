"""What a widget asks for: metrics by name, or found by a search."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import batched
from typing import NamedTuple, Self

from local.dashboard.measured import Measured, Metric, Point
from local.errors import LocalError
from local.template import Json

SEARCH = re.compile(
    r"(?P<sum>SUM\()?SEARCH\('\{(?P<namespace>[^,]+),(?P<dimensions>[^}]+)\} (?P<terms>[^']+)', '(?P<stat>\w+)'\)"
    r"(?(sum)\))( / (?P<divisor>\d+))?"
)
TERM = re.compile(r'(\w+)=\(?("[^"]*"(?: OR "[^"]*")*)\)?')


class Search(NamedTuple):
    """Metrics that are asked for; one that is named in full is a search that finds just it.

    Attributes:
        namespace: Where the metrics are.
        name: What they are called.
        dimensions: The names of their dimensions, which have no others.
        values: Those that a dimension may have; any where it is not named.
        stat: What is made of their values: `Sum`, `p99` and so on.
        is_sum: Whether they are one line together, and not one each.
        label: What that line is called.
        divisor: What its values are divided by.
    """

    namespace: str
    name: str
    dimensions: frozenset[str]
    values: Mapping[str, frozenset[str]]
    stat: str
    is_sum: bool
    label: str = ""
    divisor: int = 1

    @classmethod
    def parse(cls, text: str, label: str = "") -> Self:
        """Returns what an expression asks for, if it is of those forms of CloudWatch's which the dashboard uses.

        Raises:
            LocalError: It is of another form.
        """
        found = SEARCH.fullmatch(text)
        if not found:
            raise LocalError(f"The local dashboard does not know the expression {text}. Teach it in {__name__}.")
        terms = {name: frozenset(re.findall(r'"([^"]*)"', values)) for name, values in TERM.findall(found["terms"])}
        (name,) = terms.pop("MetricName")
        dimensions = frozenset(found["dimensions"].split(","))
        divisor = int(found["divisor"] or 1)
        return cls(found["namespace"], name, dimensions, terms, found["stat"], bool(found["sum"]), label, divisor)

    @classmethod
    def named(cls, namespace: str, name: str, dimensions: Mapping[str, str], stat: str, label: str = "") -> Self:
        """Returns the search that finds just one metric."""
        values = {dimension: frozenset({value}) for dimension, value in dimensions.items()}
        return cls(namespace, name, frozenset(values), values, stat, is_sum=True, label=label)

    def finds(self, metric: Metric) -> bool:
        """Tells whether a metric is one of those that are asked for."""
        dimensions = dict(metric.dimensions)
        return (
            (metric.namespace, metric.name) == (self.namespace, self.name)
            and self.dimensions == dimensions.keys()
            and all(dimensions[name] in values for name, values in self.values.items())
        )


class Line(NamedTuple):
    """What a widget draws as one line.

    Attributes:
        label: What it is called.
        stat: What is made of the values of each span of time.
        points: The values; none were measured if it is empty.
        divisor: What the statistic is divided by.
    """

    label: str
    stat: str
    points: Sequence[Point]
    divisor: int = 1


def searches(properties: Json) -> Iterator[Search]:
    """Yields what a metric widget with such properties asks for."""
    for entry in properties["metrics"]:
        match entry:
            case [{"expression": expression} as options]:
                yield Search.parse(expression, options.get("label", ""))
            case [namespace, name, *dimensions, options]:
                stat = options.get("stat") or properties["stat"]
                yield Search.named(namespace, name, dict(batched(dimensions, 2, strict=True)), stat, options["label"])


def lines(properties: Json, measured: Measured) -> Iterator[Line]:
    """Yields the lines that a metric widget with such properties draws of what was measured."""
    for search in searches(properties):
        found = {metric: points for metric, points in measured.items() if search.finds(metric)}
        if search.is_sum:
            together = [point for points in found.values() for point in points]
            yield Line(search.label, search.stat, together, search.divisor)
            continue
        fixed = {name for name, values in search.values.items() if len(values) == 1}
        for metric, points in sorted(found.items(), key=lambda item: sorted(item[0].dimensions)):
            label = " ".join(value for name, value in sorted(metric.dimensions) if name not in fixed)
            yield Line(label, search.stat, points)
