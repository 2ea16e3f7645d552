"""What log lines show of exceptions and of long values."""

import json
import logging
from collections.abc import Callable
from http.client import BadStatusLine, InvalidURL
from typing import Any

import psycopg2
import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from pydantic import TypeAdapter, ValidationError

from orders.config import ConfigurationError
from orders.domain.errors import CartNotFound
from orders.log_format import MAX_CHARACTERS, MAX_TRACEBACK_CHARACTERS, LogFormatter, causes, describe
from orders.telemetry import cause_of, logger

type Log = Callable[[], list[dict[str, Any]]]

SECRET = "ann.secret@example.com"


def invalid() -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(int).validate_python(SECRET)
    return raised.value


@pytest.mark.parametrize(
    ("error", "described"),
    [
        (ValueError(SECRET), "ValueError"),
        (KeyError(SECRET), "KeyError"),
        (invalid(), "ValidationError"),
        (psycopg2.DataError(SECRET), "DataError"),
        (psycopg2.IntegrityError(f"DETAIL: Key (customer_id)=({SECRET})"), "IntegrityError"),
        (CartNotFound(SECRET), "CartNotFound"),
        (InvalidURL(f"URL can't contain control characters. '/carts/{SECRET}'"), "InvalidURL"),
        (BadStatusLine(SECRET), "BadStatusLine"),
        (
            psycopg2.OperationalError(f'connection to server at "db", port 5432 failed\nDETAIL: {SECRET}'),
            'OperationalError: connection to server at "db", port 5432 failed',
        ),
        (ConnectionRefusedError(111, "Connection refused"), "ConnectionRefusedError: [Errno 111] Connection refused"),
        (ConfigurationError("DATABASE_PORT is 'x'"), "ConfigurationError: DATABASE_PORT is 'x'"),
    ],
)
def test_given_an_exception_when_described_then_no_message_that_may_quote(error: Exception, described: str) -> None:
    assert describe(error) == described


def test_given_a_chain_of_exceptions_when_described_then_each_cause_is_there() -> None:
    error = RuntimeError(SECRET)
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    assert cause_of(error) == ["RuntimeError", "ConnectionRefusedError: [Errno 111] Connection refused"]
    assert cause_of(None) == []


def test_given_a_circle_of_causes_when_followed_then_it_ends() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert len(list(causes(first))) == 10


@pytest.mark.parametrize(
    "extra",
    [{}, {"status": 200, "code": None, "order_id": "1"}, {"fields": ["a", {"b": 1.5}], "é": "ü"}],
    ids=str,
)
@pytest.mark.parametrize("message", ["done", "", "{}", "5", "100 %"])
@pytest.mark.parametrize("trace", ["Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1", ""])
def test_given_short_values_when_logged_then_the_line_is_as_powertools_has_it(
    extra: dict[str, Any], message: str, trace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
    record = logging.LogRecord("orders", logging.INFO, "app.py", 7, message, None, None, "handle")
    vars(record).update(extra)
    theirs = LambdaPowertoolsFormatter(serialize_stacktrace=False, utc=True, use_rfc3339=True, release="r")
    ours = LogFormatter(release="r")
    for each in (theirs, ours):
        each.append_keys(function_name="get_order", request_id="1", cold_start=False)
        each.thread_safe_append_keys(task_id="1.1.charge_payment")
    line = json.loads(theirs.format(record))
    # Theirs parses a message that is JSON.
    assert json.loads(ours.format(record)) == {**line, "message": message}
    ours.thread_safe_clear_keys()


def test_given_long_values_when_logged_then_they_are_cut(log: Log) -> None:
    logger.info("found", text="x" * 1_000_000, several=["y" * 1_000_000] * 1_000, named={"z" * 100_000: "z" * 100_000})
    [line] = log()
    assert line["text"] == "x" * MAX_CHARACTERS + "…"
    assert len(line["several"]) == 50
    assert len(json.dumps(line)) < 60 * MAX_CHARACTERS


def test_given_a_deep_traceback_when_logged_then_its_end_is_kept(log: Log) -> None:
    def fail(depth: int) -> None:
        if depth:
            fail(depth - 1)
        raise LookupError(SECRET)

    try:
        fail(500)
    except LookupError:
        logger.exception("unexpected error")
    [line] = log()
    assert len(line["exception"]) <= MAX_TRACEBACK_CHARACTERS
    assert line["exception"].endswith("LookupError")
    assert "secret" not in json.dumps(line)
