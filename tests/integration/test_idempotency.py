"""Requests that are sent again under their key: one order, one reservation, one answer."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from types import ModuleType
from typing import Any, NoReturn

import httpx
import pytest

from orders import bootstrap
from orders.domain.caller import Caller
from orders.domain.errors import DatabaseUnavailable, DownstreamUnavailable, PriceChanged
from orders.domain.order import Order
from orders.postgres.idempotency import LIFETIME
from orders.postgres.new_orders import place_order
from orders.schemas.requests import NewOrder
from orders.use_cases.place_order import PlaceOrder
from orders.use_cases.relay_outbox import ORPHANED, RelayOutbox
from tests.integration.conftest import Query
from tests.integration.world import ManualClock, MemoryQueue
from tests.support import Answer, call, wait_until

pytestmark = pytest.mark.usefixtures("inventory_api")

type Load = Callable[[str], ModuleType]
type Stock = Callable[[str], int]

FREE = 1_000_000
BODY = {"items": [{"sku": "SKU123", "quantity": 2}]}
REPLAYED = "idempotent-replayed"
AFTER_RESERVING = "orders.use_cases.place_order.Order"
"""What is called first once stock is reserved."""


def create(environment: ModuleType, key: str | None = "key-1", body: object = BODY, **changes: Any) -> Answer:
    headers = {} if key is None else {"idempotency-key": key}
    return call(environment, "POST", "/v1/orders", body, headers=headers, **changes)


def orders(query: Query) -> int:
    return int(query("SELECT count(*) AS n FROM orders")[0]["n"])


class Killed(BaseException):
    """The function is killed: no clean-up runs."""


def raises(error: BaseException) -> Callable[..., NoReturn]:
    def run(*_: object, **__: object) -> NoReturn:
        raise error

    return run


class Shop:
    """A customer's attempts, each in a process of its own, with a manual clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.queue = MemoryQueue()

    def process(self) -> PlaceOrder:
        return replace(bootstrap.place_order(), clock=self.clock, queue=self.queue)

    def relay(self) -> RelayOutbox:
        return replace(bootstrap.relay_outbox(), queue=self.queue, clock=self.clock)

    def cancel(self, order: str) -> None:
        replace(bootstrap.cancel_order(), clock=self.clock, queue=self.queue).cancel(Caller("5"), order, None, None)

    def order(self, quantity: int = 2) -> str:
        request = NewOrder.model_validate({"items": [{"product_id": "SKU123", "quantity": quantity}]})
        return str(self.process().from_items(Caller("5"), request, key="key-1").row["id"])


@pytest.fixture
def shop(query: Query, services: httpx.Client) -> Shop:
    return Shop()


def test_given_a_request_when_sent_again_then_the_answer_is_replayed(
    function: Load, query: Query, stock: Stock
) -> None:
    environment = function("create_order")
    first = create(environment)
    again = create(function("create_order"))
    assert (first.status, again.status) == (201, 201)
    assert again.json == first.json
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert {**again.headers, REPLAYED: None} == {**first.headers, REPLAYED: None}
    assert orders(query) == 1
    assert stock("SKU123") == FREE - 2


def test_given_a_changed_order_when_its_request_is_repeated_then_the_same_answer(
    function: Load,
) -> None:
    first = create(function("create_order"))
    cancelled = call(function("cancel_order"), "POST", f"{first.headers['location']}/cancel", {"reason": "no"})
    assert cancelled.json["status"] == "cancelled"
    again = create(function("create_order"))
    assert (again.json, again.headers["etag"]) == (first.json, '"v1"')


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/orders/create", "/orders", "/v1/customers/5/orders", "/orders/5"])
def test_given_any_create_route_when_sent_twice_then_there_is_one_order(
    function: Load, query: Query, path: str
) -> None:
    answers = [call(function("create_order"), "POST", path, BODY, headers={"idempotency-key": "k"}) for _ in "12"]
    assert answers[0].json == answers[1].json
    assert orders(query) == 1


def test_given_a_cart_when_ordered_twice_with_one_key_then_the_answers_are_equal(
    function: Load, services: httpx.Client, query: Query
) -> None:
    def order() -> Answer:
        return call(function("create_order"), "POST", "/v1/customers/5/orders", headers={"idempotency-key": "k"})

    first = order()
    services.put("/cart/carts/5", json={"items": []}).raise_for_status()
    again = order()
    assert (again.status, again.json, again.headers[REPLAYED]) == (201, first.json, "true")
    assert orders(query) == 1


