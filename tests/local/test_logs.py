import datetime as dt
import itertools
from pathlib import Path
from typing import Any

import pytest

from local import logs
from local.__main__ import main
from local.logs import EmulatorLog, FunctionLog, LogLine
from local.stack import Stack

START = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)


class CloudWatchLogs:
    """A fake with MiniStack's behaviour: no ids, one stream per invocation, a limit, oldest first."""

    class exceptions:  # noqa: N801 - boto3's name
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self, limit: int = 1000) -> None:
        self.limit = limit
        self.events: list[dict[str, Any]] = []
        self.missing = False

    def invocation(self, second: int, *messages: str) -> None:
        time = int(START.timestamp() * 1000) + second * 1000
        stream = f"stream-{len(self.events)}"
        self.events += [{"timestamp": time, "logStreamName": stream, "message": message} for message in messages]

    def filter_log_events(self, *, startTime: int, **_: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if self.missing:
            raise self.exceptions.ResourceNotFoundException
        return {"events": [event for event in self.events if event["timestamp"] >= startTime][: self.limit]}


def messages(lines: object) -> list[str]:
    assert isinstance(lines, list)
    return [line.message for line in lines]


def reader(client: Any, since: dt.datetime | None = None) -> FunctionLog:
    return FunctionLog(client, "create_order", "/aws/lambda/create-order", since)


def test_given_a_log_when_read_again_then_only_new_lines_are_returned() -> None:
    client = CloudWatchLogs()
    log = reader(client)
    client.invocation(0, "a", "a")
    assert messages(list(log.read())) == ["a", "a"]
    client.invocation(0, "a")
    client.invocation(1, "b")
    assert messages(list(log.read())) == ["a", "b"]
    assert messages(list(log.read())) == []


def test_given_more_lines_than_a_page_when_read_then_none_is_lost_or_repeated() -> None:
    client = CloudWatchLogs(limit=3)
    for second in range(5):
        client.invocation(second, f"{second}a", f"{second}b")
    assert messages(list(reader(client).read())) == [f"{second}{part}" for second in range(5) for part in "ab"]


def test_given_a_time_when_read_then_earlier_lines_are_left_out() -> None:
    client = CloudWatchLogs()
    client.invocation(0, "early")
    client.invocation(10, "late")
    assert messages(list(reader(client, START + dt.timedelta(seconds=5)).read())) == ["late"]


def test_given_a_function_that_never_ran_when_read_then_there_is_nothing() -> None:
    client = CloudWatchLogs()
    client.missing = True
    assert list(reader(client).read()) == []


def test_given_several_functions_when_fetched_then_lines_are_in_order() -> None:
    first, second = CloudWatchLogs(), CloudWatchLogs()
    first.invocation(0, "1")
    second.invocation(1, "2")
    first.invocation(2, "3")
    assert messages(logs.fetch([reader(first), reader(second)])) == ["1", "2", "3"]


def test_given_lines_that_come_later_when_followed_then_they_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    client = CloudWatchLogs()
    client.invocation(0, "1")
    monkeypatch.setattr("time.sleep", lambda _: client.invocation(1, "2"))
    assert messages(list(itertools.islice(logs.follow([reader(client)]), 2))) == ["1", "2"]


def test_given_a_function_that_cannot_start_when_read_then_its_error_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "ministack.log"
    path.write_text(
        "2026-11-20 05:00:00 ERROR [lambda] Warm worker execution error for orders-health: too early\n"
        "2026-11-20 06:00:01 WARNING [kms] something else\n"
        "2026-11-20 06:00:02 ERROR [lambda] Warm worker execution error for orders-other: not ours\n"
        "2026-11-20 06:00:03 ERROR [lambda] Warm worker execution error for orders-health: No module named 'x'\n"
    )
    log = EmulatorLog(path, {"orders-health": "health"}, START)
    (line,) = log.read()
    assert (line.time, line.function) == (START + dt.timedelta(seconds=3), "health")
    assert "failed to start: No module named 'x'" in line.message
    assert list(log.read()) == []


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("plain text", "plain text"),
        ("[1]", "[1]"),
        (
            '{"level": "INFO", "message": "request completed", "order_id": "01", "status": 201, "cold_start": true}',
            "request completed order_id=01 status=201",
        ),
        ('{"level": "ERROR", "message": "failed", "exception": "Traceback …"}', "failed\nTraceback …"),
    ],
)
def test_given_a_line_when_shown_then_it_is_shortened(message: str, shown: str) -> None:
    text = logs.pretty(LogLine(START, "create_order", message)).plain
    assert text.split("create_order", 1)[1].strip() == shown


def test_given_lines_of_lambda_itself_when_checked_then_they_are_recognized() -> None:
    assert LogLine(START, "f", "START RequestId: 1 Version: $LATEST").is_platform
    assert not LogLine(START, "f", '{"message": "START"}').is_platform


REPORT = "REPORT RequestId: 1\tDuration: 303.4 ms\tBilled Duration: 304 ms\tMemory Size: 1024 MB"
METRICS = '{"_aws": {}, "OrdersPlaced": [1.0]}'
DONE = '{"level": "INFO", "message": "task done", "task_id": "0193b6a8-0000-7000-8000-000000000000.1.charge_payment"}'


def test_given_an_invocation_when_read_then_its_last_readable_line_has_the_duration() -> None:
    client = CloudWatchLogs()
    client.invocation(0, '{"message": "first"}', DONE, METRICS, REPORT)
    client.invocation(0, METRICS, REPORT)
    lines = list(reader(client).read())
    assert [line.milliseconds for line in lines] == [None, 303.4, None, None, None, None]
    assert [line.is_readable for line in lines] == [True, True, False, False, False, False]
    assert logs.pretty(lines[1]).plain.endswith("duration=303 ms")


@pytest.mark.parametrize(
    ("message", "level", "is_shown"),
    [
        (DONE, "INFO", True),
        (DONE, "WARNING", False),
        ('{"level": "ERROR", "message": "failed"}', "WARNING", True),
        ("Traceback (most recent call last):", "ERROR", True),
    ],
)
def test_given_a_level_when_lines_are_filtered_then_less_severe_ones_are_left_out(
    message: str, level: str, *, is_shown: bool
) -> None:
    assert LogLine(START, "f", message).is_at_least(level) is is_shown


def test_given_an_order_when_lines_are_filtered_then_its_tasks_are_included() -> None:
    assert LogLine(START, "f", DONE).is_about("0193b6a8-0000-7000-8000-000000000000")
    assert not LogLine(START, "f", '{"message": "other"}').is_about("0193b6a8-0000-7000-8000-000000000000")


def test_given_a_pipe_when_logs_are_shown_then_they_are_readable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STATE", str(tmp_path / "state"))
    lines = [LogLine(START, "health", message) for message in (DONE, METRICS, REPORT, '{"message": "other"}')]
    monkeypatch.setattr(Stack, "logs", lambda *_: lines)
    assert main(["logs", "--order", "0193b6a8", "--level", "info"]) == 0
    [shown] = capsys.readouterr().out.splitlines()
    assert "task done" in shown
    assert not shown.startswith("{")
    assert main(["logs", "--raw"]) == 0
    assert capsys.readouterr().out.splitlines() == [DONE, METRICS, '{"message": "other"}']
