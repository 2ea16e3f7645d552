"""Alarms, evaluated as CloudWatch does over metrics that were measured: the parts of it that our alarms use.

Sources, on docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring: alarm-evaluation.html (periods and missing data),
using-metric-math.html (operators and functions), alarm-evaluation-window.html (a window slides with the evaluation).
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.dashboard.expressions import Search
from local.dashboard.measured import Measured, Point
from tests.monitored import alarm_metrics, causes

type Value = float | None
"""A value of one period; None where there is no data."""

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
}
STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": sum,
    "p99": lambda values: sorted(values)[math.ceil(0.99 * len(values)) - 1],
}
OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.Mult: operator.mul,
}


class Alarms:
    """The alarms of a stack, evaluated over what was measured.

    Args:
        resources: The resources of the stack, by logical id.
        measured: Values with their times (Unix time in seconds), by metric.
    """

    def __init__(self, resources: Mapping[str, Any], measured: Measured) -> None:
        self._alarms = {
            logical_id: each["Properties"]
            for logical_id, each in resources.items()
            if "AlarmName" in each["Properties"]
        }
        self._measured = measured

    def on(self, now: float) -> set[str]:
        """Names of the alarms that are on at a time, without the name of the stack."""
        return {_short(alarm) for logical_id, alarm in self._alarms.items() if self._is_on(logical_id, now)}

    def notifying(self, now: float) -> set[str]:
        """Names of those that notify somebody: not while the alarm that suppresses them is on."""
        on = self.on(now)
        suppressed = set()
        for alarm in self._alarms.values():
            name = _short(alarm)
            if "ActionsSuppressor" in alarm:
                suppressor = self._alarms[alarm["ActionsSuppressor"]["Ref"]]
                if _short(suppressor) in on:
                    suppressed.add(name)
            if not alarm.get("AlarmActions"):
                suppressed.add(name)
        return on - suppressed

    def _is_on(self, logical_id: str, now: float) -> bool:
        alarm = self._alarms[logical_id]
        if "AlarmRule" in alarm:
            return any(self._is_on(cause, now) for cause in causes(alarm))
        periods = int(alarm["EvaluationPeriods"])
        values = [self._value(alarm, now, index) for index in range(periods)]
        compare = COMPARISONS[alarm["ComparisonOperator"]]
        missing = alarm["TreatMissingData"] == "breaching"
        breaching: list[bool] = [missing if value is None else compare(value, alarm["Threshold"]) for value in values]
        enough: int = alarm.get("DatapointsToAlarm", periods)
        return sum(breaching) >= enough

    def _value(self, alarm: dict[str, Any], now: float, index: int) -> Value:
        """The value of the period that ended `index` periods ago."""
        if "Metrics" not in alarm:
            [search] = alarm_metrics(alarm)
            return self._statistic(search, alarm["Statistic"], alarm["Period"], now, index)
        [expression] = [part for part in alarm["Metrics"] if "Expression" in part]
        if expression["Expression"].startswith("SELECT"):
            [search] = alarm_metrics(alarm)
            return self._statistic(search, search.stat.capitalize(), expression["Period"], now, index)
        parts = [part for part in alarm["Metrics"] if "MetricStat" in part]
        searches = dict(zip((part["Id"] for part in parts), alarm_metrics(alarm), strict=True))
        inputs = {
            part["Id"]: self._statistic(
                searches[part["Id"]], part["MetricStat"]["Stat"], part["MetricStat"]["Period"], now, index
            )
            for part in parts
        }
        # FILL has no periods to fill if a metric never had any data. Another metric of the expression gives it some.
        if not any(self._points(search) for search in searches.values()):
            return None
        return calculate(expression["Expression"], inputs)

    def _statistic(self, search: Search, statistic: str, period: int, now: float, index: int) -> Value:
        end = now - index * period
        points = (point for point in self._points(search) if end - period <= point.time < end)
        values = [value for point in points for value in point.values]
        return STATISTICS[statistic](values) if values else None

    def _points(self, search: Search) -> list[Point]:
        return [point for metric, points in self._measured.items() if search.matches(metric) for point in points]


def _short(alarm: Mapping[str, Any]) -> str:
    """The name of an alarm without that of the stack."""
    return str(alarm["AlarmName"]).partition("-")[2]


def calculate(expression: str, inputs: Mapping[str, Value]) -> Value:
    """The value of an expression of metric math in one period."""
    spelled = re.sub(r"\b(AND|OR)\b", lambda match: match[0].lower(), expression)
    return _evaluate(ast.parse(spelled, mode="eval").body, inputs)


def _evaluate(node: ast.expr, inputs: Mapping[str, Value]) -> Value:
    result: Value
    match node:
        case ast.Constant(value=int() | float() as value):
            result = float(value)
        case ast.Name(id=name):
            result = inputs[name]
        case (
            ast.Compare(left=left, ops=[operation], comparators=[right])
            | ast.BinOp(left=left, op=operation, right=right)
        ):
            result = _operate(operation, _evaluate(left, inputs), _evaluate(right, inputs))
        case ast.BoolOp(op=operation, values=parts):
            values = [_evaluate(part, inputs) for part in parts]
            chosen = all if isinstance(operation, ast.And) else any
            result = None if None in values else float(chosen(values))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            result = _call(name, arguments, inputs)
        case _:
            raise ValueError(f"no alarm of ours uses {ast.unparse(node)}, so it is not evaluated")
    return result


def _call(name: str, arguments: Sequence[ast.expr], inputs: Mapping[str, Value]) -> Value:
    if name in {"SUM", "MAX"}:
        assert ast.unparse(arguments[0]) == "METRICS()"
        values = [value for value in inputs.values() if value is not None]
        return float(sum(values) if name == "SUM" else max(values)) if values else None
    first = _evaluate(arguments[0], inputs)
    if name == "FILL":
        return _evaluate(arguments[1], inputs) if first is None else first
    assert name == "IF"
    return None if first is None else _evaluate(arguments[1 if first else 2], inputs)


def _operate(operation: ast.AST, left: Value, right: Value) -> Value:
    if left is None or right is None or (isinstance(operation, ast.Div) and not right):
        return None
    return float(OPERATORS[type(operation)](left, right))
