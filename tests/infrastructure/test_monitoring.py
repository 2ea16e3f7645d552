"""Alarms, dashboard and saved queries, checked against the template, the runbook and the limits of CloudWatch."""

import json
import re
from typing import Any

import pytest

from local import emulator
from local import template as sam
from local.dashboard import nested
from tests.monitored import ALARMS, STACK, alarm_metrics, causes, metrics, of_type, resources
from tests.support import ROOT

RUNBOOK = (ROOT / "docs" / "operations.md").read_text()

# Metrics that AWS publishes, by namespace and dimension, as far as used here. Sources, all on docs.aws.amazon.com:
# lambda/latest/dg/monitoring-metrics-types.html
# apigateway/latest/developerguide/http-api-metrics.html
# AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
# AmazonRDS/latest/UserGuide/rds-metrics.html and rds-proxy.monitoring.html
# AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
OF_AWS = {
    ("AWS/Lambda", "FunctionName"): {"ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"},
    ("AWS/ApiGateway", "ApiId"): {"4xx", "5xx", "Count", "IntegrationLatency", "Latency"},
    ("AWS/SQS", "QueueName"): {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesVisible",
        "NumberOfEmptyReceives",
        "NumberOfMessagesSent",
    },
    ("AWS/RDS", "DBInstanceIdentifier"): {"CPUUtilization", "FreeableMemory", "FreeStorageSpace"},
    ("AWS/RDS", "ProxyName"): {
        "ClientConnections",
        "DatabaseConnectionsBorrowLatency",
        "DatabaseConnectionsCurrentlyBorrowed",
        "MaxDatabaseConnectionsAllowed",
        "QueryDatabaseResponseLatency",
    },
    ("AWS/Logs", "LogGroupName"): {"IncomingBytes"},
}


@pytest.fixture(scope="module")
def monitored() -> dict[str, Any]:
    return resources()


@pytest.fixture(scope="module")
def main() -> dict[str, Any]:
    return sam.read(ROOT / "template.yaml")


def named(main: dict[str, Any], kind: str, name: str) -> set[str]:
    """Physical names of the template's resources of a type."""
    return {
        resource["Properties"][name]["Fn::Sub"].replace("${AWS::StackName}", STACK)
        for resource in sam.resources(main, kind).values()
    }


def alarms(monitored: dict[str, Any], metric: str) -> dict[str, dict[str, Any]]:
    """Alarms on a single metric, by the value of its dimension."""
    return {
        alarm["Dimensions"][0]["Value"]: alarm
        for alarm in of_type(monitored, "AWS::CloudWatch::Alarm")
        if alarm.get("MetricName") == metric
    }


