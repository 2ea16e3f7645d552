"""Orders are read and listed, by those who may."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest

from tests.support import Answer, call

type Load = Callable[[str], ModuleType]

READER = {"customer": "agent", "scope": "orders:read"}
WRITER = {"customer": "agent", "scope": "orders:write"}


@pytest.fixture
def place(function: Load) -> Callable[..., dict[str, Any]]:
    """Place an order of one product."""
    create = function("create_order")

    def place(customer: str = "5", product: str = "SKU123") -> dict[str, Any]:
        answer = call(create, "POST", "/v1/orders", {"items": [{"sku": product, "quantity": 1}]}, customer=customer)
        assert answer.status == 201
        order: dict[str, Any] = answer.json
        return order

    return place


type Place = Callable[..., dict[str, Any]]


def ids(answer: Answer) -> list[str]:
    assert answer.json["count"] == len(answer.json["orders"])
    return [order["id"] for order in answer.json["orders"]]


def test_given_an_order_when_read_then_only_its_owner_and_readers_may(function: Load, place: Place) -> None:
    order = place()
    get = function("get_order")
    for path in (f"/v1/orders/{order['id']}", f"/v1/orders/{order['id']}/details", f"/orders/{order['id']}"):
        assert call(get, "GET", path).json == order
        assert call(get, "GET", path, **READER).json == {**order, "needs_attention": False}
        for stranger in ({"customer": "6"}, WRITER):
            answer = call(get, "GET", path, **stranger)
            assert (answer.status, answer.json["code"]) == (404, "order_not_found")


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ('"v1"', 304),
        ('W/"v1"', 304),
        ('"v7", W/"v1" ', 304),
        ("*", 304),
        ('"v2"', 200),
        ("v1", 200),
        ("", 200),
    ],
)
def test_given_an_etag_that_the_caller_has_when_read_then_304(
    function: Load, place: Place, known: str, status: int
) -> None:
    order = place()
    for path in (f"/v1/orders/{order['id']}", f"/v1/orders/{order['id']}/details", f"/orders/{order['id']}"):
        answer = call(function("get_order"), "GET", path, headers={"if-none-match": known})
        assert (answer.status, answer.headers["etag"]) == (status, '"v1"')
        assert answer.json == (order if status == 200 else None)


def test_given_an_etag_of_somebody_elses_order_when_read_then_404(function: Load, place: Place) -> None:
    path = f"/v1/orders/{place()['id']}"
    assert call(function("get_order"), "GET", path, customer="6", headers={"if-none-match": "*"}).status == 404


def test_given_an_etag_that_the_caller_has_when_cancelled_then_the_order_is_sent(function: Load, place: Place) -> None:
    path = f"/v1/orders/{place()['id']}/cancel"
    assert call(function("cancel_order"), "POST", path, headers={"if-none-match": '"v2"'}).json["version"] == 2


def test_given_no_such_order_when_read_then_the_answer_equals_somebody_elses(function: Load, place: Place) -> None:
    get, order = function("get_order"), place()
    missing = "01a1f804-f676-7425-8d36-c12d7c86e4b3"
    theirs = call(get, "GET", f"/v1/orders/{order['id']}", customer="6")
    nobodys = call(get, "GET", f"/v1/orders/{missing}", customer="6")
    assert theirs.json == {**nobodys.json, "detail": nobodys.json["detail"].replace(missing, order["id"])}
    assert theirs.headers == nobodys.headers


def test_given_an_order_when_its_timeline_is_read_then_it_has_all_events(function: Load, place: Place) -> None:
    order = place()
    call(function("cancel_order"), "POST", f"/v1/orders/{order['id']}/cancel", {"reason": "changed my mind"})
    answer = call(function("get_order"), "GET", f"/v1/orders/{order['id']}", query={"include": "timeline"})
    assert [
        (event["version"], event["event"], event["status"], event["reason"]) for event in answer.json["timeline"]
    ] == [(1, "order.placed", "pending", None), (2, "order.cancelled", "cancelled", "changed my mind")]
    assert answer.json["timeline"][0]["occurred_at"] == order["created_at"]
    assert answer.json["timeline"][1]["occurred_at"] == answer.json["updated_at"]
    bad = call(function("get_order"), "GET", f"/v1/orders/{order['id']}", query={"include": "secrets"})
    assert bad.status == 400


def test_given_several_customers_when_they_list_then_each_sees_own_newest_first(function: Load, place: Place) -> None:
    mine = [place("5")["id"] for _ in range(3)]
    theirs = place("6")["id"]
    everything, of_customer, get = function("list_orders"), function("list_customer_orders"), function("get_order")
    for path in ("/v1/orders", "/orders"):
        assert ids(call(everything, "GET", path)) == mine[::-1]
        assert ids(call(everything, "GET", path, **READER)) == [theirs, *mine[::-1]]
    for path in ("/v1/customers/5/orders", "/v1/orders/my-orders/5"):
        assert ids(call(of_customer, "GET", path)) == mine[::-1]
        assert ids(call(of_customer, "GET", path, **READER)) == mine[::-1]
        assert call(of_customer, "GET", path, customer="6").status == 403
    assert ids(call(get, "GET", "/orders/5")) == mine[::-1]
    assert ids(call(everything, "GET", "/v1/orders", query={"customer_id": "6"}, **READER)) == [theirs]


def test_given_no_orders_when_listed_then_200_and_an_empty_list(function: Load) -> None:
    answer = call(function("list_orders"), "GET", "/v1/orders")
    assert answer.status == 200
    assert answer.json == {"orders": [], "count": 0, "page_size": 20, "next_cursor": None}


def test_given_a_listed_order_when_compared_then_it_has_all_but_its_lines(function: Load, place: Place) -> None:
    order = place()
    beside = {"subtotal", "adjustments", "shipping_method", "note", "metadata", "personal_data_erased_at"}
    for name in {"items", "shipping_address", "billing_address"} | beside:
        del order[name]
    assert call(function("list_orders"), "GET", "/v1/orders").json["orders"] == [order]


def test_given_several_filters_when_listed_then_all_apply(function: Load, place: Place) -> None:
    pending, cancelled, paid = (place()["id"] for _ in range(3))
    call(function("cancel_order"), "POST", f"/v1/orders/{cancelled}/cancel")
    for status in ("processing", "paid"):
        body = {"payment_status": status}
        call(function("update_order_status"), "PUT", f"/v1/orders/{paid}/status", body, **WRITER)
    listed = function("list_orders")

    def list_ids(**query: str) -> list[str]:
        return ids(call(listed, "GET", "/v1/orders", query=query))

    assert list_ids(status="pending") == [pending]
    assert list_ids(status="pending,Cancelled") == [cancelled, pending]
    assert list_ids(status_filter="confirmed", payment_filter="paid") == [paid]
    assert list_ids(payment_status="voided", shipping_status="cancelled") == [cancelled]
    assert list_ids(status="confirmed", payment_status="voided") == []


def test_given_new_orders_when_pages_are_followed_then_each_old_one_comes_once(function: Load, place: Place) -> None:
    old = [place()["id"] for _ in range(7)]
    listed, seen, query = function("list_orders"), [], {"page_size": "2", "status": "pending"}
    while True:
        answer = call(listed, "GET", "/v1/orders", query=query)
        seen += ids(answer)
        place()
        if answer.json["next_cursor"] is None:
            assert "link" not in answer.headers
            break
        assert f"cursor={answer.json['next_cursor']}" in answer.headers["link"]
        query["cursor"] = answer.json["next_cursor"]
    assert seen == old[::-1]


def test_given_page_numbers_when_listed_then_as_in_earlier_services(function: Load, place: Place) -> None:
    old = [place()["id"] for _ in range(5)]
    listed = function("list_customer_orders")

    def page(number: int) -> Answer:
        query = {"page": str(number), "page_size": "2", "sort_by": "created_at", "status_filter": "pending"}
        return call(listed, "GET", "/v1/orders/my-orders/5", query=query)

    assert [ids(page(number)) for number in (1, 2, 3, 4)] == [old[:2], old[2:4], old[4:], []]
    assert page(1).json["next_cursor"]
    assert page(3).json["next_cursor"] is None


def test_given_twenty_environments_when_they_read_at_once_then_each_gets_its_answer(
    function: Load, place: Place
) -> None:
    order = place()
    environments = [function("get_order") for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda get: call(get, "GET", f"/v1/orders/{order['id']}").json, environments))
    assert answers == [order] * 20
