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
    STAGE="dev",
    POWERTOOLS_METRICS_NAMESPACE="Orders",
    TASK_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/orders-tasks",
    TASK_CONCURRENCY="20",
    PAYMENT_TIMEOUT_HOURS="24",
)


class Scheduler(LoadScopeScheduling):
    """Give each process one scope after the other.

    The tests of the deployed stack are one scope, and so are the tests of a file, which may share expensive fixtures.
    Each test of the simulation is a scope of its own: its files take minutes, and all processes share them.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith("tests/simulation/"):
            return nodeid
        return "stack" if nodeid.startswith("tests/e2e/") else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start one process more than there are cores, since some tests wait, and four at most."""
    return min(len(os.sched_getaffinity(0)) + 1, 4)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler:
    """Distribute the tests, if more than one process is asked for."""
    return Scheduler(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that makes random tests longer."""
    parser.addoption("--effort", type=int, default=1, help="multiply the number of cases in random tests")


@pytest.fixture(scope="session")
def effort(pytestconfig: pytest.Config) -> int:
    """By how much to multiply the number of cases in random tests."""
    return int(pytestconfig.getoption("effort"))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """The log lines that a function has written so far."""
    from orders.telemetry import logger

    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
