"""Refusals of input that somebody made to harm: answers and log lines stay short, and the log quotes none of it."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, NoReturn

import pytest

from orders.clients.cart import CartClient
from orders.clients.catalog import CatalogClient
from orders.clients.http import NoResponse, Session
from orders.clients.payment import PaymentClient
from orders.clients.shipping import ShippingClient
from orders.domain.errors import DownstreamRefused
from orders.domain.field_errors import MAX_FIELD_ERRORS
from tests.support import Answer, call, load_function

type Log = Callable[[], list[dict[str, Any]]]

TRIES = 50
MAX_ANSWER_BYTES = 100_000
"""Far below Lambda's 6 MB: 50 errors with long names and messages."""
MAX_LINE_BYTES = 5_000
SECRET = "ann.secret@example.com"
ORDER = "/v1/orders/01a1f804-f676-7425-8d36-c12d7c86e4b3"
LINE = {"product_id": "A", "quantity": 1}
TRIED = range(TRIES)


@pytest.fixture(autouse=True)
def no_service_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A valid request goes on to the services, of which none answers."""

    def request(*_: object, **__: object) -> NoReturn:
        raise NoResponse

    monkeypatch.setattr(Session, "request", request)


def send(
    function: str, method: str, path: str, body: object = None, *, log: Log, **changes: Any
) -> tuple[Answer, list[dict[str, Any]]]:
    """Send a request; return the answer and what was logged meanwhile, after checking that both are short."""
    answer = call(load_function(function), method, path, body, **changes)
    lines = log()
    assert len(answer.content) <= MAX_ANSWER_BYTES
    assert lines
    assert all(len(json.dumps(line)) <= MAX_LINE_BYTES for line in lines)
    return answer, lines


@pytest.mark.parametrize("number", TRIED)
def test_given_countless_invalid_fields_when_sent_then_fifty_are_listed(number: int, log: Log) -> None:
    count = Random(number).choice([51, 100, 1_000, 5_000])
    length = 900_000 // count - 30
    bodies: Sequence[dict[str, Any]] = [
        {"items": [LINE], **{f"{index}-{'x' * min(length, 10_000)}": 1 for index in range(count)}},
        {"items": [{"product_id": "A", "quantity": 0}] * count},
        {"items": [{f"{SECRET}{index}": ""} for index in range(count)]},
        {"items": [{"product_id": "A", "quantity": 1, "unit_price": "x" * min(length, 1_000)}] * min(count, 900)},
    ]
    answer, lines = send("create_order", "POST", "/v1/orders", bodies[number % len(bodies)], log=log)
    assert (answer.status, answer.json["code"]) == (422, "validation_error")
    assert len(answer.json["errors"]) <= MAX_FIELD_ERRORS
    assert SECRET not in json.dumps(lines)


def test_given_seventy_thousand_unknown_fields_when_sent_then_the_answer_is_short(log: Log) -> None:
    body = {"items": [LINE], **{str(index): 0 for index in range(70_000)}}
    answer, _ = send("create_order", "POST", "/v1/orders", body, log=log)
    assert (answer.status, len(answer.json["errors"])) == (422, MAX_FIELD_ERRORS)
    assert answer.json["detail"].endswith("(and 69999 more)")


def numbers() -> Iterator[str]:
    """Numbers of up to a million digits, as JSON."""
    for digits in (5, 100, 4_299, 4_301, 1_000_000):
        yield "9" * digits
        yield f'"{"9" * digits}"'
        yield f'"0.{"0" * digits}1"'
        yield f"-{'9' * digits}"
        yield f"1.{'0' * digits}1e9"
        yield f'"1.{"9" * digits}"'
        yield f"1e{'9' * min(digits, 5)}"
        yield f'"{"x" * digits}"'
        yield f"[{'1,' * min(digits // 4, 200_000)}1]"
        yield f'{{"{"9" * digits}": 1}}'


@pytest.mark.parametrize("price", [*numbers()], ids=map(str, TRIED))
@pytest.mark.parametrize("field", ["unit_price", "quantity"])
def test_given_a_number_of_any_length_when_sent_then_answer_and_log_are_short(price: str, field: str, log: Log) -> None:
    line = {**LINE, field: 0}
    body = json.dumps({"items": [line]}).replace(f'"{field}": 0', f'"{field}": {price}')
    answer, _ = send("create_order", "POST", "/v1/orders", body, log=log)
    assert answer.status in {400, 422, 503}


def duplicates(number: int) -> str:
    """A body with a duplicate name: at any place, of any object, spelled in several ways."""
    random = Random(number)
    name = random.choice(["product_id", "quantity", "unit_price", "a", "", SECRET, "ä", "x" * 50_000])
    spelled = random.choice([json.dumps(name), '"' + "".join(f"\\u{ord(each):04x}" for each in name) + '"'])
    members = [f"{json.dumps(name)}: {random.choice(['1', 'null', '{}', '1e400'])}", f"{spelled}: 2"]
    members += [f'"m{index}": {index}' for index in range(random.randrange(5))]
    random.shuffle(members)
    inner = "{" + ", ".join(members) + "}"
    return random.choice([inner, f'{{"items": [{inner}]}}', f"[[{inner}]]", f'{{"items": [{{"a": {inner}}}]}}'])


@pytest.mark.parametrize("number", TRIED)
@pytest.mark.parametrize(
    ("function", "method", "path"),
    [
        ("create_order", "POST", "/v1/orders"),
        ("create_order", "POST", "/v1/customers/5/orders"),
        ("cancel_order", "POST", f"{ORDER}/cancel"),
        ("update_order", "PATCH", ORDER),
        ("update_order_status", "PUT", f"{ORDER}/status"),
    ],
)
def test_given_a_duplicate_name_when_sent_then_400_names_it(
    number: int, function: str, method: str, path: str, log: Log
) -> None:
    answer, lines = send(function, method, path, duplicates(number), log=log)
    assert (answer.status, answer.json["code"]) == (400, "malformed_json")
    assert "give each name once" in answer.json["detail"]
    assert SECRET not in json.dumps(lines)


def test_given_the_same_name_in_two_objects_when_sent_then_it_is_no_duplicate(log: Log) -> None:
    answer, _ = send("create_order", "POST", "/v1/orders", {"items": [LINE, LINE, {"a": 1}, {"a": 1}]}, log=log)
    assert answer.json["code"] == "validation_error"


PARAMETERS = (
    *("q", "sort_by", "sort_order", "status", "payment_status", "shipping_status", "status_filter", "payment_filter"),
    *("customer_id", "product_id", "created_from", "created_to", "page_size", "page", "cursor", "include_total"),
    *("color", SECRET),
)
PATHS = (
    ("get_order", "GET", "/v1/orders/{}"),
    ("get_order", "GET", "/v1/orders/{}/details"),
    ("get_order", "GET", "/orders/{}"),
    ("get_order", "GET", "/v1/nowhere/{}"),
    ("cancel_order", "POST", "/v1/orders/{}/cancel"),
    ("update_order", "PATCH", "/v1/orders/{}"),
    ("update_order_status", "PUT", "/v1/orders/{}/status"),
    ("list_customer_orders", "GET", "/v1/customers/{}/orders"),
    ("create_order", "POST", "/v1/customers/{}/orders"),
    ("docs", "GET", "/docs/{}"),
    ("docs", "GET", "/{}"),
    ("docs", "DELETE", "/v1/orders/{}"),
    ("console", "GET", "/console/1/{}"),
    ("console", "GET", "/console/{}/1"),
)
BODIES = (
    {SECRET: 1},
    {"items": [{SECRET: 1}]},
    {"items": [LINE], "currency": SECRET},
    {"items": [LINE], "customer_id": SECRET},
    {"items": [LINE], "customer_email": f"{SECRET}@"},
    {"items": [LINE], "customer_name": f"{SECRET}\0"},
    {"items": [{"product_id": f"{SECRET}!", "quantity": SECRET, "unit_price": SECRET}]},
    {"items": SECRET},
    SECRET,
    f'{{"items": "{SECRET}',
    f'"{SECRET}"',
)
CHANGES = (
    {"metadata": {SECRET: 1}},
    {"metadata": {f"{SECRET}\0": SECRET}},
    {"note": [SECRET]},
    {"external_reference": SECRET * 10},
    {"shipping_address": {"line1": SECRET}},
    {"shipping_address": {"line1": SECRET, "city": SECRET, "country": SECRET}},
    {"shipping_address": {SECRET: SECRET}},
)


def quoting() -> Iterator[tuple[str, str, str, object, dict[str, Any]]]:
    """Requests with an e-mail address wherever an answer may quote it: the arguments of `send`."""
    long = SECRET * 500
    for name in PARAMETERS:
        yield "list_orders", "GET", "/v1/orders", None, {"query": {name: f"{SECRET}\0"}}
        yield "list_orders", "GET", "/v1/orders", None, {"query": {name: long}}
    yield "list_orders", "GET", "/v1/orders", None, {"query": {"customer_id": SECRET}}
    yield "get_order", "GET", ORDER, None, {"query": {"include": SECRET}}
    yield "get_order", "GET", ORDER, None, {"query": {"include": long}}
    for function, method, path in PATHS:
        for value in (SECRET, f"{SECRET}\0", long):
            yield function, method, path.format(value), None, {}
    for body in BODIES:
        yield "create_order", "POST", "/v1/orders", body, {}
        yield "update_order", "PATCH", ORDER, body, {}
    for change in CHANGES:
        yield "update_order", "PATCH", ORDER, change, {}
    for header in ("idempotency-key", "content-type", "if-match", "if-none-match", "x-request-id"):
        for value in (f"{SECRET}\0", long):
            yield "create_order", "POST", "/v1/orders", {"items": []}, {"headers": {header: value}}


@pytest.mark.parametrize(
    ("function", "method", "path", "body", "changes"), [*quoting()], ids=map(str, itertools.count())
)
def test_given_an_email_address_anywhere_when_refused_then_it_is_not_logged(
    function: str, method: str, path: str, body: object, changes: dict[str, Any], log: Log
) -> None:
    answer, lines = send(function, method, path, body, log=log, **changes)
    assert answer.status >= 400
    # The route key is the gateway's, and has no ids in it; here it is made from the path.
    logged = json.dumps([{name: value for name, value in line.items() if name != "route"} for line in lines])
    assert "secret" not in logged
    assert len(answer.content) < 5_000
    assert {line["code"] for line in lines if "code" in line} == {answer.json["code"]}


def test_given_invalid_fields_when_logged_then_the_names_that_we_know_are(log: Log) -> None:
    body = {"items": [{"sku": "A", "quantity": 0, SECRET: 1}], "color": "red"}
    _, lines = send("create_order", "POST", "/v1/orders", body, log=log)
    assert lines[0]["fields"] == ["items", "quantity"]
    _, lines = send("list_orders", "GET", "/v1/orders", query={"sort_by": SECRET}, log=log)
    assert (lines[-2]["code"], lines[-2]["fields"]) == ("invalid_parameter", ["sort_by"])


def test_given_an_unexpected_error_when_logged_then_its_message_is_not(
    monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    function = load_function("list_orders")

    def fail() -> None:
        try:
            json.loads(SECRET)
        except ValueError as error:
            raise LookupError(f"no {SECRET}") from error

    monkeypatch.setattr(function, "orders", fail)
    assert call(function, "GET", "/v1/orders").status == 500
    [line, _] = log()
    assert "secret" not in json.dumps(line)
    assert line["exception_name"] == "LookupError"
    assert "JSONDecodeError\n\n" in line["exception"]
    assert line["exception"].endswith("LookupError")
    assert "in fail" in line["exception"]


DOTS = (".", "..", "...", ".a", "..5", "." * 128)
ENCODED = (
    "%2e",
    "%2E",
    "%2e%2e",
    ".%2e",
    "%2E.",
    "%2e%2E%2e",
    "%252e%252e",
    "..%2f",
    "%2e%2e%2f..",
    "..;",
    "..\\",
    "%2e/",
)


@pytest.mark.parametrize("customer", [*DOTS, *ENCODED])
@pytest.mark.parametrize("path", ["/v1/customers/{}/orders", "/orders/{}"])
def test_given_a_dot_segment_in_a_path_when_used_as_a_customer_then_refused(customer: str, path: str, log: Log) -> None:
    answer, _ = send("create_order", "POST", path.format(customer), scope="orders:create", log=log)
    assert answer.status in {308, 400, 404}


@pytest.mark.parametrize("customer", DOTS)
def test_given_a_dot_segment_when_named_as_a_customer_or_order_then_refused(customer: str, log: Log) -> None:
    staff: dict[str, Any] = {"scope": "orders:create orders:read orders:cancel", "log": log}
    body = {"customer_id": customer, "items": [LINE]}
    assert send("create_order", "POST", "/v1/orders", body, **staff)[0].json["errors"][0]["loc"] == ["customer_id"]
    product = {"items": [{"product_id": customer, "quantity": 1}]}
    assert send("create_order", "POST", "/v1/orders", product, **staff)[0].status == 422
    assert send("list_orders", "GET", "/v1/orders", query={"customer_id": customer}, **staff)[0].status == 400
    assert send("get_order", "GET", f"/v1/orders/{customer}", **staff)[0].json["code"] == "order_not_found"
    assert send("cancel_order", "POST", f"/v1/orders/{customer}/cancel", **staff)[0].json["code"] == "order_not_found"


@pytest.mark.parametrize("name", ["", ".", "..", "%2e", "%2E.", ".%2e"])
def test_given_an_id_that_leads_elsewhere_when_a_service_is_called_then_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session()
    called: list[str] = []
    monkeypatch.setattr(session, "request", lambda _, url, **__: called.append(url))
    quoted = "%" in name
    calls: list[Callable[[], object]] = [
        lambda: CartClient(session, "http://cart.invalid").get(name),
        lambda: CatalogClient(session, "http://catalog.invalid").get(name),
        lambda: PaymentClient(session, "http://payment.invalid").refund("key", name, 1),
        lambda: ShippingClient(session, "http://shipping.invalid").cancel(name),
        lambda: CartClient(session, "http://cart.invalid").call("GET", f"/carts/{name}/x", expected=frozenset()),
    ]
    for each in calls[-1:] if quoted else calls:
        with pytest.raises(DownstreamRefused, match="empty or consists of dots"):
            each()
    assert called == []
