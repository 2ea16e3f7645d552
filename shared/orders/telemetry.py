"""Logs, metrics and traces. Logs and metrics are written to standard output, which Lambda sends to CloudWatch.

Metrics are written when an invocation ends; `emf` has their format.
"""

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import Lock
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from orders.emf import Metrics, Unit
from orders.log_format import LogFormatter, causes, describe

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Our lines have neither thread nor process (Python's documentation, "Logging HOWTO", "Optimization").
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
logger = Logger(logger_formatter=LogFormatter(release=os.environ.get("RELEASE")))

_REQUEST_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_metrics = Metrics()
_lock = Lock()
_trace: ContextVar[str] = ContextVar("trace")


def count(name: str, number: float = 1, **dimensions: str) -> None:
    """Add to a counter metric."""
    _measure(name, "Count", number, dimensions)


def amount(name: str, money: float, **dimensions: str) -> None:
    """Add an amount of money, in major units, to a metric; pass the currency as a dimension."""
    _measure(name, "None", money, dimensions)


def time(name: str, seconds: float, **dimensions: str) -> None:
    """Add a duration to a metric."""
    _measure(name, "Seconds", seconds, dimensions)


def request_id(event: Mapping[str, Any]) -> str:
    """Return the request's id in logs and responses: the caller's ``X-Request-ID`` if valid, else the gateway's."""
    named = event.get("headers", {}).get("x-request-id", "")
    return str(named if _REQUEST_ID.fullmatch(named) else event.get("requestContext", {}).get("requestId", ""))


def cause_of(error: BaseException | None) -> list[str]:
    """Return what is logged of an exception and of its causes, which may quote a request: mostly their types."""
    return [describe(each) for each in causes(error)]


def reasons(error: Exception) -> list[str]:
    """Return what is logged of why one of our own errors was raised: its notes, and its causes."""
    return [*getattr(error, "__notes__", []), *cause_of(error.__cause__)]


def trace() -> str:
    """Return the value of ``X-Amzn-Trace-Id`` for outgoing calls; empty without a trace.

    Lambda sends the segments, so the X-Ray SDK is not needed.
    """
    return _trace.get("") or os.environ.get("_X_AMZN_TRACE_ID", "")


@contextmanager
def traced(header: str | None) -> Iterator[None]:
    """Use the trace in a message's header, instead of the invocation's, within the `with` block."""
    token = _trace.set(header or "")
    try:
        yield
    finally:
        _trace.reset(token)


def lambda_entrypoint[Event, Answer](
    handler: "Callable[[Event, LambdaContext], Answer]",
) -> "Callable[[Event, LambdaContext], Answer]":
    """Wrap a handler: add Lambda's context to its log lines, count cold starts, and write metrics when it ends."""
    first = iter([True])

    @logger.inject_lambda_context(clear_state=True)
    @wraps(handler)
    def run(event: Event, context: "LambdaContext") -> Answer:
        if next(first, False):
            count("ColdStarts", function=context.function_name)
        try:
            return handler(event, context)
        finally:
            _metrics.flush()

    return run


def _measure(name: str, unit: Unit, value: float, dimensions: Mapping[str, str]) -> None:
    # Tasks are processed in threads.
    with _lock:
        _metrics.add(name, unit, value, dimensions)
