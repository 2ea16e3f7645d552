"""Metric queries of widgets: metrics by name, or search expressions."""

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
    """A query for metrics. A metric named in full is a search that matches only that metric.

    Attributes:
        namespace: Namespace of the metrics.
        name: Name of the metrics.
        dimensions: Names of exactly the dimensions that the metrics have.
        values: Accepted values by dimension; a dimension that is missing here accepts any.
        stat: CloudWatch statistic: `Sum`, `p99` and so on.
        is_sum: Whether all metrics make one line, instead of one line each.
        label: Label of that line.
        divisor: Divisor of its values.
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
        """Return the query of a search expression, in one of the forms that the dashboard uses.

        Raises:
            LocalError: It has another form.
        """
        match = SEARCH.fullmatch(text)
        if not match:
            raise LocalError(f"The expression {text} is not supported by the local dashboard. Add it to {__name__}.")
        terms = {name: frozenset(re.findall(r'"([^"]*)"', values)) for name, values in TERM.findall(match["terms"])}
        (name,) = terms.pop("MetricName")
        dimensions = frozenset(match["dimensions"].split(","))
        divisor = int(match["divisor"] or 1)
        return cls(match["namespace"], name, dimensions, terms, match["stat"], bool(match["sum"]), label, divisor)

    @classmethod
    def named(cls, namespace: str, name: str, dimensions: Mapping[str, str], stat: str, label: str = "") -> Self:
        """Return the query for one metric."""
        values = {dimension: frozenset({value}) for dimension, value in dimensions.items()}
        return cls(namespace, name, frozenset(values), values, stat, is_sum=True, label=label)

    def matches(self, metric: Metric) -> bool:
        """Tell whether the query includes a metric."""
        dimensions = dict(metric.dimensions)
        return (
            (metric.namespace, metric.name) == (self.namespace, self.name)
            and self.dimensions == dimensions.keys()
            and all(dimensions[name] in values for name, values in self.values.items())
        )


class Line(NamedTuple):
    """A line of a widget.

    Attributes:
        label: Label in the legend.
        stat: CloudWatch statistic over each span of time.
        points: The data; may be empty.
        divisor: Divisor of the statistic.
    """

    label: str
    stat: str
    points: Sequence[Point]
    divisor: int = 1


def searches(properties: Json) -> Iterator[Search]:
    """Yield the queries of a metric widget."""
    for entry in properties["metrics"]:
        match entry:
            case [{"expression": expression} as options]:
                yield Search.parse(expression, options.get("label", ""))
            case [namespace, name, *dimensions, options]:
                stat = options.get("stat") or properties["stat"]
                yield Search.named(namespace, name, dict(batched(dimensions, 2, strict=True)), stat, options["label"])


def lines(properties: Json, measured: Measured) -> Iterator[Line]:
    """Yield the lines of a metric widget, with their data."""
    for search in searches(properties):
        matching = {metric: points for metric, points in measured.items() if search.matches(metric)}
        if search.is_sum:
            merged = [point for points in matching.values() for point in points]
            yield Line(search.label, search.stat, merged, search.divisor)
            continue
        fixed = {name for name, values in search.values.items() if len(values) == 1}
        for metric, points in sorted(matching.items(), key=lambda item: sorted(item[0].dimensions)):
            label = " ".join(value for name, value in sorted(metric.dimensions) if name not in fixed)
            yield Line(label, search.stat, points)
