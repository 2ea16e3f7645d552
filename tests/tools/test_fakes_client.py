"""Everything that the fakes have stored is read, and their errors are reported."""

from collections import Counter

import pytest

from local.errors import LocalError
from tools.support.fakes_client import CallLog, FakesClient


def test_given_more_products_than_a_page_when_read_then_all_requested_are_returned(fakes: FakesClient) -> None:
    products = [{"product_id": f"P {number:04}", "quantity": number} for number in range(1200)]
    fakes.call("PUT", "/inventory/products", {"products": products})
    assert fakes.free(["P 0007", "P 1199"]) == {"P 0007": 7, "P 1199": 1199}


def test_given_reservations_when_read_then_existing_ones_have_their_units(fakes: FakesClient) -> None:
    lines = {"lines": [{"product_id": "1", "quantity": 2}, {"product_id": "2", "quantity": 1}]}
    fakes.call("PUT", "/inventory/reservations/held", lines)
    fakes.call("DELETE", "/inventory/reservations/released")
    held, released = fakes.reservations(["held", "nothing", "released"])
    assert (held.units, held.holds_stock) == (Counter({"1": 2, "2": 1}), True)
    assert (released.units, released.holds_stock) == (Counter(), False)


def test_given_a_refused_call_when_sent_then_the_error_says_what_to_do(fakes: FakesClient) -> None:
    with pytest.raises(LocalError, match="make status"):
        fakes.call("PUT", "/control/cart", {"decline_rate": 1})


def test_given_a_call_log_when_collecting_then_it_has_only_the_calls_made_meanwhile(fakes: FakesClient) -> None:
    fakes.call("PUT", "/inventory/reservations/before", {"lines": [{"product_id": "1", "quantity": 1}]})
    log = CallLog(fakes)
    with log.collecting():
        fakes.call("PUT", "/inventory/reservations/meanwhile", {"lines": [{"product_id": "1", "quantity": 1}]})
        fakes.call("GET", "/inventory/products/1")
    fakes.call("GET", "/inventory/products/2")
    assert [(call.service, call.method, call.status) for call in log.calls] == [
        ("inventory", "PUT", 201),
        ("inventory", "GET", 200),
    ]
    assert log.reserved == {"meanwhile"}