@pytest.mark.parametrize(
    ("body", "same"),
    [
        ({"items": [{"product_id": "SKU123", "quantity": 2}], "customer_id": 5}, True),
        ({"items": [{"sku": "SKU123", "quantity": 3}]}, False),
        ({**BODY, "customer_name": "Alice"}, False),
    ],
)
def test_given_a_used_key_when_sent_with_another_body_then_422_unless_equivalent(
    function: Load, query: Query, body: object, *, same: bool
) -> None:
    first = create(function("create_order"))
    again = create(function("create_order"), body=body)
    if same:
        assert again.json == first.json
    else:
        assert (again.status, again.json["code"]) == (422, "idempotency_key_reused")
    assert orders(query) == 1


@pytest.mark.parametrize(
    ("first", "second", "number"),
    [
        ("key", '"key"', 1),
        ("key", "  key ", 1),
        ("key", "KEY", 2),
        ("k" * 255, '"' + "k" * 255 + '"', 1),
    ],
)
def test_given_a_key_with_and_without_quotes_when_sent_then_it_is_the_same_key(
    function: Load, query: Query, first: str, second: str, number: int
) -> None:
    for key in (first, second):
        assert create(function("create_order"), key).status == 201
    assert orders(query) == number


def test_given_the_same_key_of_two_callers_when_sent_then_there_are_two_orders(function: Load, query: Query) -> None:
    answers = [create(function("create_order"), customer=customer) for customer in ("5", "6")]
    assert [answer.json["customer_id"] for answer in answers] == ["5", "6"]
    assert orders(query) == 2


def test_given_no_key_when_sent_twice_then_there_are_two_orders(function: Load, query: Query) -> None:
    assert [create(function("create_order"), None).status for _ in "12"] == [201, 201]
    assert (orders(query), query("SELECT * FROM idempotency_keys")) == (2, [])


def test_given_a_refused_request_when_it_can_succeed_then_its_key_can_be_reused(
    function: Load, services: httpx.Client, query: Query, stock: Stock
) -> None:
    services.put("/inventory/products/SKU123", json={"quantity": 1}).raise_for_status()
    assert create(function("create_order")).json["code"] == "insufficient_stock"
    assert query("SELECT * FROM idempotency_keys") == []
    services.put("/inventory/products/SKU123", json={"quantity": 5}).raise_for_status()
    assert create(function("create_order")).status == 201
    assert stock("SKU123") == 3


def test_given_an_inventory_outage_when_it_ends_then_a_retry_succeeds_at_once(
    function: Load, services: httpx.Client, query: Query, stock: Stock
) -> None:
    services.put("/control/inventory", json={"failure_rate": 1}).raise_for_status()
    assert create(function("create_order")).status == 503
    services.put("/control/inventory", json={"failure_rate": 0}).raise_for_status()
    assert create(function("create_order")).status == 201
    assert (orders(query), stock("SKU123")) == (1, FREE - 2)


@pytest.mark.parametrize("is_stored", [True, False])
def test_given_a_database_outage_when_storing_an_order_then_a_retry_makes_one_order(
    shop: Shop, query: Query, stock: Stock, monkeypatch: pytest.MonkeyPatch, *, is_stored: bool
) -> None:
    def store_and_lose_the_answer(*arguments: Any, **keywords: Any) -> NoReturn:
        if is_stored:
            place_order(*arguments, **keywords)
        raise DatabaseUnavailable("The answer was lost.")

    with monkeypatch.context() as patched:
        patched.setattr("orders.use_cases.place_order.new_orders.place_order", store_and_lose_the_answer)
        with pytest.raises(DatabaseUnavailable):
            shop.order()
    shop.order()
    assert (orders(query), stock("SKU123")) == (1, FREE - 2)


