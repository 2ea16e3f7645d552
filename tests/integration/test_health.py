"""Health: what an uptime check and a load balancer get, whatever the state of the database."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from time import monotonic
from types import ModuleType
from typing import Any

import pytest

from local.postgres import Postgres
from orders.config import DatabaseSettings
from orders.postgres.connection import Database, connect
from orders.use_cases.health import CACHE_TTL, OK, CheckHealth
from tests.integration.conftest import Query
from tests.integration.world import ManualClock
from tests.support import Answer, call

type Load = Callable[[str], ModuleType]

HEALTHY = {"status": "ok", "database": "ok", "tasks": "ok"}
UNAVAILABLE = {"status": "unavailable", "database": "unavailable", "tasks": "unknown"}
ITEMS = {"items": [{"sku": "SKU123", "quantity": 1}]}


def check(function: ModuleType) -> Answer:
    return call(function, "GET", "/v1/health", customer=None)


def await_health(function: ModuleType) -> None:
    """Poll, as an uptime check does, until the service is healthy again."""
    deadline = monotonic() + 30
    while check(function).status != 200:
        assert monotonic() < deadline


@contextmanager
def tasks_are_locked(owner: str) -> Iterator[None]:
    """Lock the table of tasks, as its owner: readers wait."""
    settings = replace(DatabaseSettings.from_environment(), user=owner)
    with closing(connect(settings)) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("LOCK TABLE order_tasks")
        yield


@pytest.mark.parametrize("path", ["/v1/health", "/health"])
def test_given_a_working_service_when_checked_without_a_token_then_ok(function: Load, path: str) -> None:
    answer = call(function("health"), "GET", path, customer=None)
    assert (answer.status, answer.json) == (200, HEALTHY)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("available_at = now() - interval '4 minutes'", HEALTHY),
        ("available_at = now() - interval '6 minutes'", {"status": "degraded", "database": "ok", "tasks": "delayed"}),
        ("available_at = now() + interval '1 minute', attempts = 5", HEALTHY),
        ("available_at = now() - interval '1 day', state = 'done'", HEALTHY),
        ("available_at = now() - interval '1 day', state = 'failed'", HEALTHY),
    ],
    ids=["waits a little", "waits for long", "was put off", "is done", "has failed"],
)
def test_given_a_task_when_checked_then_200_and_degraded_only_if_it_is_overdue(
    function: Load, query: Query, change: str, expected: dict[str, Any]
) -> None:
    call(function("create_order"), "POST", "/v1/orders", ITEMS)
    query(f"UPDATE order_tasks SET {change}")  # noqa: S608 - one of the changes above
    answer = check(function("health"))
    assert (answer.status, answer.json) == (200, expected)


def test_given_a_server_that_is_down_when_checked_then_503_until_it_is_back(function: Load, postgres: Postgres) -> None:
    health, other = function("health"), function("health")
    assert check(health).status == 200
    postgres.stop()
    try:
        down = check(other)
        assert (down.status, down.json, down.headers["retry-after"]) == (503, UNAVAILABLE, "5")
    finally:
        postgres.start()
    await_health(other)
    await_health(health)


def test_given_a_hanging_database_when_checked_then_503_in_time_and_ok_afterwards(
    function: Load, postgres: Postgres
) -> None:
    health = function("health")
    with tasks_are_locked(postgres.user):
        asked = monotonic()
        hanging = check(health)
        assert (hanging.status, hanging.json) == (503, UNAVAILABLE)
        assert monotonic() - asked < 5
        assert check(health).json == UNAVAILABLE
    await_health(health)


def test_given_a_flood_of_checks_when_answered_then_one_query_per_cache_ttl(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    fetch = Database.fetch

    def counting(self: Database, *args: Any, **kwargs: Any) -> Any:
        asked.append(args)
        return fetch(self, *args, **kwargs)

    monkeypatch.setattr(Database, "fetch", counting)
    clock = ManualClock()
    health = CheckHealth(database, clock)
    for rounds in (1, 2, 3):
        assert [health.check() for _ in range(100)] == [OK] * 100
        assert len(asked) == rounds
        clock.pass_time(seconds=CACHE_TTL.total_seconds())
