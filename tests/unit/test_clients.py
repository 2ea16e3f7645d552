"""The session that the clients share, and how they classify errors and read answers."""

import json
from http.client import HTTPMessage
from urllib.parse import urlsplit

import pytest

from orders.aws.connections import Response, new_connection
from orders.clients.cart import Cart, CartClient
from orders.clients.http import Session
from orders.domain.errors import DownstreamRefused, DownstreamUnavailable, ValidationFailed


def test_given_services_over_tls_when_connected_then_certificates_are_read_once() -> None:
    payment, cart = (
        new_connection(urlsplit(f"https://{host}"), timeout_seconds=1) for host in ("payment.invalid", "cart.invalid")
    )
    assert vars(payment)["_context"] is vars(cart)["_context"]


def ask_for_a_cart(answered: int, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    monkeypatch.setattr(session, "request", lambda *_, **__: Response(answered, HTTPMessage(), b""))
    CartClient(session, "http://cart.invalid").get("5")


@pytest.mark.parametrize("status", [400, 418, 422, 460, 463, 499])
def test_given_any_4xx_when_called_then_it_is_a_refusal(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DownstreamRefused, match=f"it returned {status} for GET /carts"):
        ask_for_a_cart(status, monkeypatch)


@pytest.mark.parametrize("status", [304, 408, 429, 500, 503, 520, 522, 561, 999])
def test_given_any_other_error_status_when_called_then_it_may_be_retried(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DownstreamUnavailable) as raised:
        ask_for_a_cart(status, monkeypatch)
    assert type(raised.value) is DownstreamUnavailable
    assert raised.value.__notes__ == [f"it returned {status} for GET /carts"]


def read_cart(body: str, monkeypatch: pytest.MonkeyPatch) -> Cart:
    session = Session()
    monkeypatch.setattr(session, "request", lambda *_, **__: Response(200, HTTPMessage(), body.encode()))
    return CartClient(session, "http://cart.invalid").get("5")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", 0),
        ("quantity", -1),
        ("quantity", 1.5),
        ("quantity", None),
        ("unit_price", -1),
        ("unit_price", "NaN"),
        ("product_id", ""),
        ("product_id", "../1"),
    ],
)
def test_given_a_cart_with_an_impossible_line_when_read_then_the_field_is_named(
    field: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"product_id": "1", "quantity": 1}
    with pytest.raises(ValidationFailed) as raised:
        read_cart(json.dumps({"items": [good, {**good, field: value}]}), monkeypatch)
    assert [error["loc"] for error in raised.value.members["errors"]] == [["items", 1, field]]


@pytest.mark.parametrize(
    "body", ["", "[]", "5", '"cart"', '{"items": 1}', '{"items": [1]}', '{"items": null}', '{"status": 1}', "<html>"]
)
def test_given_a_body_that_is_no_cart_when_read_then_the_service_is_unavailable(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DownstreamUnavailable):
        read_cart(body, monkeypatch)


@pytest.mark.parametrize(("version", "read"), [("null", ""), ('""', ""), ("7", "7"), ('"v7"', "v7")])
def test_given_a_version_when_a_cart_is_read_then_it_is_text(
    version: str, read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_cart(f'{{"version": {version}, "items": []}}', monkeypatch).version == read
    assert read_cart("{}", monkeypatch) == Cart()
