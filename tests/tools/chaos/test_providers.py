"""Services settle charges late, forget keys and let reservations expire, however they fail meanwhile."""

from datetime import UTC, datetime
from random import Random

import pytest

from tests.support import wait_until
from tools.chaos import providers
from tools.chaos.providers import RESERVATION_SECONDS, Providers
from tools.support.fakes_client import FakesClient

PRODUCTS = {"products": [{"product_id": "lamp", "quantity": 10, "unit_price": "1.00", "currency": "USD"}]}


@pytest.fixture
def processing(fakes: FakesClient, monkeypatch: pytest.MonkeyPatch) -> FakesClient:
    """Services with twenty charges that are processing."""
    monkeypatch.setattr(providers, "PAUSE_SECONDS", 0.01)
    fakes.call("POST", "/control/reset?force=true")
    fakes.call("PUT", "/control/payment", {"operation": "POST /charges", "pending_rate": 1})
    for number in range(20):
        charge = {"reference": f"order-{number}", "customer_id": "5", "amount": 100, "currency": "USD"}
        headers = {"Idempotency-Key": f"charge-{number}"}
        fakes._http.post("/payment/charges", json=charge, headers=headers).raise_for_status()
    fakes.call("DELETE", "/control")
    return fakes


def statuses(fakes: FakesClient) -> set[str]:
    return {charge.status for charge in fakes.charges()}


def test_given_charges_in_processing_when_at_work_then_they_settle_either_way(processing: FakesClient) -> None:
    work = Providers(processing, Random(1))
    with work.at_work():
        wait_until(lambda: statuses(processing) == {"succeeded", "declined"})
    assert work.settled == 20


def test_given_services_that_fail_when_at_work_then_it_goes_on(processing: FakesClient) -> None:
    with Providers(processing, Random(1)).at_work():
        processing.call("PUT", "/control/payment", {"failure_rate": 1, "times": 5})
        wait_until(lambda: processing.call("GET", "/control")["faults"] == [])
        wait_until(lambda: "processing" not in statuses(processing))


def test_given_the_end_when_settled_then_no_charge_is_processing(processing: FakesClient) -> None:
    Providers(processing, Random(1)).settle_all()
    assert "processing" not in statuses(processing)


def test_given_a_reservation_when_at_work_then_it_expires_soon_and_not_afterwards(fakes: FakesClient) -> None:
    fakes.call("PUT", "/inventory/products", PRODUCTS)

    def seconds(name: str) -> float:
        lines = {"lines": [{"product_id": "lamp", "quantity": 1}]}
        fakes.call("PUT", f"/inventory/reservations/{name}", lines)
        [reservation] = fakes.reservations([name])
        return (datetime.fromisoformat(str(reservation.expires_at)) - datetime.now(UTC)).total_seconds()

    with Providers(fakes, Random(1)).at_work():
        assert seconds("during") <= RESERVATION_SECONDS
    assert seconds("after") > 10 * RESERVATION_SECONDS