def test_given_a_process_killed_after_reserving_when_retried_then_one_reservation(
    shop: Shop, query: Query, stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(AFTER_RESERVING, raises(Killed()))
        with pytest.raises(Killed):
            shop.order()
    assert stock("SKU123") == FREE - 2
    placed = shop.order()
    assert (orders(query), stock("SKU123")) == (1, FREE - 2)
    assert shop.order() == placed


def test_given_a_killed_attempt_when_the_cart_has_changed_then_a_retry_orders_it(
    shop: Shop, services: httpx.Client, stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.put("/inventory/settings", json={"reservation_seconds": 0.01}).raise_for_status()
    with monkeypatch.context() as patched:
        patched.setattr(AFTER_RESERVING, raises(Killed()))
        with pytest.raises(Killed):
            shop.process().from_cart(Caller("5"), "5", key="key-1")
    services.put("/inventory/settings", json={"reservation_seconds": 900}).raise_for_status()
    items = [{"product_id": "SKU456", "quantity": 1}]
    services.put("/cart/carts/5", json={"items": items}).raise_for_status()
    placed = shop.process().from_cart(Caller("5"), "5", key="key-1")
    assert placed.row["items"] == [("SKU456", 1, 5000, None)]
    shop.clock.pass_time(seconds=ORPHANED.total_seconds() + 1)
    shop.relay().run()
    wait_until(lambda: (stock("PROD001"), stock("PROD002"), stock("SKU456")) == (FREE, FREE, FREE - 1))


@pytest.mark.parametrize("is_refused", [False, True])
def test_given_an_attempt_when_another_overtakes_it_then_both_have_the_one_order(
    shop: Shop, query: Query, stock: Stock, monkeypatch: pytest.MonkeyPatch, *, is_refused: bool
) -> None:
    """Even if the slower one is refused, because the price has changed meanwhile."""

    def overtaken(**fields: Any) -> Order:
        monkeypatch.undo()
        monkeypatch.setenv("INVENTORY_API", inventory_api)
        faster.append(shop.order())
        if is_refused:
            raise PriceChanged("Another price.")
        return Order(**fields)

    inventory_api, faster = os.environ["INVENTORY_API"], list[str]()
    monkeypatch.setattr(AFTER_RESERVING, overtaken)
    assert shop.order() == faster[0]
    assert query("SELECT id FROM orders") == [{"id": faster[0]}]
    assert stock("SKU123") == FREE - 2


def test_given_a_refusal_after_reserving_when_retried_then_stock_is_reserved_again(
    shop: Shop, query: Query, stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(AFTER_RESERVING, raises(PriceChanged("Another price.")))
        for _ in range(7):
            with pytest.raises(PriceChanged):
                shop.order()
            assert stock("SKU123") == FREE
    first = shop.order()
    assert shop.order() == first
    assert (orders(query), stock("SKU123")) == (1, FREE - 2)


@pytest.mark.parametrize("key", ["key-1", None])
def test_given_an_attempt_when_its_stock_is_orphaned_then_none_is_sold_twice(
    shop: Shop, query: Query, stock: Stock, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    def relayed(**fields: Any) -> Order:
        monkeypatch.undo()
        monkeypatch.setenv("INVENTORY_API", inventory_api)
        shop.clock.pass_time(seconds=ORPHANED.total_seconds() + 1)
        shop.relay().run()
        return Order(**fields)

    inventory_api = os.environ["INVENTORY_API"]
    request = NewOrder.model_validate({"items": [{"product_id": "SKU123", "quantity": 2}]})
    monkeypatch.setattr(AFTER_RESERVING, relayed)
    try:
        shop.process().from_items(Caller("5"), request, key=key)
    except DownstreamUnavailable:
        assert (inventory_api, key) == ("catalog", None)
        assert (orders(query), stock("SKU123")) == (0, FREE)
    else:
        assert (orders(query), stock("SKU123")) == (1, FREE - 2)


def test_given_the_last_piece_when_its_attempt_was_killed_then_a_retry_gets_it(
    shop: Shop, services: httpx.Client, query: Query, stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.put("/inventory/products/SKU123", json={"quantity": 2}).raise_for_status()
    with monkeypatch.context() as patched:
        patched.setattr("orders.use_cases.place_order.new_orders.place_order", raises(Killed()))
        with pytest.raises(Killed):
            shop.order()
    shop.order()
    assert (orders(query), stock("SKU123")) == (1, 0)


def test_given_an_ended_order_when_its_request_is_sent_again_then_no_stock_is_held(
    shop: Shop, query: Query, stock: Stock
) -> None:
    first = shop.order()
    shop.cancel(first)
    reservation = query("SELECT reservation_id FROM orders")[0]["reservation_id"]
    shop.process().inventory.release(reservation)
    assert shop.order() == first
    assert stock("SKU123") == FREE


def test_given_ten_equal_requests_at_once_when_answered_then_all_have_the_one_order(
    function: Load, query: Query, stock: Stock
) -> None:
    environments = [function("create_order") for _ in range(10)]
    start = Barrier(10)

    def order(environment: ModuleType) -> Answer:
        start.wait()
        return create(environment)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(order, environments))
    assert {answer.status for answer in answers} == {201}
    assert all(answer.json == answers[0].json for answer in answers)
    assert (orders(query), stock("SKU123")) == (1, FREE - 2)


def test_given_a_key_when_a_day_has_passed_then_it_is_deleted_and_can_be_reused(
    shop: Shop, query: Query, stock: Stock
) -> None:
    relay = shop.relay()
    first = shop.order()
    shop.clock.pass_time(seconds=LIFETIME.total_seconds() - 1)
    assert (relay.run().keys, shop.order()) == (0, first)
    shop.clock.pass_time(seconds=1)
    assert shop.order(quantity=3) != first
    shop.clock.pass_time(seconds=LIFETIME.total_seconds())
    assert relay.run().keys == 1
    assert query("SELECT * FROM idempotency_keys") == []
    shop.process().inventory.release(query("SELECT reservation_id FROM orders ORDER BY id")[0]["reservation_id"])
    assert stock("SKU123") == FREE - 3
