"""One total of an order: in its answer, charge, refund, notifications, metric, counts and books."""

import json
from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import httpx
import pytest

from orders.domain.caller import CREATE
from orders.domain.lifecycle import TaskKind
from orders.domain.money import MAX_ADJUSTMENT, MAX_UNIT_PRICE
from orders.domain.order import TaskId
from orders.schemas.fields import MAX_LINES
from tests.integration.conftest import Query
from tests.integration.world import World
from tests.support import Answer, call

type Load = Callable[[str], ModuleType]


def stock_up(services: httpx.Client, *products: dict[str, Any]) -> None:
    services.put("/inventory/products", json={"products": list(products)}).raise_for_status()


def create(function: Load, **body: Any) -> Answer:
    return call(function("create_order"), "POST", "/v1/orders", body, scope=CREATE)


@pytest.mark.parametrize(
    ("currency", "price", "quantity", "adjustments", "subtotal", "total", "minor"),
    [
        ("USD", "79.99", 2, {"shipping": "4.90", "tax": "12.39", "discount": "-10.00"}, "159.98", "167.27", 16727),
        ("USD", "79.99", 2, {"discount": "-159.98"}, "159.98", "0.00", 0),
        ("USD", "0.01", 3, {"tax": "0.01", "fee": "-0.02"}, "0.03", "0.02", 2),
        ("JPY", "1500", 3, {"shipping": "600", "tax": "450", "discount": "-1"}, "4500", "5549", 5549),
        ("JPY", "1500", 1, {"discount": "-1500"}, "1500", "0", 0),
        ("KWD", "1.234", 7, {"shipping": "0.500", "tax": "0.001", "discount": "-0.139"}, "8.638", "9.000", 9000),
        ("KWD", "0.001", 1, {"shipping": "0.005"}, "0.001", "0.006", 6),
    ],
)
def test_given_a_total_when_the_order_lives_and_ends_then_it_is_the_same_everywhere(
    function: Load,
    world: World,
    services: httpx.Client,
    query: Query,
    capsys: pytest.CaptureFixture[str],
    currency: str,
    price: str,
    quantity: int,
    adjustments: dict[str, str],
    subtotal: str,
    total: str,
    minor: int,
) -> None:
    stock_up(services, {"product_id": "T1", "quantity": 10, "unit_price": price, "currency": currency})
    # An invocation prints what tests before have measured outside of one, too.
    call(function("health"), "GET", "/v1/health")
    capsys.readouterr()
    asked = [{"kind": kind, "amount": amount} for kind, amount in adjustments.items()]
    order = create(function, currency=currency, items=[{"product_id": "T1", "quantity": quantity}], adjustments=asked)
    assert (order.json["subtotal"], order.json["total"]) == (subtotal, total)
    assert {each["kind"]: each["amount"] for each in order.json["adjustments"]} == adjustments
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"Revenue"' in line]
    assert line["Revenue"] == [float(Decimal(total))]
    [counted] = query("SELECT sum(orders) AS orders, sum(revenue)::text AS revenue FROM count_deltas")
    assert counted == {"orders": 1, "revenue": str(minor)}
    identity = order.json["id"]
    world.queue.waiting = [TaskId(identity, 1, kind) for kind in (TaskKind.CHARGE_PAYMENT, TaskKind.SEND_NOTIFICATION)]
    assert world.drain() == []
    world.cancel(identity)
    assert world.drain() == []
    [charge] = services.get("/payment/charges", params={"reference": identity}).json()["charges"]
    assert (charge["amount"], charge["refunded_amount"], charge["currency"]) == (minor, minor, currency)
    messages = services.get("/notification/notifications").json()["notifications"]
    assert {each["order"]["total"] for each in messages} == {total}
    assert {each["template"] for each in messages} >= {"order_received", "order_cancelled", "payment_refunded"}


def test_given_the_largest_order_when_placed_then_its_total_fits(
    function: Load, services: httpx.Client, query: Query
) -> None:
    prices = {"unit_price": f"{MAX_UNIT_PRICE}", "currency": "JPY", "quantity": 100_001}
    stock_up(services, *({"product_id": f"L{n}", **prices} for n in range(MAX_LINES)))
    items = [{"product_id": f"L{n}", "quantity": 100_000} for n in range(MAX_LINES)]
    adjustments = [{"kind": "tax", "amount": str(MAX_ADJUSTMENT)}] * 20
    answer = create(function, items=items, adjustments=adjustments)
    total = MAX_LINES * 100_000 * MAX_UNIT_PRICE + 20 * MAX_ADJUSTMENT
    assert (answer.status, answer.json["total"]) == (201, str(total))
    assert query("SELECT total FROM orders") == [{"total": total}]
    one_more = create(
        function,
        items=[{"product_id": "L0", "quantity": 1}],
        adjustments=[*adjustments, {"kind": "fee", "amount": "1"}],
    )
    assert (one_more.status, one_more.json["errors"][0]["loc"]) == (422, ["adjustments"])
    too_large = create(
        function,
        items=[{"product_id": "L0", "quantity": 1}],
        adjustments=[{"kind": "fee", "amount": str(MAX_ADJUSTMENT + 1)}],
    )
    assert (too_large.status, too_large.json["errors"][0]["loc"]) == (422, ["adjustments", 0, "amount"])
