"""Logs and metrics: structured, to standard output, from where Lambda carries them to CloudWatch."""

import re
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics()


def write_metrics() -> None:
    """Write out the metrics of this invocation, if it has any."""
    if metrics.metric_set:
        metrics.flush_metrics()


_REQUEST_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")


def request_id(event: Mapping[str, Any]) -> str:
    """The id by which a request is known in logs and answers: the caller's ``X-Request-ID``, else the gateway's."""
    named = event.get("headers", {}).get("x-request-id", "")
    return str(named if _REQUEST_ID.fullmatch(named) else event.get("requestContext", {}).get("requestId", ""))
