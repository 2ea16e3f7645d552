"""A cart makes one live order, whether or not it has a version; after a failure it can be ordered again."""

import json
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPMessage
from types import ModuleType
from typing import Any, override

import httpx
import pytest

from orders.aws.connections import Response
from orders.clients.cart import Cart, CartClient
from orders.clients.http import Session
from orders.domain.caller import Caller
from orders.domain.errors import CartAlreadyOrdered
from tests.integration.conftest import TASK_ID, Query
from tests.integration.world import World
from tests.support import Answer, Context, call, post_at_once, task_message

type Load = Callable[[str], ModuleType]
type Order = Callable[..., Answer]
type Run = Callable[[], None]
type State = Callable[[], list[str]]

CART = "/v1/customers/5/orders"
FREE = 1_000_000
ITEMS = [{"product_id": "SKU123", "quantity": 2}]
VERSIONS = pytest.mark.parametrize("has_versions", [True, False], ids=["versions", "no versions"])


@pytest.fixture
def order(function: Load) -> Order:
    """Order the cart of customer 5."""
    create = function("create_order")

    def place(key: str | None = None) -> Answer:
        return call(create, "POST", CART, headers={"idempotency-key": key} if key else None)

    return place


@pytest.fixture
def run_tasks(function: Load, query: Query) -> Run:
    """Process all tasks, and those that follow from them."""
    process = function("process_task")

    def run() -> None:
        pending = f"SELECT {TASK_ID} FROM order_tasks WHERE state = 'pending' AND available_at <= now()"  # noqa: S608 - a constant
        while rows := query(pending):
            process.handler({"Records": [task_message(row["id"]) for row in rows]}, Context())

    return run


@pytest.fixture
def fill(services: httpx.Client) -> Callable[..., None]:
    """Fill the cart of customer 5."""

    def put(items: list[dict[str, Any]] | None = None, **others: Any) -> None:
        services.put("/cart/carts/5", json={"items": items or ITEMS, **others}).raise_for_status()

    return put


@pytest.fixture
def states(query: Query) -> State:
    """The statuses of all orders, the first one first."""
    return lambda: [row["status"] for row in query("SELECT status FROM orders ORDER BY id")]


def set_versions(services: httpx.Client, *, has_versions: bool) -> None:
    services.put("/cart/settings", json={"has_versions": has_versions}).raise_for_status()


def decline_once(services: httpx.Client) -> None:
    fault = {"operation": "POST /charges", "decline_rate": 1, "times": 1}
    services.put("/control/payment", json=fault).raise_for_status()


def status_of_cart(services: httpx.Client) -> str:
    return str(services.get("/cart/carts/5").json()["status"])


@VERSIONS
def test_given_a_declined_card_when_the_cart_is_ordered_again_then_it_is_paid(
    services: httpx.Client, order: Order, run_tasks: Run, states: State, *, has_versions: bool
) -> None:
    set_versions(services, has_versions=has_versions)
    decline_once(services)
    assert order().status == 201
    run_tasks()
    assert states() == ["failed"]
    assert order().status == 201
    run_tasks()
    assert states() == ["failed", "confirmed"]
    again = order()
    assert (again.status, again.json["code"]) == (409, "cart_already_ordered")
    assert status_of_cart(services) == "Ordered"


@VERSIONS
def test_given_a_marked_cart_when_its_order_is_cancelled_then_it_is_ordered_again(
    function: Load, services: httpx.Client, order: Order, run_tasks: Run, states: State, *, has_versions: bool
) -> None:
    set_versions(services, has_versions=has_versions)
    first = order().json["id"]
    run_tasks()
    assert status_of_cart(services) == "Ordered"
    assert order().json["code"] == "cart_already_ordered"
    call(function("cancel_order"), "POST", f"/v1/orders/{first}/cancel")
    run_tasks()
    assert states() == ["cancelled"]
    assert order("a-key").status == 201
    run_tasks()
    assert states() == ["cancelled", "confirmed"]


@VERSIONS
@pytest.mark.parametrize("has_key", [False, True], ids=["no keys", "keys"])
def test_given_a_cart_when_ordered_twenty_times_at_once_then_one_order_is_charged(
    function: Load,
    services: httpx.Client,
    run_tasks: Run,
    states: State,
    stock: Callable[[str], int],
    fill: Callable[..., None],
    *,
    has_versions: bool,
    has_key: bool,
) -> None:
    set_versions(services, has_versions=has_versions)
    fill()
    answers = post_at_once([function("create_order") for _ in range(20)], CART, has_key=has_key)
    run_tasks()
    assert sorted(answers) == [201] + [409] * 19
    assert states() == ["confirmed"]
    assert stock("SKU123") == FREE - 2
    assert len(services.get("/payment/charges").json()["charges"]) == 1
    assert status_of_cart(services) == "Ordered"


class SlowCarts(CartClient):
    """A cart that is ordered and marked by somebody else after it was read."""

    def __init__(self, url: str, meanwhile: Run) -> None:
        super().__init__(Session(), url)
        self._meanwhile: Run | None = meanwhile

    @override
    def get(self, customer_id: str) -> Cart:
        cart = super().get(customer_id)
        if self._meanwhile:
            meanwhile, self._meanwhile = self._meanwhile, None
            meanwhile()
        return cart


