"""Each event of the timeline names who caused it; customers are told the kind of actor only."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.integration.world import World
from tests.support import call

type Load = Callable[[str], ModuleType]

ITEMS = {"items": [{"product_id": "SKU123", "quantity": 1}]}
READER = {"customer": "agent", "scope": "orders:read"}
CARRIER = {"customer": "carrier", "scope": "orders:write"}
STAFF = {"customer": "7", "scope": "orders:read orders:write", "actor": "staff:jane"}


@pytest.fixture
def actors(function: Load) -> Callable[..., list[tuple[str, str]]]:
    """The events of an order with their actors, as a caller reads them."""
    get = function("get_order")

    def actors(order: str, **caller: Any) -> list[tuple[str, str]]:
        answer = call(get, "GET", f"/v1/orders/{order}", query={"include": "timeline"}, **caller)
        return [(entry["event"], entry["actor"]) for entry in answer.json["timeline"]]

    return actors


type Actors = Callable[..., list[tuple[str, str]]]


def test_given_events_of_several_actors_when_read_then_readers_see_who(function: Load, actors: Actors) -> None:
    order = call(function("create_order"), "POST", "/v1/orders", ITEMS).json["id"]
    report = {"payment_status": "processing"}
    assert call(function("update_order_status"), "PUT", f"/v1/orders/{order}/status", report, **CARRIER).status == 200
    assert call(function("cancel_order"), "POST", f"/v1/orders/{order}/cancel", **STAFF).status == 200
    assert actors(order, **READER) == [
        ("order.placed", "customer:5"),
        ("payment.started", "service:carrier"),
        ("order.cancelled", "staff:jane"),
    ]
    assert [actor for _, actor in actors(order)] == ["customer", "service", "staff"]


@pytest.mark.parametrize(("key", "path"), [("key", "/v1/orders"), (None, "/v1/customers/5/orders")])
def test_given_an_order_for_a_customer_when_staff_place_it_then_staff_is_the_actor(
    function: Load, actors: Actors, key: str | None, path: str
) -> None:
    body, headers = ({**ITEMS, "customer_id": "5"}, {"idempotency-key": key}) if key else (None, None)
    placed = call(function("create_order"), "POST", path, body, headers=headers, **STAFF)
    assert actors(placed.json["id"], **READER) == [("order.placed", "staff:jane")]


def test_given_an_order_when_its_tasks_are_processed_then_the_function_is_the_actor(
    world: World, actors: Actors
) -> None:
    order = world.place()
    world.drain()
    events = actors(order, **READER)
    assert events[0] == ("order.placed", "customer:5")
    assert {actor for _, actor in events[1:]} == {"system:process_task"}


def test_given_an_unpaid_order_when_it_expires_then_the_relay_is_the_actor(world: World, actors: Actors) -> None:
    order = world.place()
    world.clock.pass_time(minutes=31)
    world.run_relay()
    assert actors(order, **READER)[1] == ("order.expired", "system:relay_outbox")


def test_given_the_longest_id_when_a_customer_orders_then_the_actor_is_stored(function: Load, actors: Actors) -> None:
    longest = "x" * 128
    order = call(function("create_order"), "POST", "/v1/orders", ITEMS, customer=longest).json["id"]
    assert actors(order, **READER) == [("order.placed", f"customer:{longest}")]
