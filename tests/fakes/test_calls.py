"""The log of calls, and the way back to the demo state."""

import httpx
import pytest

from tests.fakes.faults import charge, charges, set_fault


class TestCalls:
    def test_calls_are_logged_in_order(self, client: httpx.Client) -> None:
        """GIVEN calls of all kinds WHEN the log is read THEN they are there, as they arrived and as they ended."""
        charge(client, "key")
        client.get("/inventory/products/NONE")
        set_fault(client, "shipping", lost_answer_rate=1)
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/shipping/shipments")

        calls = client.get("/control/calls").json()["calls"]

        times = [call.pop("at") for call in calls]
        assert times == sorted(times)
        assert calls == [
            {
                "service": "payment",
                "method": "POST",
                "path": "/payment/charges",
                "idempotency_key": "key",
                "trace_id": None,
                "status": 201,
            },
            {
                "service": "inventory",
                "method": "GET",
                "path": "/inventory/products/NONE",
                "idempotency_key": None,
                "trace_id": None,
                "status": 404,
            },
            {
                "service": "shipping",
                "method": "GET",
                "path": "/shipping/shipments",
                "idempotency_key": None,
                "trace_id": None,
                "status": "lost",
            },
        ]

    def test_calls_are_filtered_by_service_and_path(self, client: httpx.Client) -> None:
        """GIVEN calls to two services WHEN some are asked for THEN the last of those come, in order."""
        for path in ("/cart/carts/1", "/inventory/products/1", "/inventory/products/2", "/inventory/products/3"):
            client.get(path)

        def listed(**query: str | int) -> list[str]:
            return [call["path"] for call in client.get("/control/calls", params=query).json()["calls"]]

        assert listed(service="cart") == ["/cart/carts/1"]
        assert listed(path_contains="s/1") == ["/cart/carts/1", "/inventory/products/1"]
        assert listed(service="inventory", limit=2) == ["/inventory/products/2", "/inventory/products/3"]

    def test_calls_can_be_deleted(self, client: httpx.Client) -> None:
        """GIVEN a logged call WHEN the log is cleared THEN it is empty."""
        client.get("/cart/carts/1")

        client.delete("/control/calls").raise_for_status()

        assert client.get("/control/calls").json() == {"calls": []}


class TestReset:
    def test_reset_refuses_to_strand_orders(self, client: httpx.Client) -> None:
        """GIVEN a charge of an order WHEN everything is reset THEN it is refused with a reason, and all stays."""
        client.put("/inventory/products/1", json={"quantity": 7})
        charge(client, "key")

        answer = client.post("/control/reset")

        assert (answer.status_code, answer.json()["code"]) == (409, "orders_exist")
        assert "0 reservations, 1 charges, 0 shipments" in answer.json()["detail"]
        assert len(charges(client, "key")) == 1
        assert client.get("/inventory/products/1").json()["quantity"] == 7

    def test_reset_without_orders_needs_no_force(self, client: httpx.Client) -> None:
        """GIVEN no orders WHEN everything is reset THEN it is."""
        assert client.post("/control/reset").status_code == 204

    def test_reset_restores_the_demo_state(self, client: httpx.Client) -> None:
        """GIVEN a changed state WHEN it is reset THEN all of it is as in the demo."""
        client.put("/inventory/products/1", json={"quantity": 0})
        client.put("/inventory/products/NEW", json={"quantity": 5})
        client.put("/cart/carts/5", json={"status": "Ordered"})
        charge(client, "key")
        set_fault(client, "cart", failure_rate=1)

        assert client.post("/control/reset?force=true").status_code == 204

        assert client.get("/control").json() == {"faults": []}
        assert client.get("/control/calls").json() == {"calls": []}
        assert client.get("/inventory/products/1").json()["quantity"] == 1_000_000
        assert client.get("/inventory/products/NEW").status_code == 404
        assert client.get("/cart/carts/5").json()["status"] == "Active"
        assert charges(client, "key") == []
        assert charge(client, "key").status_code == 201
