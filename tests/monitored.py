"""Metrics that alarms and the dashboard use, and the resources of both nested stacks."""

import re
from collections.abc import Iterator
from typing import Any

from local.dashboard import expressions, nested
from local.dashboard.expressions import Search
from tests.support import ROOT

STACK = "orders"
ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
# CloudWatch Metrics Insights: SELECT SUM(Tasks) FROM SCHEMA("Orders", kind, outcome, service) WHERE outcome = 'failed'
_SELECT = re.compile(r'SELECT (?P<stat>\w+)\((?P<name>\w+)\) FROM SCHEMA\("(?P<namespace>\w+)", (?P<names>[\w, ]+)\)')


def resources(stack: str = STACK, **parameters: str) -> dict[str, Any]:
    """The resources of both nested stacks for a stack of that name, with all that can be monitored."""
    given = {
        "CreateDatabase": "false",
        "WatchedDatabase": "orders-database",
        "WatchedProxy": "orders-proxy",
        "QuietHours": "2",
    } | parameters
    alarms, dashboard = (nested.resources(ROOT, name, stack, **given) for name in (nested.ALARMS, nested.DASHBOARD))
    assert not alarms.keys() & dashboard.keys()
    return alarms | dashboard


def causes(composite: dict[str, Any]) -> list[str]:
    """Logical ids of the alarms in the rule of a composite alarm, of which any is enough."""
    parts = composite["AlarmRule"].split(" OR ")
    return [part.removeprefix('ALARM("${').removesuffix('}")') for part in parts]


def of_type(resources_by_id: dict[str, Any], *types: str) -> list[dict[str, Any]]:
    """The properties of the resources of some types."""
    return [resource["Properties"] for resource in resources_by_id.values() if resource["Type"] in types]


def metrics(resources_by_id: dict[str, Any]) -> Iterator[Search]:
    """Every metric that an alarm or a widget uses."""
    for alarm in of_type(resources_by_id, "AWS::CloudWatch::Alarm"):
        yield from alarm_metrics(alarm)
    for widget in nested.widgets(resources_by_id):
        if widget["type"] == "metric":
            yield from expressions.searches(widget["properties"])


def alarm_metrics(alarm: dict[str, Any]) -> Iterator[Search]:
    """Every metric that an alarm uses."""
    parts = alarm.get("Metrics", [])
    for part in [alarm, *(part.get("MetricStat", {}).get("Metric", {}) for part in parts)]:
        if "MetricName" in part:
            dimensions = {dimension["Name"]: dimension["Value"] for dimension in part["Dimensions"]}
            yield Search.named(part["Namespace"], part["MetricName"], dimensions, stat="")
    for part in parts:
        if selected := _SELECT.match(part.get("Expression", "")):
            values = {name: frozenset({value}) for name, value in re.findall(r"(\w+) = '([^']*)'", part["Expression"])}
            names = frozenset(selected["names"].split(", "))
            yield Search(selected["namespace"], selected["name"], names, values, selected["stat"], is_sum=True)
