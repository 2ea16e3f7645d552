"""Orders with a failed task need attention: readers are told, and customers are not."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.integration.conftest import Query
from tests.integration.world import World
from tests.support import Answer, call

type Load = Callable[[str], ModuleType]

STAFF = {"customer": "agent", "scope": "orders:read orders:write"}


@pytest.fixture
def order(query: Query, services: httpx.Client) -> str:
    """An order whose charge was refused by the payment service, so that its task has failed."""
    world = World()
    placed = world.place()
    services.put("/control/payment", json={"failure_rate": 1, "failure_status": 400}).raise_for_status()
    assert world.drain()
    services.put("/control/payment", json={"failure_rate": 0}).raise_for_status()
    return placed


@pytest.fixture
def get(function: Load, order: str) -> Callable[..., Answer]:
    def get(known: str = "", **caller: Any) -> Answer:
        headers = {"if-none-match": known} if known else {}
        return call(function("get_order"), "GET", f"/v1/orders/{order}", headers=headers, **caller)

    return get


type Get = Callable[..., Answer]


def test_given_a_failed_task_when_its_order_is_read_then_only_readers_are_told(get: Get) -> None:
    assert get(**STAFF).json["needs_attention"] is True
    assert "needs_attention" not in get().json


def test_given_a_failed_task_when_its_order_is_polled_then_the_readers_tag_differs(get: Get) -> None:
    version = get().json["version"]
    assert get().headers["etag"] == f'"v{version}"'
    assert get(f'"v{version}"').status == 304
    assert get(f'"v{version}"', **STAFF).status == 200
    assert get(get(**STAFF).headers["etag"], **STAFF).status == 304


def test_given_a_readers_tag_of_an_order_when_it_is_cancelled_then_it_matches(
    function: Load, get: Get, order: str
) -> None:
    headers = {"if-match": get(**STAFF).headers["etag"]}
    answer = call(function("cancel_order"), "POST", f"/v1/orders/{order}/cancel", headers=headers, **STAFF)
    assert (answer.status, answer.json["needs_attention"]) == (200, True)


def test_given_a_failed_task_when_it_is_done_at_last_then_no_attention_is_needed(
    query: Query, order: str, get: Get
) -> None:
    query("UPDATE order_tasks SET state = 'done' WHERE order_id = %(id)s", id=order)
    assert get(**STAFF).json["needs_attention"] is False
