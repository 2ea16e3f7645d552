"""What an order has beside its lines: stored, answered, charged and passed on."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import httpx
import pytest

from orders.domain.caller import CREATE
from tests.integration.conftest import Query
from tests.integration.world import World
from tests.support import Answer, call

type Load = Callable[[str], ModuleType]

ADDRESS = {
    "name": "Alice Johnson",
    "company": "Johnson Ltd.",
    "line1": "12 Main Street",
    "line2": "Apt. 4",
    "city": "Springfield",
    "region": "IL",
    "postal_code": "62701",
    "country": "US",
    "phone": "+1 217 555 0100",
}
ELSEWHERE = {"line1": "1 Rue de la Paix", "city": "Paris", "country": "FR"}
ITEMS = [{"product_id": "SKU123", "name": "Lamp", "quantity": 2}, {"product_id": "SKU456", "quantity": 1}]
ADJUSTMENTS = [
    {"kind": "shipping", "amount": "4.90", "description": "Standard"},
    {"kind": "discount", "amount": "-25.00", "description": None},
    {"kind": "tax", "amount": "18.39", "description": "Sales tax 8 %"},
    {"kind": "fee", "amount": "0.05", "description": "Bag"},
]
DETAILS: dict[str, Any] = {
    "shipping_address": ADDRESS,
    "billing_address": ELSEWHERE,
    "shipping_method": "standard",
    "external_reference": "WEB-20417",
    "note": "Please ring twice.\nThank you!",
    "metadata": {"channel": "web", "größe": "XL ❤"},
}
METHOD = {"payment_method": "pm_card_visa"}
NOTHING: dict[str, Any] = {
    **dict.fromkeys(("shipping_address", "billing_address", "shipping_method", "external_reference", "note")),
    "metadata": {},
    "adjustments": [],
    "personal_data_erased_at": None,
}


def create(function: Load, *, scope: str = "", path: str = "/v1/orders", **body: Any) -> Answer:
    return call(function("create_order"), "POST", path, body or None, scope=scope)


def put_cart(services: httpx.Client, **cart: Any) -> None:
    services.put("/cart/carts/5", json={"items": [{**ITEMS[0], "unit_price": "100.00"}], **cart}).raise_for_status()


def test_given_all_fields_when_ordered_then_each_is_answered_but_the_payment_method(function: Load) -> None:
    order = create(function, scope=CREATE, items=ITEMS, adjustments=ADJUSTMENTS, **DETAILS, **METHOD).json
    assert {name: order[name] for name in DETAILS} == DETAILS
    assert order["adjustments"] == ADJUSTMENTS
    assert (order["subtotal"], order["total"]) == ("250.00", "248.34")
    assert [line["name"] for line in order["items"]] == ["Lamp", None]
    assert order["number"] >= 100_001
    assert "pm_card_visa" not in json.dumps(order)
    read = call(function("get_order"), "GET", f"/v1/orders/{order['id']}", scope="orders:read").json
    assert read == {**order, "needs_attention": False}


def test_given_no_details_when_ordered_then_no_row_is_stored_for_them(function: Load, query: Query) -> None:
    order = create(function, items=ITEMS, note="", metadata={}, shipping_method=" ", adjustments=[]).json
    assert {name: order[name] for name in NOTHING} == NOTHING
    assert order["subtotal"] == order["total"] == "250.00"
    assert query("SELECT * FROM order_details") == []


def test_given_two_orders_when_placed_then_the_later_has_the_greater_number(function: Load) -> None:
    first, second = (create(function, items=ITEMS).json["number"] for _ in range(2))
    assert first < second


def test_given_a_plain_customer_when_adjustments_are_stated_then_403(
    function: Load, stock: Callable[[str], int]
) -> None:
    free = stock("SKU123")
    answer = create(function, items=ITEMS, adjustments=[{"kind": "discount", "amount": "-249.00"}])
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert "orders:create" in answer.json["detail"]
    assert stock("SKU123") == free


@pytest.mark.parametrize(
    ("adjustment", "loc", "message"),
    [
        ({"kind": "discount", "amount": "-250.01"}, ["adjustments"], "the total would be -0.01 USD"),
        ({"kind": "discount", "amount": "0.01"}, ["adjustments", 0], "a discount must have an amount of 0 or less"),
        ({"kind": "tax", "amount": "0.001"}, ["adjustments", 0, "amount"], "too many decimals"),
        ({"kind": "tax", "amount": "1e3"}, ["adjustments", 0, "amount"], "a decimal number such as"),
        ({"kind": "tax", "amount": 1e30}, ["adjustments", 0, "amount"], "too large"),
        ({"kind": "tip", "amount": "1"}, ["adjustments", 0, "kind"], "must be 'shipping', 'tax', 'discount' or 'fee'"),
        ({"kind": "tax"}, ["adjustments", 0, "amount"], "is required"),
    ],
)
def test_given_an_invalid_adjustment_when_ordered_then_422_and_the_stock_is_free(
    function: Load, stock: Callable[[str], int], adjustment: dict[str, Any], loc: list[str | int], message: str
) -> None:
    free = stock("SKU123")
    answer = create(function, scope=CREATE, items=ITEMS, adjustments=[adjustment])
    [error] = answer.json["errors"]
    assert (answer.status, error["loc"]) == (422, loc)
    assert message in error["msg"]
    assert stock("SKU123") == free


@pytest.mark.parametrize(
    ("fields", "loc", "message"),
    [
        ({"shipping_address": {**ELSEWHERE, "country": "FRA"}}, ["country"], "an ISO 3166-1 alpha-2 code such as US"),
        ({"shipping_address": {"line1": "1", "country": "FR"}}, ["city"], "is required"),
        ({"shipping_address": {**ELSEWHERE, "line1": " "}}, ["line1"], "and not blank"),
        ({"shipping_address": {**ELSEWHERE, "street": "1"}}, ["street"], "is not a field"),
        ({"shipping_address": {**ELSEWHERE, "phone": "1" * 33}}, ["phone"], "at most 32 characters"),
        ({"shipping_method": "x" * 65}, [], "at most 64 characters"),
        ({"external_reference": "x" * 129}, [], "at most 128 characters"),
        ({"note": "x" * 1001}, [], "at most 1000 characters"),
        ({"note": "\x00"}, [], "without control characters"),
        ({"metadata": {"k": "v" * 501}}, ["k"], "at most 500 characters"),
        ({"metadata": {f"k{n}": "" for n in range(51)}}, [], "at most 50 entries"),
        ({"metadata": {"k": 1}}, ["k"], "must be a string"),
    ],
)
def test_given_an_invalid_field_when_ordered_then_422_says_what_would_be_right(
    function: Load, fields: dict[str, Any], loc: list[str], message: str
) -> None:
    answer = create(function, items=ITEMS, **fields)
    [error] = answer.json["errors"]
    assert (answer.status, error["loc"]) == (422, [*fields, *loc])
    assert message in error["msg"]


def test_given_a_country_in_lower_case_when_ordered_then_it_is_stored_in_upper_case(function: Load) -> None:
    order = create(function, items=ITEMS, billing_address={**ELSEWHERE, "country": "fr", "region": ""}).json
    assert order["billing_address"] == ELSEWHERE


def test_given_a_required_address_when_it_is_missing_then_422(
    function: Load, services: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUIRE_SHIPPING_ADDRESS", "true")
    answer = create(function, items=ITEMS)
    assert (answer.status, answer.json["errors"][0]["loc"]) == (422, ["shipping_address"])
    assert create(function, items=ITEMS, shipping_address=ELSEWHERE).status == 201
    put_cart(services)
    assert create(function, path="/v1/customers/5/orders").status == 422
    put_cart(services, shipping_address=ADDRESS)
    assert create(function, path="/v1/customers/5/orders").status == 201


def test_given_a_cart_with_details_when_ordered_then_the_body_replaces_and_adds(
    function: Load, services: httpx.Client
) -> None:
    put_cart(
        services,
        adjustments=ADJUSTMENTS[:1],
        shipping_address=ADDRESS,
        billing_address=ADDRESS,
        shipping_method="standard",
        payment_method="pm_cart",
    )
    body: dict[str, Any] = {
        "shipping_address": ELSEWHERE,
        "note": "Leave it at the door.",
        "metadata": {"channel": "app"},
    }
    order = create(function, path="/v1/customers/5/orders", **body).json
    assert {name: order[name] for name in body} == body
    assert (order["billing_address"], order["shipping_method"]) == (ADDRESS, "standard")
    assert (order["items"][0]["name"], order["subtotal"], order["total"]) == ("Lamp", "200.00", "204.90")


@pytest.mark.parametrize("fields", [{"currency": "USD"}, {"adjustments": []}])
def test_given_no_items_when_the_body_says_what_the_cart_decides_then_422(
    function: Load, services: httpx.Client, fields: dict[str, Any]
) -> None:
    put_cart(services)
    answer = create(function, path="/v1/customers/5/orders", scope=CREATE, **fields)
    assert (answer.status, answer.json["errors"][0]["loc"]) == (422, [*fields])


def test_given_a_key_when_the_body_for_a_cart_differs_then_422(function: Load, services: httpx.Client) -> None:
    put_cart(services)
    place, headers = function("create_order"), {"idempotency-key": "k"}

    def order(note: str) -> Answer:
        return call(place, "POST", "/v1/customers/5/orders", {"note": note}, headers=headers)

    first = order("one")
    assert order("one").json == first.json
    assert (order("two").status, order("two").json["code"]) == (422, "idempotency_key_reused")


def test_given_details_when_processed_then_each_service_gets_what_it_needs(
    world: World, services: httpx.Client
) -> None:
    put_cart(
        services,
        adjustments=ADJUSTMENTS,
        shipping_address=ADDRESS,
        billing_address=ELSEWHERE,
        shipping_method="express",
        payment_method="pm_cart",
        customer_name="Alice",
    )
    order = world.place_cart()
    assert world.drain() == []
    [charge] = services.get("/payment/charges", params={"reference": order}).json()["charges"]
    assert (charge["amount"], charge["payment_method"], charge["billing_address"]) == (19834, "pm_cart", ELSEWHERE)
    [shipment] = services.get("/shipping/shipments", params={"reference": order}).json()["shipments"]
    assert (shipment["address"], shipment["method"]) == (ADDRESS, "express")
    assert shipment["lines"] == [{"product_id": "SKU123", "quantity": 2, "name": "Lamp"}]
    messages = services.get("/notification/notifications").json()["notifications"]
    about = {(each["order"]["number"], each["order"]["customer_name"], each["order"]["total"]) for each in messages}
    [(number, name, total)] = about
    assert (number >= 100_001, name, total) == (True, "Alice", "198.34")


@pytest.mark.parametrize(("scope", "customer"), [("", "5"), ("orders:read", "9")])
def test_given_a_number_or_reference_when_searched_then_the_order_is_listed(
    function: Load, scope: str, customer: str
) -> None:
    order = create(function, items=ITEMS, external_reference="WEB-1").json
    create(function, items=ITEMS, external_reference="WEB-2")
    number = str(order["number"])
    for query in ({"q": number}, {"q": "WEB-1"}, {"number": number}, {"external_reference": "WEB-1"}):
        page = call(function("list_orders"), "GET", "/v1/orders", query=query, scope=scope, customer=customer).json
        assert [each["id"] for each in page["orders"]] == [order["id"]]
    both = {"number": number, "external_reference": "WEB-2"}
    assert call(function("list_orders"), "GET", "/v1/orders", query=both).json["orders"] == []


def test_given_anothers_order_when_searched_by_number_then_it_is_not_listed(function: Load) -> None:
    order = create(function, items=ITEMS, external_reference="WEB-1").json
    for query in ({"q": str(order["number"])}, {"q": "WEB-1"}, {"number": str(order["number"])}):
        assert call(function("list_orders"), "GET", "/v1/orders", query=query, customer="6").json["orders"] == []


@pytest.mark.parametrize("number", ["0", "100001.0", "+100001", "9" * 19, "x"])
def test_given_no_number_when_searched_for_one_then_400(function: Load, number: str) -> None:
    answer = call(function("list_orders"), "GET", "/v1/orders", query={"number": number})
    assert (answer.status, answer.json["code"]) == (400, "invalid_parameter")


def test_given_a_list_when_read_then_it_has_no_address_note_or_metadata(function: Load) -> None:
    order = create(function, items=ITEMS, **DETAILS, **METHOD).json
    text = call(function("list_orders"), "GET", "/v1/orders").text
    assert order["external_reference"] in text
    for secret in ("Main Street", "ring twice", "channel", "pm_card_visa"):
        assert secret not in text
