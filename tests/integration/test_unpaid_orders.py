"""A customer has a bounded number of unpaid orders, however many requests they send at once."""

import re
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from types import ModuleType

import httpx
import psycopg2
import pytest

from local.postgres import Postgres
from tests.integration.conftest import INSERT_ORDERS, TASK_ID, Query
from tests.support import ROOT, Answer, Context, call, post_at_once, task_message

type Load = Callable[[str], ModuleType]
type Order = Callable[..., Answer]

FUNCTION = ROOT / "shared/orders/postgres/functions/place_order_2.sql"
MAXIMUM = 3
FREE = 1_000_000
BODY = {"items": [{"product_id": "SKU123", "quantity": 1}]}


@pytest.fixture
def order(function: Load, monkeypatch: pytest.MonkeyPatch) -> Order:
    """Order one piece of a product."""
    monkeypatch.setenv("MAX_UNPAID_ORDERS", str(MAXIMUM))
    create = function("create_order")

    def place(customer: str = "5", *, scope: str = "", key: str | None = None) -> Answer:
        headers = {"idempotency-key": key} if key else None
        return call(create, "POST", "/v1/orders", BODY, customer=customer, scope=scope, headers=headers)

    return place


def charge(function: Load, query: Query, order_id: str) -> None:
    task = f"SELECT {TASK_ID} FROM order_tasks WHERE order_id = %(id)s AND kind = 'charge_payment'"  # noqa: S608 - a constant
    [row] = query(task, id=order_id)
    function("process_task").handler({"Records": [task_message(row["id"])]}, Context())


def test_given_the_maximum_of_unpaid_orders_when_one_more_is_placed_then_409(
    order: Order, stock: Callable[[str], int]
) -> None:
    assert [order().status for _ in range(MAXIMUM)] == [201] * MAXIMUM
    answer = order()
    assert (answer.status, answer.json["code"]) == (409, "too_many_unpaid_orders")
    assert "3 unpaid orders" in answer.json["detail"]
    assert stock("SKU123") == FREE - MAXIMUM
    assert order("6").status == 201
    assert order(scope="orders:create").status == 201


def test_given_the_maximum_when_a_request_is_repeated_then_its_order_is_answered(order: Order) -> None:
    placed = [order(key=f"key-{number}").json["id"] for number in range(MAXIMUM)]
    assert [order(key=f"key-{number}").json["id"] for number in range(MAXIMUM)] == placed


@pytest.mark.parametrize("orders", [0, 20_000])
def test_given_unpaid_orders_when_counted_then_only_the_customers_are_read(
    postgres: Postgres, query: Query, orders: int
) -> None:
    """Without statistics of the table, as between a rush of orders and the next ANALYZE."""
    query(INSERT_ORDERS, number=orders, currency="USD", total=100, at=datetime.now(UTC))
    query("UPDATE orders SET customer_id = 'customer-' || id")
    [counted] = re.findall(r"INTO unpaid FROM \((.*?)\) AS counted", FUNCTION.read_text(), re.DOTALL)
    statement = counted.replace("p_customer_id", "'5'").replace("p_max_unpaid", "20")
    database = psycopg2.connect(host=postgres.host, port=postgres.port, user="orders_app", dbname="orders")
    with closing(database) as connection, connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        plan = " ".join(line for (line,) in cursor.fetchall())
    assert "orders_by_state_customer" in plan
    assert "customer_id" in plan.partition("Index Cond:")[2]
    assert "Filter" not in plan


@pytest.mark.parametrize("way", ["paid", "cancelled"])
def test_given_the_maximum_when_an_order_is_paid_or_ends_then_one_more_is_placed(
    function: Load, order: Order, query: Query, way: str
) -> None:
    first, *_ = [order().json["id"] for _ in range(MAXIMUM)]
    if way == "paid":
        charge(function, query, first)
    else:
        call(function("cancel_order"), "POST", f"/v1/orders/{first}/cancel")
    assert [order().status for _ in range(2)] == [201, 409]


def test_given_a_payment_in_progress_when_one_more_is_placed_then_it_counts(
    function: Load, services: httpx.Client, order: Order, query: Query
) -> None:
    services.put("/control/payment", json={"operation": "POST /charges", "pending_rate": 1}).raise_for_status()
    first, *_ = [order().json["id"] for _ in range(MAXIMUM)]
    charge(function, query, first)
    assert query("SELECT payment_status FROM orders WHERE id = %(id)s", id=first) == [{"payment_status": "processing"}]
    assert order().status == 409


@pytest.mark.parametrize("has_key", [False, True], ids=["no keys", "keys"])
def test_given_many_requests_at_once_when_placed_then_the_maximum_is_stored(
    function: Load, order: Order, stock: Callable[[str], int], query: Query, *, has_key: bool
) -> None:
    answers = post_at_once([function("create_order") for _ in range(12)], "/v1/orders", BODY, has_key=has_key)
    assert sorted(answers) == [201] * MAXIMUM + [409] * 9
    assert query("SELECT count(*) AS n FROM orders") == [{"n": MAXIMUM}]
    assert stock("SKU123") == FREE - MAXIMUM
