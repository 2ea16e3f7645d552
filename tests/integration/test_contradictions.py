"""Services answer late, twice, out of order or wrongly, and workers fail: money and stock are true in the end."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from orders.clients.shipping import ShippingClient
from orders.domain.errors import EventIdReused, ValidationFailed
from orders.postgres.task_claims import MAX_ATTEMPTS
from tests.integration.conftest import Query, SetFault
from tests.integration.world import World

PENDING = {"pending_rate": 1, "times": 1}

type Stock = Callable[[str], int]


class Records:
    """What the services and the database know of an order."""

    def __init__(self, services: httpx.Client, query: Query, order: str) -> None:
        self._services = services
        self._query = query
        self.order = order

    @property
    def state(self) -> str:
        row = self._query("SELECT status, payment_status, shipping_status FROM orders WHERE id = %(id)s", id=self.order)
        return "/".join(row[0].values())

    @property
    def charges(self) -> list[tuple[str, int]]:
        """Status and refunded amount of each charge."""
        listed = self._services.get("/payment/charges", params={"reference": self.order}).json()["charges"]
        return [(charge["status"], charge["refunded_amount"]) for charge in listed]

    @property
    def parcels(self) -> list[str]:
        listed = self._services.get("/shipping/shipments", params={"reference": self.order}).json()["shipments"]
        return [shipment["status"] for shipment in listed]

    @property
    def mails(self) -> list[str]:
        listed = self._services.get("/notification/notifications", params={"order_id": self.order}).json()
        return [notification["template"] for notification in listed["notifications"]]

    def failed(self) -> list[str]:
        rows = self._query("SELECT kind FROM order_tasks WHERE state = 'failed' AND order_id = %(id)s", id=self.order)
        return [row["kind"] for row in rows]

    def settle(self, status: str) -> None:
        """Settle its charge at the payment service, which reports nothing."""
        [charge] = self._services.get("/payment/charges", params={"reference": self.order}).json()["charges"]
        self._services.post(f"/payment/charges/{charge['id']}/settle", json={"status": status}).raise_for_status()


@pytest.fixture
def place(world: World, services: httpx.Client, query: Query) -> Callable[..., Records]:
    return lambda *items: Records(services, query, world.place(*items))


type Place = Callable[..., Records]


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_given_a_reported_failure_when_the_payment_succeeds_then_it_is_refunded(
    world: World, place: Place, set_fault: SetFault, status: str
) -> None:
    set_fault("payment", **PENDING)
    records = place()
    world.drain()
    if status == "cancelled":
        world.cancel(records.order)
    world.report(records.order, payment_status="failed", event_id="f1")
    records.settle("succeeded")
    world.report(records.order, payment_status="paid", event_id="s1")
    world.drain()
    assert records.state == f"{status}/refunded/cancelled"
    assert records.charges == [("succeeded", 20000)]


def test_given_a_reported_failure_when_our_own_charge_succeeds_then_it_is_refunded(
    world: World, place: Place, set_fault: SetFault
) -> None:
    set_fault("payment", lost_answer_rate=1, times=3)
    records = place()
    assert world.process(world.queue.waiting.pop(0))
    world.report(records.order, payment_status="failed")
    world.drain()
    assert (records.state, records.charges) == ("failed/refunded/cancelled", [("succeeded", 20000)])


def test_given_two_pending_charges_when_nobody_reports_then_they_are_asked_about(
    world: World, place: Place, set_fault: SetFault
) -> None:
    set_fault("payment", pending_rate=1)
    paid, cancelled = place(), place()
    world.drain()
    world.cancel(cancelled.order)
    for records in (paid, cancelled):
        records.settle("succeeded")
    assert world.drain(timedelta(hours=2)) == []
    assert paid.state == "confirmed/paid/ready"
    assert (cancelled.state, cancelled.charges) == ("cancelled/refunded/cancelled", [("succeeded", 20000)])


@pytest.mark.parametrize("cancels", [False, True])
def test_given_a_payment_in_processing_when_an_hour_has_passed_then_it_is_stuck(
    world: World, set_fault: SetFault, *, cancels: bool
) -> None:
    set_fault("payment", pending_rate=1)
    order = world.place()
    world.drain(timedelta(minutes=1))
    if cancels:
        world.cancel(order)
    world.clock.pass_time(minutes=59)
    assert world.run_relay().stuck == 0
    world.clock.pass_time(minutes=2)
    assert world.run_relay().stuck == 1


def test_given_a_charge_that_never_settles_when_timed_out_then_cancelled_and_failed(
    world: World, place: Place, set_fault: SetFault, stock: Stock
) -> None:
    before = stock("SKU123")
    set_fault("payment", pending_rate=1)
    records = place()
    world.drain(timedelta(hours=23))
    assert records.state == "pending/processing/pending"
    assert world.drain(timedelta(hours=3)) == []
    assert (records.state, records.charges) == ("failed/voided/cancelled", [("cancelled", 0)])
    assert stock("SKU123") == before


def test_given_an_expired_hold_when_its_stock_was_sold_then_it_is_refunded(
    world: World, place: Place, set_fault: SetFault, services: httpx.Client
) -> None:
    services.put("/inventory/products/RARE", json={"quantity": 1, "unit_price": "5.00", "currency": "USD"})
    services.put("/inventory/settings", json={"reservation_seconds": 0.001}).raise_for_status()
    set_fault("payment", **PENDING)
    late = place(("RARE", 1))
    world.drain()
    services.put("/inventory/settings", json={"reservation_seconds": 900}).raise_for_status()
    buyer = place(("RARE", 1))
    world.drain()
    late.settle("succeeded")
    world.report(late.order, payment_status="paid")
    assert world.drain() == []
    assert (buyer.state, late.state) == ("confirmed/paid/ready", "failed/refunded/cancelled")
    assert (late.parcels, late.charges) == ([], [("succeeded", 500)])
    assert late.mails == ["order_received", "out_of_stock", "payment_refunded"]


def test_given_an_expired_hold_when_its_stock_is_free_then_it_is_shipped(
    world: World, place: Place, set_fault: SetFault, services: httpx.Client
) -> None:
    services.put("/inventory/settings", json={"reservation_seconds": 0.001}).raise_for_status()
    set_fault("payment", **PENDING)
    records = place()
    world.drain()
    services.put("/inventory/settings", json={"reservation_seconds": 900}).raise_for_status()
    records.settle("succeeded")
    assert world.drain(timedelta(hours=2)) == []
    assert (records.state, records.parcels) == ("confirmed/paid/ready", ["ready"])


@pytest.mark.parametrize("status", ["failed", "paid"])
def test_given_a_report_that_contradicts_when_asked_then_the_service_is_believed(
    world: World, place: Place, set_fault: SetFault, status: str
) -> None:
    if status == "paid":
        set_fault("payment", decline_rate=1, lost_answer_rate=1, times=3)
    records = place()
    if status == "paid":
        world.process(world.queue.waiting.pop(0))
    else:
        world.drain()
    world.report(records.order, payment_status=status)
    assert world.drain(timedelta(hours=2)) == []
    expected = {"failed": "confirmed/paid/ready", "paid": "failed/failed/cancelled"}
    assert records.state == expected[status]
    assert records.parcels == (["ready"] if status == "failed" else [])


def test_given_a_shipped_order_when_tracking_changes_then_it_is_stored_and_told(world: World, place: Place) -> None:
    records = place()
    world.drain()
    assert world.report(records.order, shipping_status="ready", tracking_number="C", event_id="r1")[
        "tracking_number"
    ] == ("C")
    world.report(records.order, status="shipped", tracking_number="A", event_id="s1")
    for _ in range(2):
        row = world.report(records.order, status="shipped", tracking_number="B", event_id="s2")
        assert row["tracking_number"] == "B"
    with pytest.raises(EventIdReused):
        world.report(records.order, status="delivered", event_id="s1")
    with pytest.raises(EventIdReused):
        world.report(records.order, status="shipped", tracking_number="D", event_id="s2")
    with pytest.raises(ValidationFailed):
        world.report(records.order, payment_status="refunded", tracking_number="E")
    world.drain()
    assert (records.state, records.mails.count("order_shipped")) == ("shipped/paid/shipped", 2)


def test_given_a_delivery_that_overtakes_when_reported_then_delivered(world: World, place: Place) -> None:
    records = place()
    world.drain()
    world.report(records.order, status="delivered")
    assert records.state == "delivered/paid/delivered"


def test_given_a_parcel_by_hand_when_ours_was_made_too_then_ours_is_cancelled(
    world: World, place: Place, set_fault: SetFault
) -> None:
    set_fault("shipping", operation="POST /shipments", lost_answer_rate=1, times=3)
    records = place()
    while records.parcels == []:
        world.process(world.queue.waiting.pop(0))
    world.report(records.order, status="shipped", tracking_number="by-hand")
    assert world.drain() == []
    assert (records.state, records.parcels) == ("shipped/paid/shipped", ["cancelled"])


@pytest.mark.parametrize("status", ["refunded", "charged_back"])
def test_given_a_shipped_order_when_money_goes_back_then_it_is_recorded(
    world: World, place: Place, services: httpx.Client, stock: Stock, status: str
) -> None:
    records = place()
    world.drain()
    world.report(records.order, status="shipped")
    if status == "refunded":
        [charge] = services.get("/payment/charges", params={"reference": records.order}).json()["charges"]
        path = f"/payment/charges/{charge['id']}/refunds"
        services.post(path, json={"amount": 20000}, headers={"Idempotency-Key": "by-hand"}).raise_for_status()
    before = stock("SKU123")
    world.report(records.order, payment_status=status)
    assert world.drain() == []
    assert (records.state, stock("SKU123")) == (f"shipped/{status}/shipped", before)


def test_given_a_partial_refund_when_reported_as_refunded_then_a_person_sees_it(
    world: World, place: Place, services: httpx.Client
) -> None:
    records = place()
    world.drain()
    [charge] = services.get("/payment/charges", params={"reference": records.order}).json()["charges"]
    path = f"/payment/charges/{charge['id']}/refunds"
    services.post(path, json={"amount": 1}, headers={"Idempotency-Key": "by-hand"}).raise_for_status()
    world.report(records.order, payment_status="refunded")
    world.drain()
    assert records.failed() == ["check_payment"]


@pytest.mark.parametrize("service", ["payment", "shipping"])
def test_given_forgotten_keys_when_an_answer_was_lost_then_nothing_is_made_twice(
    world: World, place: Place, set_fault: SetFault, services: httpx.Client, service: str
) -> None:
    operation = {"payment": "POST /charges", "shipping": "POST /shipments"}[service]
    set_fault(service, operation=operation, lost_answer_rate=1, times=3)
    records = place()
    while not (records.charges if service == "payment" else records.parcels):
        world.process(world.queue.waiting.pop(0))
    services.delete(f"/{service}/keys").raise_for_status()
    assert world.drain() == []
    assert (records.state, records.charges, records.parcels) == (
        "confirmed/paid/ready",
        [("succeeded", 0)],
        ["ready"],
    )


def test_given_a_lost_refund_when_keys_are_forgotten_then_it_is_refunded_once(
    world: World, place: Place, set_fault: SetFault, services: httpx.Client
) -> None:
    records = place()
    world.drain()
    world.cancel(records.order)
    set_fault("payment", operation="POST /charges/{id}/refunds", lost_answer_rate=1, times=3)
    while records.charges != [("succeeded", 20000)]:
        world.process(world.queue.waiting.pop(0))
    services.delete("/payment/keys").raise_for_status()
    assert world.drain() == []
    assert (records.state, records.charges) == ("cancelled/refunded/cancelled", [("succeeded", 20000)])


def test_given_a_shipment_that_was_given_up_when_cancelled_then_it_is_recalled(
    world: World, place: Place, set_fault: SetFault
) -> None:
    set_fault("shipping", operation="POST /shipments", lost_answer_rate=1)
    set_fault("shipping", operation="GET /shipments", failure_rate=1)
    records = place()
    assert len(world.drain(timedelta(hours=1))) == 1
    set_fault("shipping", operation="GET /shipments")
    world.cancel(records.order)
    assert world.drain() == []
    assert (records.state, records.parcels) == ("cancelled/refunded/cancelled", ["cancelled"])
    world.relay.redrive()
    assert world.drain() == []
    assert (records.failed(), records.parcels) == ([], ["cancelled"])


def test_given_a_charge_that_was_given_up_when_redriven_then_it_is_found(
    world: World, place: Place, set_fault: SetFault
) -> None:
    set_fault("payment", operation="POST /charges", lost_answer_rate=1)
    set_fault("payment", operation="GET /charges", failure_rate=1)
    records = place()
    assert len(world.drain(timedelta(hours=6))) == 1
    set_fault("payment", operation="POST /charges")
    set_fault("payment", operation="GET /charges")
    world.relay.redrive()
    assert world.drain() == []
    assert (records.state, records.charges) == ("confirmed/paid/ready", [("succeeded", 0)])


def test_given_an_unexpected_error_when_it_lasts_then_the_task_fails_and_is_seen(
    world: World, place: Place, monkeypatch: pytest.MonkeyPatch, query: Query
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(ShippingClient, "create", break_down)
    monkeypatch.setattr(ShippingClient, "find", break_down)
    records = place()
    assert len(world.drain(timedelta(hours=1))) == 1
    assert records.failed() == ["create_shipment"]
    [task] = world.relay.failed_tasks()
    assert task["last_error"] == "Unexpected ZeroDivisionError; the log says more."
    assert task["attempts"] == MAX_ATTEMPTS


def test_given_workers_that_die_when_attempts_are_over_then_the_task_fails(
    world: World, place: Place, query: Query
) -> None:
    records = place()
    query("UPDATE order_tasks SET attempts = 100, claims = 100 WHERE kind = 'charge_payment' RETURNING kind")
    assert len(world.drain()) == 1
    assert (records.failed(), records.charges) == (["charge_payment"], [])
