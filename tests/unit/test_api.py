"""The HTTP layer, as far as a request gets without a database."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from orders.http.bodies import MAX_BODY_BYTES
from tests.support import Answer, Context, call, http_event, load_function

ORDER = "/v1/orders/01a1f804-f676-7425-8d36-c12d7c86e4b3"


def create(body: object, **changes: Any) -> Answer:
    return call(load_function("create_order"), "POST", "/v1/orders", body, **changes)


def test_given_a_body_that_is_no_json_when_sent_then_400_with_the_position() -> None:
    answer = create('{"items": [')
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json == {
        "type": "/problems/malformed_json",
        "title": "Malformed JSON",
        "status": 400,
        "detail": "The body is not valid JSON: EOF while parsing a list at line 1 column 11.",
        "code": "malformed_json",
        "request_id": "request-1",
    }


@pytest.mark.parametrize("body", ["", "null", "[]", '"items"', "5"])
def test_given_json_that_is_no_object_when_sent_then_it_is_refused(body: str) -> None:
    assert create(body).status in {400, 422}


def test_given_json_nested_a_hundred_thousand_deep_when_sent_then_400() -> None:
    assert create("[" * 100_000 + "]" * 100_000).status == 400


def test_given_half_a_surrogate_pair_when_sent_then_400() -> None:
    assert create('{"customer_name": "\\ud800", "items": []}').status == 400


def test_given_invalid_fields_when_sent_then_422_points_at_each() -> None:
    answer = create({"items": [{"product_id": "A", "quantity": 0}], "color": "red"})
    assert answer.status == 422
    assert answer.json["code"] == "validation_error"
    assert [(error["loc"], error["type"]) for error in answer.json["errors"]] == [
        (["color"], "extra_forbidden"),
        (["items", 0, "quantity"], "greater_than_equal"),
    ]
    assert "red" not in json.dumps(answer.json)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("customer_email", "alice", "an e-mail address"),
        ("customer_id", "' OR 1=1", "1 to 128 letters, digits and ._~@:+|=-, not starting with a dot"),
        ("customer_name", "A\u0000", "text without control characters, and not blank"),
        ("currency", "XXX", "an ISO 4217 code such as USD"),
    ],
)
def test_given_a_malformed_value_when_sent_then_the_error_describes_a_valid_one(
    field: str, value: str, expected: str
) -> None:
    answer = create({"items": [{"product_id": "A", "quantity": 1}], field: value})
    assert answer.json["detail"] == f"{field}: must be {expected}"
    assert answer.json["errors"][0]["msg"] == f"must be {expected}"


LINE = {"product_id": "A", "quantity": 1}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "items: is required"),
        (5, "body: must be an object"),
        ({"items": {}}, "items: must be an array"),
        ({"items": []}, "items: must not be empty"),
        ({"items": [LINE] * 1_001}, "items: must have at most 1000 entries; it has 1001"),
        ({"items": [5]}, "items.0: must be an object"),
        ({"items": [LINE], "color": "red"}, "color: is not a field of this request"),
        ({"items": [LINE], "customer_name": " "}, "customer_name: must not be empty"),
        ({"items": [LINE], "customer_name": "x" * 201}, "customer_name: must have at most 200 characters"),
        ({"items": [LINE], "customer_email": 5}, "customer_email: must be a string"),
        ({"items": [LINE], "currency": 5}, "currency: must be an ISO 4217 code such as USD"),
        ({"items": [{"quantity": 1}]}, "items.0.product_id: is required"),
        ({"items": [{**LINE, "quantity": 0}]}, "items.0.quantity: must be at least 1"),
        ({"items": [{**LINE, "quantity": 100_001}]}, "items.0.quantity: must be at most 100000"),
        ({"items": [{**LINE, "quantity": None}]}, "items.0.quantity: must be a whole number"),
        ({"items": [{**LINE, "quantity": 1.5}]}, "items.0.quantity: must be a whole number"),
        ({"items": [{**LINE, "quantity": "{}"}]}, "items.0.quantity: must be a whole number"),
        ({"items": [{**LINE, "unit_price": -1}]}, "items.0.unit_price: must be at least 0"),
        ({"items": [{**LINE, "unit_price": []}]}, "items.0.unit_price: must be a number"),
        ({"items": [{**LINE, "unit_price": "1e3"}]}, "items.0.unit_price: must be a decimal number such as 79.99"),
        (
            {"items": [{**LINE, "sku": "A"}]},
            "items.0: product_id and sku are names of the same field; give only one of them",
        ),
    ],
)
def test_given_an_invalid_body_when_sent_then_the_error_is_in_plain_words(body: object, message: str) -> None:
    assert create(json.dumps(body)).json["detail"] == message


@pytest.mark.parametrize("digits", [20, 4_000])
def test_given_a_quantity_of_many_digits_when_sent_then_it_is_plainly_refused(digits: int) -> None:
    answer = create(json.dumps({"items": [LINE]}).replace("1}", f"{'9' * digits}}}"))
    assert answer.json["detail"] == "items.0.quantity: must be at most 100000"


def test_given_an_update_without_a_status_when_sent_then_the_choices_are_named() -> None:
    function = load_function("update_order_status")
    for body, message in (
        ({}, "body: must have exactly one of status, payment_status and shipping_status"),
        ({"shipping_status": "x"}, "shipping_status: must be 'pending', 'ready', 'shipped'"),
    ):
        answer = call(function, "PUT", f"{ORDER}/status", body, scope="orders:write")
        assert answer.json["detail"].startswith(message)


def test_given_a_body_that_is_too_large_when_sent_then_413() -> None:
    answer = create('"' + "x" * MAX_BODY_BYTES + '"')
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_given_a_body_that_is_not_declared_as_json_when_sent_then_415(content_type: str) -> None:
    answer = create({"items": []}, headers={"content-type": content_type})
    assert (answer.status, answer.json["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.x+json"]
)
def test_given_any_spelling_of_json_when_sent_then_it_is_accepted(content_type: str) -> None:
    assert create({"items": []}, headers={"content-type": content_type}).status == 422


def test_given_a_body_in_base64_when_sent_then_it_is_decoded() -> None:
    event = http_event("POST", "/v1/orders", base64.b64encode(b'{"items": []}').decode())
    event["isBase64Encoded"] = True
    assert Answer(load_function("create_order").handler(event, Context())).json["errors"][0]["loc"] == ["items"]


def test_given_a_binary_body_when_sent_then_400() -> None:
    event = http_event("POST", "/v1/orders", base64.b64encode(b'{"items": "\xff\xfe"}').decode())
    event["isBase64Encoded"] = True
    assert Answer(load_function("create_order").handler(event, Context())).json["code"] == "malformed_json"


def test_given_a_request_without_authorizer_context_when_answered_then_403() -> None:
    answer = call(load_function("get_order"), "GET", ORDER, customer=None)
    assert (answer.status, answer.json["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("function", "method", "path"),
    [
        ("get_order", "GET", "/v1/orders/17"),
        ("get_order", "GET", "/v1/orders/01a1f804f67674258d36c12d7c86e4b3/details"),
        ("cancel_order", "POST", "/v1/orders/17/cancel"),
        ("update_order", "PATCH", "/v1/orders/17"),
        ("update_order_status", "PUT", "/orders/17"),
    ],
)
def test_given_an_unknown_order_id_when_requested_then_404(function: str, method: str, path: str) -> None:
    answer = call(load_function(function), method, path, {"status": "shipped"} if method == "PUT" else None)
    assert (answer.status, answer.json["code"]) == (404, "order_not_found")


def test_given_somebody_elses_orders_when_listed_then_403() -> None:
    assert call(load_function("list_customer_orders"), "GET", "/v1/customers/6/orders").status == 403
    assert call(load_function("get_order"), "GET", "/orders/6").status == 403


def test_given_somebody_else_when_ordering_for_them_then_403() -> None:
    assert create({"customer_id": 6, "items": [{"product_id": "A", "quantity": 1}]}).status == 403
    assert call(load_function("create_order"), "POST", "/orders/6").status == 403


def test_given_different_customers_in_body_and_path_when_ordering_then_422() -> None:
    body = {"customer_id": 6, "items": [{"product_id": "A", "quantity": 1}]}
    answer = call(load_function("create_order"), "POST", "/v1/customers/5/orders", body)
    assert (answer.status, answer.json["errors"][0]["loc"]) == (422, ["customer_id"])


def test_given_a_bad_parameter_when_listing_then_400() -> None:
    answer = call(load_function("list_orders"), "GET", "/v1/orders", query={"page_size": "1000"})
    assert (answer.status, answer.json["code"]) == (400, "invalid_parameter")


def test_given_a_path_that_is_no_route_when_requested_then_404() -> None:
    answer = call(load_function("get_order"), "GET", "/v1/carts/17")
    assert (answer.status, answer.json["code"]) == (404, "route_not_found")


def test_given_an_unexpected_error_when_answered_then_500_without_internals(
    monkeypatch: pytest.MonkeyPatch, log: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setenv("DATABASE_PORT", "secret")
    answer = call(load_function("list_orders"), "GET", "/v1/orders")
    assert (answer.status, answer.json["code"]) == (500, "internal_error")
    assert "secret" not in json.dumps(answer.json)
    assert "DATABASE_PORT is 'secret'" in log()[0]["exception"]


def test_given_a_database_outage_when_called_then_503_with_retry_after() -> None:
    listing = call(load_function("list_orders"), "GET", "/v1/orders")
    assert (listing.status, listing.json["code"], listing.headers["retry-after"]) == (503, "database_unavailable", "5")
    health = call(load_function("health"), "GET", "/health", customer=None)
    assert (health.status, health.json["database"], health.headers["retry-after"]) == (503, "unavailable", "5")


@pytest.mark.parametrize(("function", "path"), [("create_order", "/v1/orders"), ("get_order", "/v1/nowhere")])
def test_given_any_answer_when_sent_then_no_caching_and_no_content_sniffing(function: str, path: str) -> None:
    headers = call(load_function(function), "POST", path, "{}").headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("sent", "used"),
    [
        ({}, "request-1"),
        ({"x-request-id": "7f2c-A.b_~"}, "7f2c-A.b_~"),
        ({"x-request-id": "r" * 128}, "r" * 128),
        ({"x-request-id": "r" * 129}, "request-1"),
        ({"x-request-id": ""}, "request-1"),
        ({"x-request-id": 'a"b'}, "request-1"),
        ({"x-request-id": "a\nb"}, "request-1"),
    ],
)
def test_given_a_client_request_id_when_it_is_valid_then_answer_and_log_have_it(
    log: Callable[[], list[dict[str, Any]]], sent: dict[str, str], used: str
) -> None:
    answer = call(load_function("get_order"), "GET", "/v1/orders/17", headers=sent)
    assert (answer.headers["x-request-id"], answer.json["request_id"]) == (used, used)
    assert {(line["request_id"], line["gateway_id"]) for line in log()} == {(used, "request-1")}


@pytest.mark.parametrize("key", ["", '""', "k" * 256, '"' + "k" * 256 + '"', "schlüssel", "a\tb", '" "'])
@pytest.mark.parametrize("path", ["/v1/orders", "/v1/customers/5/orders"])
def test_given_an_invalid_key_when_ordering_then_400_describes_a_valid_one(path: str, key: str) -> None:
    body = {"items": [{"product_id": "A", "quantity": 1}]}
    answer = call(load_function("create_order"), "POST", path, body, headers={"idempotency-key": key})
    assert (answer.status, answer.json["code"]) == (400, "invalid_parameter")
    assert "1 to 255" in answer.json["detail"]


def test_given_a_log_line_when_written_then_it_has_the_request_without_its_body(
    log: Callable[[], list[dict[str, Any]]],
) -> None:
    create({"customer_email": "alice@example.com", "items": [{"product_id": "A", "quantity": 0}]})
    lines = log()
    assert lines[-1]["message"] == "request completed"
    assert {line["request_id"] for line in lines} == {"request-1"}
    assert {line["route"] for line in lines} == {"POST /v1/orders"}
    assert "alice" not in json.dumps(lines)


def test_given_a_caller_when_lines_are_logged_then_each_has_the_pseudonym_only(
    log: Callable[[], list[dict[str, Any]]],
) -> None:
    event = http_event("GET", "/v1/orders/17", customer="c-secret", actor="customer:c-secret")
    load_function("get_order").handler(event, Context())
    lines = log()
    assert {line["caller"] for line in lines} == {"customer:90f4c1d2a7b3e658"}
    assert "c-secret" not in json.dumps(lines)


def test_given_no_caller_when_lines_are_logged_then_they_name_none(log: Callable[[], list[dict[str, Any]]]) -> None:
    call(load_function("docs"), "GET", "/nothing", customer=None)
    assert all("caller" not in line for line in log())


def test_given_two_functions_in_threads_when_called_then_each_answers_its_own_calls() -> None:
    placing, describing = load_function("create_order"), load_function("docs")
    with ThreadPoolExecutor(2) as pool:
        refused = pool.submit(lambda: {call(placing, "POST", "/v1/orders", {"items": []}).status for _ in range(500)})
        unknown = pool.submit(lambda: {call(describing, "GET", "/nothing").status for _ in range(500)})
    assert (refused.result(), unknown.result()) == ({422}, {404})
