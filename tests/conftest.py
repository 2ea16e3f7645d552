import io
import json
import os
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

# Nothing here is a test of how long something takes.
hypothesis.settings.register_profile("orders", deadline=None)
hypothesis.settings.load_profile("orders")

# What Lambda and the template set for every function. Before anything is imported: Powertools reads it then.
os.environ.update(
    AWS_DEFAULT_REGION="eu-central-1",
    AWS_REGION="eu-central-1",
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_LAMBDA_FUNCTION_NAME="orders-test",
    POWERTOOLS_SERVICE_NAME="orders",
    RELEASE="0123456789ab",
    POWERTOOLS_METRICS_NAMESPACE="Orders",
    TASK_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/orders-tasks",
    TASK_CONCURRENCY="20",
)


class Together(LoadScopeScheduling):
    """Keeps together, in one of several processes, what shares the deployed stack, and what stands in one file."""

    def _split_scope(self, nodeid: str) -> str:
        return "stack" if nodeid.startswith("tests/e2e/") else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Let several processes share the tests, where more than one is asked for."""
    return Together(config, log)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """The log lines that a function has written so far."""
    from orders.telemetry import logger

    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