@VERSIONS
def test_given_a_cart_that_was_read_when_ordered_and_marked_meanwhile_then_409(
    services: httpx.Client, query: Query, *, has_versions: bool
) -> None:
    set_versions(services, has_versions=has_versions)
    world = World()

    def meanwhile() -> None:
        world.clock.pass_time(seconds=1)
        world.place_cart()
        assert world.drain() == []
        assert status_of_cart(services) == "Ordered"

    url = str(services.base_url.join("/cart"))
    slow = replace(world.placing, carts=SlowCarts(url, meanwhile))
    with pytest.raises(CartAlreadyOrdered):
        slow.from_cart(Caller("5"), "5")
    assert query("SELECT count(*) AS n FROM orders") == [{"n": 1}]


@VERSIONS
def test_given_a_cart_that_is_filled_again_when_the_mark_comes_late_then_it_is_open(
    services: httpx.Client,
    order: Order,
    run_tasks: Run,
    states: State,
    fill: Callable[..., None],
    *,
    has_versions: bool,
) -> None:
    set_versions(services, has_versions=has_versions)
    fill()
    order()
    fill([{"product_id": "SKU123", "quantity": 3}])
    run_tasks()
    assert status_of_cart(services) == "Active"
    assert order().status == 201
    run_tasks()
    assert status_of_cart(services) == "Ordered"
    assert states() == ["confirmed", "confirmed"]


def test_given_no_versions_when_ordered_before_the_mark_then_409_until_it_is_done(
    services: httpx.Client, order: Order, run_tasks: Run, fill: Callable[..., None]
) -> None:
    set_versions(services, has_versions=False)
    order()
    fill()
    assert order().json["code"] == "cart_already_ordered"
    run_tasks()
    assert order().status == 201


@VERSIONS
def test_given_a_cancelled_order_when_the_mark_of_its_cart_is_due_then_none_is_sent(
    function: Load, services: httpx.Client, order: Order, run_tasks: Run, *, has_versions: bool
) -> None:
    set_versions(services, has_versions=has_versions)
    call(function("cancel_order"), "POST", f"/v1/orders/{order().json['id']}/cancel")
    run_tasks()
    assert status_of_cart(services) == "Active"
    assert order().status == 201


@VERSIONS
def test_given_a_cart_that_is_deleted_when_the_mark_comes_late_then_it_is_done(
    services: httpx.Client, order: Order, run_tasks: Run, query: Query, *, has_versions: bool
) -> None:
    set_versions(services, has_versions=has_versions)
    order()
    services.put("/control/cart", json={"failure_rate": 1, "failure_status": 404}).raise_for_status()
    run_tasks()
    assert query("SELECT state FROM order_tasks WHERE kind = 'mark_cart_ordered'") == [{"state": "done"}]


@pytest.mark.parametrize(
    ("change", "loc"),
    [
        ({"items": [*ITEMS, {"product_id": "SKU456", "quantity": 100_001}]}, ["items", 1, "quantity"]),
        ({"items": [{"product_id": "x" * 65, "quantity": 1}]}, ["items", 0, "product_id"]),
        ({"items": [{"product_id": "SKU123", "quantity": 1, "unit_price": "100.001"}]}, ["items", 0, "unit_price"]),
        ({"items": ITEMS, "currency": "ZZZ"}, ["currency"]),
        ({"items": ITEMS, "customer_email": "nobody"}, ["customer_email"]),
    ],
    ids=str,
)
def test_given_a_cart_that_cannot_be_ordered_when_ordered_then_422_names_the_field(
    services: httpx.Client, order: Order, query: Query, change: dict[str, Any], loc: list[str | int]
) -> None:
    services.put("/cart/carts/5", json=change).raise_for_status()
    answer = order()
    assert (answer.status, answer.json["code"]) == (422, "validation_error")
    assert answer.json["errors"][0]["loc"] == loc
    assert query("SELECT id FROM orders") == []


@VERSIONS
def test_given_a_returned_order_when_its_cart_is_ordered_again_then_a_new_one(
    function: Load, services: httpx.Client, order: Order, run_tasks: Run, states: State, *, has_versions: bool
) -> None:
    set_versions(services, has_versions=has_versions)
    first = order().json["id"]
    run_tasks()
    for status in ("delivered", "returned"):
        path = f"/v1/orders/{first}/status"
        report = call(function("update_order_status"), "PUT", path, {"status": status}, scope="orders:write")
        assert report.status == 200
    assert status_of_cart(services) == "Ordered"
    assert order().status == 201
    assert states() == ["returned", "pending"]
    assert order().json["code"] == "cart_already_ordered"


class ForgetfulCarts(CartClient):
    """A cart service that shows versions, and ignores them where a cart is marked as ordered."""

    @override
    def call(self, method: str, path: str, **arguments: Any) -> Response:
        if method == "PUT":
            arguments["json"].pop("version", None)
        return super().call(method, path, **arguments)


def test_given_ignored_versions_when_marked_late_then_the_next_cart_is_open(
    world: World, services: httpx.Client, fill: Callable[..., None]
) -> None:
    world.work = replace(world.work, carts=ForgetfulCarts(Session(), str(services.base_url.join("/cart"))))
    world.place_cart()
    fill()
    assert world.drain() == []
    assert status_of_cart(services) == "Active"


@pytest.mark.parametrize("version", ["v\0", "v" * 5000], ids=["control character", "long"])
def test_given_a_version_that_cannot_be_stored_when_ordered_then_422(
    monkeypatch: pytest.MonkeyPatch, order: Order, version: str
) -> None:
    content = json.dumps({"version": version, "items": ITEMS}).encode()
    monkeypatch.setattr(CartClient, "call", lambda *_, **__: Response(200, HTTPMessage(), content))
    answer = order()
    assert (answer.status, answer.json["code"]) == (422, "validation_error")
    assert answer.json["errors"][0]["loc"] == ["version"]