def anchors(markdown: str) -> set[str]:
    """Anchors of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_given_a_metric_of_aws_when_used_then_aws_publishes_it_for_a_resource(
    monitored: dict[str, Any], main: dict[str, Any]
) -> None:
    there_is = {
        "ApiId": {emulator.API_ID},
        "DBInstanceIdentifier": {"orders-database"},
        "FunctionName": named(main, sam.FUNCTION, "FunctionName"),
        "LogGroupName": named(main, "AWS::Logs::LogGroup", "LogGroupName"),
        "ProxyName": {"orders-proxy"},
        "QueueName": named(main, "AWS::SQS::Queue", "QueueName"),
    }
    asked = [search for search in metrics(monitored) if search.namespace.startswith("AWS/")]
    assert {search.namespace for search in asked} == {namespace for namespace, _ in OF_AWS}
    for search in asked:
        [dimension] = search.dimensions
        assert search.name in OF_AWS[search.namespace, dimension]
        assert search.values[dimension] <= there_is[dimension]


def test_given_functions_queues_and_logs_when_monitored_then_none_is_missing(
    monitored: dict[str, Any], main: dict[str, Any]
) -> None:
    searched = {
        dimension: {value for search in metrics(monitored) for value in search.values.get(dimension, ())}
        for dimension in ("FunctionName", "QueueName", "LogGroupName")
    }
    assert searched["FunctionName"] == named(main, sam.FUNCTION, "FunctionName")
    assert searched["QueueName"] == named(main, "AWS::SQS::Queue", "QueueName")
    assert searched["LogGroupName"] == named(main, "AWS::Logs::LogGroup", "LogGroupName")
    for query in of_type(monitored, "AWS::Logs::QueryDefinition"):
        assert set(query["LogGroupNames"]) <= searched["LogGroupName"]


def watched(monitored: dict[str, Any], metric: str) -> dict[str, dict[str, Any]]:
    """Alarms that use a metric of Lambda, by each function that they use it of."""
    return {
        name: alarm
        for alarm in of_type(monitored, "AWS::CloudWatch::Alarm")
        if "-no-orders-placed" not in alarm["AlarmName"]
        for search in alarm_metrics(alarm)
        if (search.namespace, search.name) == ("AWS/Lambda", metric)
        for name in search.values["FunctionName"]
    }


def test_given_a_function_when_monitored_then_errors_throttles_and_duration_alarm(
    monitored: dict[str, Any], main: dict[str, Any]
) -> None:
    usual = main["Globals"]["Function"]["Timeout"]
    limits = {
        function["Properties"]["FunctionName"]["Fn::Sub"].replace("${AWS::StackName}", STACK): 800
        * function["Properties"].get("Timeout", usual)
        for function in sam.resources(main, sam.FUNCTION).values()
    }
    assert set(watched(monitored, "Errors")) == set(watched(monitored, "Throttles")) == set(limits)
    for function, alarm in watched(monitored, "Errors").items():
        assert alarm["AlarmName"] == f"{STACK}-cause-{function.removeprefix(f'{STACK}-')}-failures"
        assert alarm == watched(monitored, "Throttles")[function]
        assert [part["Expression"] for part in alarm["Metrics"] if "Expression" in part] == ["SUM(METRICS())"]
    slow = {
        name: alarm
        for name, alarm in watched(monitored, "Duration").items()
        if alarm["AlarmName"] != f"{STACK}-cause-create-order-latency"
    }
    assert slow.keys() == limits.keys() - {f"{STACK}-docs", f"{STACK}-console"}
    for function, alarm in slow.items():
        assert alarm["Threshold"] == limits[function], function


def test_given_metrics_in_one_alarm_when_evaluated_then_ten_at_most(monitored: dict[str, Any]) -> None:
    for alarm in of_type(monitored, "AWS::CloudWatch::Alarm"):
        assert len([part for part in alarm.get("Metrics", []) if "MetricStat" in part]) <= 10, alarm["AlarmName"]
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        # The longest window is a week, and a day for periods of less than an hour.
        periods = {part["MetricStat"]["Period"] for part in alarm.get("Metrics", []) if "MetricStat" in part}
        for period in periods or {alarm.get("Period") or alarm["Metrics"][0]["Period"]}:
            assert period * int(alarm["EvaluationPeriods"]) <= (604_800 if period >= 3600 else 86_400)


def test_given_a_queue_when_monitored_then_age_and_dead_letters_have_alarms(
    monitored: dict[str, Any], main: dict[str, Any]
) -> None:
    queues = named(main, "AWS::SQS::Queue", "QueueName")
    dead_letters = {queue for queue in queues if queue.endswith("-dead-letters")}
    failed = {f"{STACK}-failed-invocations"}
    assert set(alarms(monitored, "ApproximateNumberOfMessagesVisible")) == dead_letters
    assert set(alarms(monitored, "NumberOfMessagesSent")) == failed
    assert set(alarms(monitored, "ApproximateAgeOfOldestMessage")) == queues - dead_letters - failed


def test_given_an_alarm_when_described_then_it_has_severity_and_runbook_section(
    monitored: dict[str, Any],
) -> None:
    known = anchors(RUNBOOK)
    for alarm in of_type(monitored, *ALARMS):
        severity = re.fullmatch(rf"{STACK}-(page|ticket|cause)-[a-z-]+", alarm["AlarmName"])
        anchor = re.search(r"See docs/operations\.md#([a-z-]+)$", alarm["AlarmDescription"])
        assert severity, alarm["AlarmName"]
        assert anchor, alarm["AlarmName"]
        assert anchor[1] in known, alarm["AlarmName"]
        assert bool(alarm.get("AlarmActions")) is (severity[1] != "cause"), alarm["AlarmName"]


def test_given_an_alarm_without_action_when_triggered_then_it_is_part_of_one_other(
    monitored: dict[str, Any],
) -> None:
    silent = {
        logical_id
        for logical_id, resource in monitored.items()
        if resource["Type"] in ALARMS and not resource["Properties"].get("AlarmActions")
    }
    composites = of_type(monitored, "AWS::CloudWatch::CompositeAlarm")
    parts = [name for composite in composites for name in causes(composite)]
    assert len(parts) == len(set(parts))
    assert silent == set(parts)
    assert all(re.search(r"-(page|ticket)-", composite["AlarmName"]) for composite in composites)


def test_given_all_alarms_when_counted_then_few_notify_somebody(monitored: dict[str, Any]) -> None:
    """The numbers that decision 0142 and docs/costs.md state."""
    names = [alarm["AlarmName"] for alarm in of_type(monitored, *ALARMS)]
    metric_alarms = of_type(monitored, "AWS::CloudWatch::Alarm")
    used = sum(1 for alarm in metric_alarms for _ in alarm_metrics(alarm))
    pages, tickets = ([name for name in names if f"-{kind}-" in name] for kind in ("page", "ticket"))
    assert (len(metric_alarms), len(names) - len(metric_alarms), used) == (54, 5, 100)
    assert (len(pages), len(tickets)) == (3, 18)


def test_given_an_alarm_when_data_is_missing_then_its_treatment_is_configured(
    monitored: dict[str, Any],
) -> None:
    for alarm in of_type(monitored, "AWS::CloudWatch::Alarm"):
        assert alarm["TreatMissingData"], alarm["AlarmName"]
        assert list(alarm_metrics(alarm)), alarm["AlarmName"]


def test_given_metric_math_when_evaluated_then_it_uses_exactly_its_metrics(
    monitored: dict[str, Any],
) -> None:
    for alarm in of_type(monitored, "AWS::CloudWatch::Alarm"):
        parts = alarm.get("Metrics", [])
        inputs = {part["Id"] for part in parts if "MetricStat" in part}
        for part in parts:
            if "Expression" in part and not part["Expression"].startswith("SELECT"):
                named = set(re.findall(r"\b[a-z]\w*", part["Expression"]))
                assert (inputs if "METRICS()" in part["Expression"] else named) == inputs, alarm["AlarmName"]


def test_given_a_percentile_alarm_when_evaluated_then_with_100_samples_or_more(
    monitored: dict[str, Any],
) -> None:
    watching = set()
    for alarm in of_type(monitored, "AWS::CloudWatch::Alarm"):
        # With few samples, a plain percentile alarm is not evaluated, or p99 is the maximum.
        assert "ExtendedStatistic" not in alarm, alarm["AlarmName"]
        asked = {part["MetricStat"]["Stat"]: part for part in alarm.get("Metrics", []) if "MetricStat" in part}
        if "p99" in asked:
            [expression] = [part["Expression"] for part in alarm["Metrics"] if "Expression" in part]
            count, slow = asked["SampleCount"], asked["p99"]
            least = f"{count['Id']} >= 100"
            assert expression == f"IF({least}, {slow['Id']}, 0)" or f"({least} AND {slow['Id']} > 2)" in expression
            assert count["MetricStat"] | {"Stat": "p99"} == slow["MetricStat"]
            watching.add(alarm["AlarmName"].removeprefix(f"{STACK}-"))
    services = {"cart", "inventory", "notification", "payment", "shipping"}
    assert watching == {"cause-create-order-latency", *(f"ticket-{service}-trouble" for service in services)}


def test_given_missing_relay_runs_when_evaluated_then_each_empty_period_counts(
    monitored: dict[str, Any],
) -> None:
    metric_alarms = of_type(monitored, "AWS::CloudWatch::Alarm")
    silent, other = [alarm for alarm in metric_alarms if alarm["TreatMissingData"] == "breaching"]
    if silent["AlarmName"] == f"{STACK}-cause-no-orders-for-hours":
        silent, other = other, silent
    assert other["AlarmName"] == f"{STACK}-cause-no-orders-for-hours"
    filled, runs = silent["Metrics"]
    assert silent["AlarmName"] == f"{STACK}-cause-relay-not-running"
    assert filled["Expression"] == f"FILL({runs['Id']}, 0)"
    assert runs["MetricStat"]["Stat"] == "SampleCount"
    assert (silent["ComparisonOperator"], silent["Threshold"]) == ("LessThanThreshold", 1)
    assert runs["MetricStat"]["Period"] * silent["DatapointsToAlarm"] == 300


@pytest.mark.parametrize(("hours", "is_watched"), [("0", False), ("6", True)])
def test_given_quiet_hours_when_set_then_silence_is_part_of_the_page(hours: str, *, is_watched: bool) -> None:
    """The parameter is a string, and no number equals it."""
    made = resources(QuietHours=hours)
    [page] = [each for each in of_type(made, ALARMS[1]) if each["AlarmName"] == f"{STACK}-page-ordering-down"]
    assert ("NoOrdersForHours" in causes(page)) is is_watched
    assert made["NoOrdersForHours"]["Condition"] == "HasQuietHours"
    if is_watched:
        assert str(made["NoOrdersForHours"]["Properties"]["EvaluationPeriods"]) == hours


@pytest.mark.parametrize("stack", [STACK, "orders-staging"])
def test_given_the_dashboard_when_deployed_then_within_the_limits_of_cloudwatch(stack: str) -> None:
    widgets = nested.widgets(resources(stack))
    assert len(widgets) <= 500
    for widget in widgets:
        entries = widget["properties"].get("metrics", [])
        assert len(entries) <= 500
        assert all(len(entry[0]["expression"]) <= 1024 for entry in entries if isinstance(entry[0], dict))


def test_given_the_dashboard_when_shown_then_charts_have_titles_and_units(
    monitored: dict[str, Any],
) -> None:
    column = 0
    for widget in nested.widgets(monitored):
        column = (column + widget["width"]) % 24
        if widget["type"] == "metric":
            assert widget["properties"]["title"]
            axis = widget["properties"]["yAxis"]["left"]
            assert axis.get("label") or all("label" in entry[-1] for entry in widget["properties"]["metrics"])
        if widget["type"] == "text":
            assert column == 0
            assert widget["properties"]["markdown"].startswith("## ")
    assert column == 0


def test_given_an_alarm_on_the_dashboard_when_shown_then_its_threshold_is_right(
    monitored: dict[str, Any],
) -> None:
    known = {alarm["AlarmName"]: alarm.get("Threshold") for alarm in of_type(monitored, *ALARMS)}
    shown = [widget["properties"] for widget in nested.widgets(monitored)]
    lines = [line for each in shown for line in each.get("annotations", {}).get("horizontal", [])]
    assert lines
    assert {f"{STACK}-{line['label']}": line["value"] for line in lines}.items() <= known.items()
    pages = {arn.rpartition(":")[2] for each in shown for arn in each.get("alarms", [])}
    unconditional = [resource for resource in monitored.values() if "Condition" not in resource]
    names = {resource["Properties"].get("AlarmName", "") for resource in unconditional}
    assert pages == {name for name in names if "-page-" in name}


def test_given_the_saved_queries_when_compared_then_the_runbook_names_the_same(
    monitored: dict[str, Any],
) -> None:
    saved = {query["Name"].removeprefix(f"{STACK}/") for query in of_type(monitored, "AWS::Logs::QueryDefinition")}
    assert saved == {" ".join(name.split()) for name in re.findall(r"“([^”]+)”", RUNBOOK)}


def test_given_the_access_log_when_written_then_without_personal_data(
    main: dict[str, Any],
) -> None:
    [api] = sam.resources(main, sam.HTTP_API).values()
    fields = json.loads(api["Properties"]["AccessLogSettings"]["Format"])
    assert set(fields.values()) == {
        "$context.authorizer.error",
        "$context.authorizer.pseudonym",
        "$context.error.message",
        "$context.integrationErrorMessage",
        "$context.integrationLatency",
        "$context.requestId",
        "$context.responseLatency",
        "$context.responseLength",
        "$context.routeKey",
        "$context.status",
    }


def test_given_a_created_topic_when_published_to_then_it_is_encrypted(
    monitored: dict[str, Any],
) -> None:
    [topic] = of_type(monitored, "AWS::SNS::Topic")
    [key] = of_type(monitored, "AWS::KMS::Key")
    assert topic["KmsMasterKeyId"] == {"Ref": "AlarmTopicKey"}
    services = [statement["Principal"].get("Service") for statement in key["KeyPolicy"]["Statement"]]
    assert "cloudwatch.amazonaws.com" in services
