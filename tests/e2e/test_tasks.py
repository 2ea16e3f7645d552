"""What happens to an order after its 201, through real queues."""

import httpx
import pytest

from local import emulator
from local.stack import Stack
from orders.aws.task_queue import DEAD_LETTERS
from tests.e2e.conftest import Client, wait_for

ITEMS = {"items": [{"sku": "SKU123", "quantity": 2}], "customer_email": "alice@example.com"}


def test_given_a_cart_when_ordered_then_the_timeline_shows_it_paid_and_ready(
    client: Client, services: httpx.Client
) -> None:
    with client("5") as customer:
        order = customer.post("/v1/customers/5/orders").json()["id"]
        ready = wait_for(customer, order, status="confirmed", shipping_status="ready")
        assert [event["event"] for event in ready["timeline"]] == [
            "order.placed",
            "payment.started",
            "payment.succeeded",
            "stock.committed",
            "shipment.created",
        ]
        assert ready["tracking_number"]
        assert services.get("/cart/carts/5").json()["status"] == "Ordered"


def test_given_an_unpaid_order_when_its_address_changes_then_the_parcel_goes_there(
    client: Client, services: httpx.Client
) -> None:
    # The order is not paid before its address has changed.
    services.put("/control/payment", json={"failure_rate": 1, "times": 4}).raise_for_status()
    address = {"line1": "21 Main Street", "city": "Springfield", "country": "US"}
    with client("5") as customer:
        order = customer.post("/v1/orders", json=ITEMS).json()
        path = order["links"]["self"]
        changed = customer.patch(path, json={"shipping_address": address})
        assert (changed.status_code, changed.json()["shipping_address"]) == (200, address)
        ready = wait_for(customer, order["id"], shipping_status="ready")
        assert [event["changed_fields"] for event in ready["timeline"] if event["event"] == "order.updated"] == [
            ["shipping_address"]
        ]
        [shipment] = services.get("/shipping/shipments", params={"order_id": order["id"]}).json()["shipments"]
        assert shipment["address"] == address
        late = customer.patch(path, json={"note": "Please ring twice."})
        assert (late.status_code, late.json()["code"]) == (409, "order_not_updatable")


def test_given_a_declined_payment_when_ordered_then_notified_and_stock_is_released(
    client: Client, services: httpx.Client
) -> None:
    services.put("/control/payment", json={"decline_rate": 1}).raise_for_status()
    with client("5") as customer:
        order = customer.post("/v1/orders", json=ITEMS).json()["id"]
        failed = wait_for(customer, order, status="failed")
        assert failed["failure_reason"] == "payment_declined"
        while len(templates(services, order)) < 2:
            pass
        assert sorted(templates(services, order)) == ["order_received", "payment_failed"]
        while services.get("/inventory/products/SKU123").json()["quantity"] < 1_000_000:
            pass


def test_given_a_paid_order_when_cancelled_then_it_is_refunded(client: Client, services: httpx.Client) -> None:
    with client("5") as customer:
        order = customer.post("/v1/orders", json=ITEMS).json()["id"]
        wait_for(customer, order, shipping_status="ready")
        assert customer.post(f"/v1/orders/{order}/cancel").status_code == 200
        wait_for(customer, order, status="cancelled", payment_status="refunded")
        (charge,) = services.get("/payment/charges", params={"order_id": order}).json()["charges"]
        assert charge["refunded_amount"] == charge["amount"] == 20000


def test_given_an_outage_of_a_service_when_it_ends_then_the_order_is_processed(
    client: Client, services: httpx.Client
) -> None:
    services.put("/control/payment", json={"failure_rate": 1, "times": 4}).raise_for_status()
    with client("5") as customer:
        order = customer.post("/v1/orders", json=ITEMS).json()["id"]
        wait_for(customer, order, status="confirmed")


@pytest.mark.usefixtures("services")
def test_given_a_refused_task_when_redriven_then_it_succeeds(
    stack: Stack, client: Client, services: httpx.Client
) -> None:
    before = dead_letters(stack)
    services.put("/control/shipping", json={"failure_rate": 1, "failure_status": 400}).raise_for_status()
    with client("5") as customer:
        order = customer.post("/v1/orders", json=ITEMS).json()["id"]
        wait_for(customer, order, status="confirmed")
        while not (failed := [task for task in failed_tasks(stack) if task["order_id"] == order]):
            pass
        assert [task["kind"] for task in failed] == ["create_shipment"]
        while dead_letters(stack) <= before:
            pass
        services.delete("/control").raise_for_status()
        assert stack.call("relay_outbox", {"failed": "redrive", "tasks": [failed[0]["id"]]}) == {"redriven": 1}
        wait_for(customer, order, shipping_status="ready")


def dead_letters(stack: Stack) -> int:
    sqs = emulator.client("sqs", stack.layout.emulator_url)
    url = sqs.get_queue_url(QueueName=f"orders-tasks{DEAD_LETTERS}")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


def failed_tasks(stack: Stack) -> list[dict[str, str]]:
    tasks: list[dict[str, str]] = stack.call("relay_outbox", {"failed": "list"})["tasks"]
    return tasks


def templates(services: httpx.Client, order: str) -> list[str]:
    sent = services.get("/notification/notifications", params={"order_id": order}).json()["notifications"]
    return [notification["template"] for notification in sent]
