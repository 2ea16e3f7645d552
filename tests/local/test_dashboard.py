"""The local dashboard: metrics from logs, queries of widgets, and the page."""

import datetime as dt
import json
from typing import Any

import pytest

from local.dashboard import page, spans
from local.dashboard.__main__ import main
from local.dashboard.expressions import Line, Search, lines
from local.dashboard.measured import Measured, Metric, Point, read
from local.dashboard.spans import Window
from local.errors import LocalError
from local.logs import LogLine

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
START = NOON.timestamp()


def line(message: str, seconds: float = 0, function: str = "create_order") -> LogLine:
    return LogLine(NOON + dt.timedelta(seconds=seconds), function, message)


def embedded(name: str, value: float, seconds: float = 0, **dimensions: str) -> LogLine:
    metrics = {"Namespace": "Orders", "Dimensions": [sorted(dimensions)], "Metrics": [{"Name": name}]}
    milliseconds = int((START + seconds) * 1000)
    document = {"_aws": {"Timestamp": milliseconds, "CloudWatchMetrics": [metrics]}, name: [value], **dimensions}
    return line(json.dumps(document), seconds)


def measured(*printed: LogLine) -> Measured:
    return read(printed, {"create_order": "orders-create-order", "get_order": "orders-get-order"})


def widget(*metrics: list[Any], **properties: Any) -> dict[str, Any]:
    shown = {"title": "Some", "period": 60, "yAxis": {"left": {"label": "orders"}}, "metrics": list(metrics)}
    return {"type": "metric", "width": 8, "properties": shown | properties}


def searched(expression: str, *printed: LogLine, **options: str) -> list[tuple[str, list[float]]]:
    drawn = lines(widget([{"expression": expression, **options}])["properties"], measured(*printed))
    return [(each.label, [value for point in each.points for value in point.values]) for each in drawn]


def test_given_log_lines_when_read_then_they_are_metrics_of_ours_and_of_lambda() -> None:
    metrics = measured(
        embedded("Revenue", 12.5, service="orders", currency="EUR"),
        line('{"message": "request completed", "status": 201}'),
        line("REPORT RequestId: 1\tDuration: 20.5 ms\tBilled Duration: 21 ms"),
    )
    function = frozenset({("FunctionName", "orders-create-order")})
    assert metrics == {
        Metric("Orders", "Revenue", frozenset({("service", "orders"), ("currency", "EUR")})): [Point(START, [12.5])],
        Metric("AWS/Lambda", "Invocations", function): [Point(START, [1.0])],
        Metric("AWS/Lambda", "Duration", function): [Point(START, [20.5])],
    }


def test_given_a_search_when_drawn_then_each_matching_metric_is_a_line() -> None:
    expression = """SEARCH('{Orders,service,event} MetricName="OrderEvents" service="orders"', 'Sum')"""
    metrics = searched(
        expression,
        embedded("OrderEvents", 1, service="orders", event="order.placed"),
        embedded("OrderEvents", 2, service="orders", event="order.cancelled"),
        embedded("OrderEvents", 4, service="other", event="order.placed"),
        embedded("OrderEvents", 8, service="orders"),
        embedded("Problems", 16, service="orders", event="order.placed"),
    )
    assert metrics == [("order.cancelled", [2]), ("order.placed", [1])]


def test_given_a_sum_over_functions_when_drawn_then_it_is_one_line() -> None:
    names = '("orders-create-order" OR "orders-list-orders")'
    expression = (
        f"""SUM(SEARCH('{{AWS/Lambda,FunctionName}} MetricName="Duration" FunctionName={names}', 'Sum')) / 1000"""
    )
    reports = [line("REPORT RequestId: 1\tDuration: 500 ms", function=name) for name in ("create_order", "get_order")]
    assert searched(expression, *reports, label="all") == [("all", [500.0])]
    assert Search.parse(expression).divisor == 1000


@pytest.mark.parametrize("expression", ["100 * errors / requests", "SEARCH('{Orders,service} TaskLag', 'Sum'"])
def test_given_an_unsupported_expression_when_drawn_then_it_is_an_error(expression: str) -> None:
    with pytest.raises(LocalError, match="is not supported by the local dashboard"):
        searched(expression)


@pytest.mark.parametrize(
    ("stat", "expected"),
    [("Sum", [(0, 18.0), (10, 24.0)]), ("Maximum", [(0, 2.0), (10, 4.0)]), ("Average", [(0, 1.5), (10, 4.0)]),
     ("Minimum", [(0, 1.0), (10, 4.0)]), ("p50", [(0, 1.0), (10, 4.0)]), ("p99", [(0, 2.0), (10, 4.0)])],
)  # fmt: skip
def test_given_points_when_drawn_then_only_sums_are_scaled_to_the_period(
    stat: str, expected: list[tuple[float, float]]
) -> None:
    drawn = Line("some", stat, [Point(1, [1, 2]), Point(12, [4])])
    assert spans.values(drawn, Window(0, 10, 10), period=60) == expected


@pytest.mark.parametrize(("seconds", "span"), [(60, 5), (900, 10), (3600, 60), (86_400, 3600)])
def test_given_a_time_range_when_drawn_then_the_number_of_spans_is_limited(seconds: float, span: int) -> None:
    window = Window.over([Point(START, [1]), Point(START + seconds, [1])])
    assert (window.begin, window.span) == (START, span)


def test_given_metrics_when_rendered_then_the_page_shows_data_and_gaps() -> None:
    placed = ["Orders", "OrderEvents", "service", "orders", "event", "order.placed", {"label": "placed"}]
    events = [embedded("OrderEvents", 1, second, service="orders", event="order.placed") for second in (0, 1, 90)]
    limits = {"horizontal": [{"label": "near", "value": 30}, {"label": "far", "value": 900}]}
    requests = ["AWS/ApiGateway", "Count", "ApiId", "some", {"label": "all"}]
    failures = ["Orders", "DownstreamErrors", "service", "orders", "downstream", "cart", {"label": "cart"}]
    text = {"type": "text", "width": 24, "properties": {"markdown": "## Is it <selling>?\nNo `5xx`.\n"}}
    shown = [
        text,
        {"type": "alarm", "width": 24, "properties": {"title": "Pages", "alarms": []}},
        widget(placed, stat="Sum", annotations=limits),
        widget(requests, stat="Sum"),
        widget(failures, stat="Sum"),
    ]
    html = page.render("Orders", shown, measured(*events))
    assert "<h2>Is it &lt;selling&gt;?</h2><p>No <code>5xx</code>.</p>" in html
    assert ">placed: 24</text>" in html
    # Two points too far apart for a line, and the line of the limit.
    assert html.count('class="dot ') == 2
    assert html.count('class="line reactive') == 1
    assert ">near</text>" in html
    assert ">far</text>" not in html
    assert html.count("Published by AWS only, not by the local stack.") == 1
    assert html.count("No data.") == 1


def test_given_no_stack_when_drawn_then_the_error_says_how_to_start_it(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--state", str(tmp_path)]) == 1
    assert "`make up` first" in capsys.readouterr().err
