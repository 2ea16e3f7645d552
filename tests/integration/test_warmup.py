"""Functions connect at an on-demand start, and not for a snapshot."""

from collections.abc import Callable
from types import ModuleType

import pytest

from local.postgres import Postgres
from tests.integration.conftest import Query
from tests.support import call, wait_until

type Load = Callable[[str], ModuleType]

NAME = "orders-warmed-up"


@pytest.fixture
def connections(query: Query, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[int]]:
    """The connections of the function that a test starts."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", NAME)

    def pids() -> list[int]:
        return [row["pid"] for row in query("SELECT pid FROM pg_stat_activity WHERE application_name = %(n)s", n=NAME)]

    query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %(n)s", n=NAME)
    wait_until(lambda: not pids())
    return pids


@pytest.mark.parametrize("kind", ["on-demand", "provisioned-concurrency"])
@pytest.mark.parametrize(
    "name",
    [
        "cancel_order",
        "create_order",
        "get_order",
        "list_customer_orders",
        "list_orders",
        "process_task",
        "update_order",
        "update_order_status",
    ],
)
def test_given_an_on_demand_start_when_started_then_it_connects(
    function: Load, connections: Callable[[], list[int]], monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    environment = function(name)
    assert len(connections()) == 1, environment


def test_given_a_connected_function_when_called_then_it_uses_that_connection(
    function: Load, connections: Callable[[], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    environment = function("list_orders")
    before = connections()
    assert call(environment, "GET", "/v1/orders").status == 200
    assert connections() == before


@pytest.mark.parametrize("kind", ["snap-start", None])
def test_given_a_snapshot_or_no_lambda_when_started_then_it_does_not_connect(
    function: Load, connections: Callable[[], list[int]], monkeypatch: pytest.MonkeyPatch, kind: str | None
) -> None:
    if kind is not None:
        monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    environment = function("list_orders")
    assert connections() == []
    assert call(environment, "GET", "/v1/orders").status == 200
    assert len(connections()) == 1


def test_given_a_database_that_is_down_when_started_then_the_first_request_connects(
    function: Load, connections: Callable[[], list[int]], monkeypatch: pytest.MonkeyPatch, postgres: Postgres
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    postgres.stop()
    try:
        environment = function("list_orders")
    finally:
        postgres.start()
    assert call(environment, "GET", "/v1/orders").status == 200
