"""The knobs: each does what it says, to the calls it is for, and no longer than it should."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from tests.support import wait_until


def charge(client: httpx.Client, key: str | None = None) -> httpx.Response:
    key = key or uuid4().hex
    body = {"order_id": key, "customer_id": "5", "amount": 100, "currency": "USD"}
    return client.post("/payment/charges", json=body, headers={"Idempotency-Key": key})


def charges(client: httpx.Client, key: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get("/payment/charges", params={"idempotency_key": key}).json()["charges"]
    return found


def turn(client: httpx.Client, service: str, **knob: object) -> None:
    client.put(f"/control/{service}", json=knob).raise_for_status()


class TestFailures:
    def test_a_failure_is_answered_without_acting(self, client: httpx.Client) -> None:
        """GIVEN a failing service WHEN it is called THEN the answer is a problem and nothing has happened."""
        turn(client, "payment", failure_rate=1)

        response = charge(client, "key")
        client.delete("/control/payment")

        assert (response.status_code, response.json()["code"]) == (503, "service_unavailable")
        assert response.headers["content-type"] == "application/problem+json"
        assert charges(client, "key") == []

    def test_a_failure_has_the_status_that_was_asked_for(self, client: httpx.Client) -> None:
        """GIVEN a service that fails with 429 WHEN it is called THEN the answer says so."""
        turn(client, "cart", failure_rate=1, failure_status=429)

        response = client.get("/cart/carts/5")

        assert (response.status_code, response.json()["code"]) == (429, "too_many_requests")

    def test_other_services_are_left_alone(self, client: httpx.Client) -> None:
        """GIVEN a failing service WHEN another is called THEN it works."""
        turn(client, "payment", failure_rate=1)

        assert client.get("/inventory/products/1").status_code == 200

    def test_a_part_of_the_calls_fails_and_a_seed_repeats_which(self, client: httpx.Client) -> None:
        """GIVEN half of the calls fail WHEN a seed is set twice THEN the same calls fail, and about half."""

        def series(seed: int) -> list[int]:
            turn(client, "cart", failure_rate=0.5, seed=seed)
            return [client.get("/cart/carts/5").status_code for _ in range(100)]

        assert series(1) == series(1) != series(2)
        assert 30 < series(1).count(503) < 70

    def test_times_bounds_the_calls(self, client: httpx.Client) -> None:
        """GIVEN a knob for two calls WHEN there are four THEN two fail and the knob is off."""
        turn(client, "cart", failure_rate=1, times=2)

        assert [client.get("/cart/carts/5").status_code for _ in range(2)] == [503, 503]
        assert [client.get("/cart/carts/5").status_code for _ in range(2)] == [200, 200]
        assert client.get("/control").json() == {"knobs": []}


class TestOperations:
    def test_a_knob_acts_on_its_operation_only(self, client: httpx.Client) -> None:
        """GIVEN a knob for one operation WHEN others are called THEN they work."""
        turn(client, "inventory", operation="PUT /products/{id}", failure_rate=1)

        assert client.put("/inventory/products/1", json={"quantity": 1}).status_code == 503
        assert client.get("/inventory/products/1").status_code == 200
        assert client.put("/inventory/products", json={"products": []}).status_code == 200

    def test_an_operation_comes_before_its_service(self, client: httpx.Client) -> None:
        """GIVEN a knob for a service and one for an operation WHEN the operation is called THEN its own acts."""
        turn(client, "inventory", operation="POST /reservations/{id}/commit", failure_rate=1, failure_status=500)
        turn(client, "inventory", failure_rate=1, failure_status=429)

        assert client.post("/inventory/reservations/r/commit").status_code == 500
        assert client.get("/inventory/products/1").status_code == 429

    def test_turning_a_knob_again_replaces_it(self, client: httpx.Client) -> None:
        """GIVEN a knob WHEN it is turned again THEN there is one, with the new settings."""
        turn(client, "cart", failure_rate=1)
        turn(client, "cart", latency_seconds=0.001, times=7)

        assert client.get("/cart/carts/5").status_code == 200
        assert client.get("/control").json() == {
            "knobs": [
                {
                    "service": "cart",
                    "operation": None,
                    "latency_seconds": 0.001,
                    "failure_rate": 0.0,
                    "failure_status": 503,
                    "lost_answer_rate": 0.0,
                    "decline_rate": 0.0,
                    "pending_rate": 0.0,
                    "refuse_rate": 0.0,
                    "times": 6,
                    "seed": None,
                }
            ]
        }

    @pytest.mark.parametrize(
        ("service", "knob"),
        [
            ("inventory", {"operation": "PUT /product/{id}", "failure_rate": 1}),
            ("cart", {"operation": "PUT /products/{id}", "failure_rate": 1}),
            ("cart", {"operation": "carts", "failure_rate": 1}),
            ("cart", {"decline_rate": 1}),
            ("cart", {"pending_rate": 1}),
            ("payment", {"refuse_rate": 1}),
            ("payment", {"decline_rate": 0.6, "pending_rate": 0.6}),
            ("payment", {"failure_rate": 1.1}),
            ("payment", {"failure_status": 200}),
            ("payment", {"failure_status": 499}),
            ("payment", {"failures": 1}),
            ("paymnt", {"failure_rate": 1}),
        ],
    )
    def test_a_knob_without_an_effect_is_refused(
        self, client: httpx.Client, service: str, knob: dict[str, object]
    ) -> None:
        """GIVEN a knob that cannot do anything WHEN it is turned THEN that is refused."""
        assert client.put(f"/control/{service}", json=knob).status_code == 422
        assert client.get("/control").json() == {"knobs": []}

    def test_knobs_are_turned_off_for_one_service_or_all(self, client: httpx.Client) -> None:
        """GIVEN knobs of three services WHEN one is turned off, and then all THEN they are."""
        for service in ("cart", "payment", "shipping"):
            turn(client, service, failure_rate=1)

        client.delete("/control/cart").raise_for_status()
        assert [knob["service"] for knob in client.get("/control").json()["knobs"]] == ["payment", "shipping"]

        client.delete("/control").raise_for_status()
        assert client.get("/control").json() == {"knobs": []}


class TestCharges:
    def test_they_are_declined(self, client: httpx.Client) -> None:
        """GIVEN a service that declines WHEN a charge is made THEN it is declined, and stays so for its key."""
        turn(client, "payment", decline_rate=1, times=1)

        first, again = charge(client, "key"), charge(client, "key")

        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert (first.json()["status"], first.json()["decline_reason"]) == ("declined", "card_declined")

    def test_each_outcome_comes_as_often_as_it_should(self, client: httpx.Client) -> None:
        """GIVEN rates for both outcomes WHEN many charges are made THEN all three outcomes come."""
        turn(client, "payment", decline_rate=0.3, pending_rate=0.4, seed=1)

        statuses = [charge(client).json()["status"] for _ in range(100)]

        assert 20 <= statuses.count("declined") <= 40
        assert 30 <= statuses.count("processing") <= 50
        assert statuses.count("succeeded") == 100 - statuses.count("declined") - statuses.count("processing")


class TestLostAnswers:
    def test_the_client_sees_a_broken_connection_and_the_effect_happens(self, client: httpx.Client) -> None:
        """GIVEN lost answers WHEN a charge is made THEN the connection closes without an answer, but it is made."""
        turn(client, "payment", lost_answer_rate=1, times=1)

        with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending a response"):
            charge(client, "key")

        (made,) = charges(client, "key")
        assert charge(client, "key").json() == made

    def test_under_load_some_are_lost_and_every_effect_happens(self, client: httpx.Client) -> None:
        """GIVEN half of the answers lost WHEN many clients charge THEN each charge is made once."""
        turn(client, "payment", operation="POST /charges", lost_answer_rate=0.5, seed=1)

        def answered(key: str) -> bool:
            try:
                return charge(client, key).is_success
            except httpx.RemoteProtocolError:
                return False

        keys = [f"key-{number}" for number in range(200)]
        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(answered, keys))

        assert 60 < sum(answers) < 140
        assert [len(charges(client, key)) for key in keys] == [1] * 200


class TestLatency:
    def test_calls_are_delayed_all_at_the_same_time(self, client: httpx.Client) -> None:
        """GIVEN a slow service WHEN twenty clients call it at once THEN none waits for another."""
        turn(client, "cart", latency_seconds=0.2)

        started = time.monotonic()
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: client.get("/cart/carts/5"), range(20)))

        assert all(answer.status_code == 200 for answer in answers)
        assert 0.2 <= time.monotonic() - started < 2

    def test_a_call_is_carried_out_though_the_client_gave_up(self, client: httpx.Client) -> None:
        """GIVEN a service slower than its client's patience WHEN a charge is made THEN it is made all the same."""
        turn(client, "payment", operation="POST /charges", latency_seconds=0.3)

        with pytest.raises(httpx.ReadTimeout):
            client.post(
                "/payment/charges",
                json={"order_id": "o", "customer_id": "5", "amount": 1, "currency": "USD"},
                headers={"Idempotency-Key": "key"},
                timeout=0.05,
            )

        assert charges(client, "key") == []
        wait_until(lambda: len(charges(client, "key")) == 1)

    def test_a_delayed_call_does_not_outlive_a_reset(self, client: httpx.Client) -> None:
        """GIVEN a call that is delayed WHEN everything is reset THEN it is dropped."""
        turn(client, "payment", operation="POST /charges", latency_seconds=0.3)

        with ThreadPoolExecutor() as pool:
            call = pool.submit(charge, client, "key")
            wait_until(lambda: len(client.get("/control/calls").json()["calls"]) == 1)
            client.post("/control/reset")

        assert isinstance(call.exception(), httpx.RemoteProtocolError)
        assert charges(client, "key") == []


class TestCalls:
    def test_calls_are_logged_in_order(self, client: httpx.Client) -> None:
        """GIVEN calls of all kinds WHEN the log is read THEN they are there, as they arrived and as they ended."""
        charge(client, "key")
        client.get("/inventory/products/NONE")
        turn(client, "shipping", lost_answer_rate=1)
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

    def test_calls_are_found_by_service_and_path(self, client: httpx.Client) -> None:
        """GIVEN calls to two services WHEN some are asked for THEN the last of those come, in order."""
        for path in ("/cart/carts/1", "/inventory/products/1", "/inventory/products/2", "/inventory/products/3"):
            client.get(path)

        def found(**query: str | int) -> list[str]:
            return [call["path"] for call in client.get("/control/calls", params=query).json()["calls"]]

        assert found(service="cart") == ["/cart/carts/1"]
        assert found(path_contains="s/1") == ["/cart/carts/1", "/inventory/products/1"]
        assert found(service="inventory", limit=2) == ["/inventory/products/2", "/inventory/products/3"]

    def test_calls_can_be_forgotten(self, client: httpx.Client) -> None:
        """GIVEN a logged call WHEN the log is cleared THEN it is empty."""
        client.get("/cart/carts/1")

        client.delete("/control/calls").raise_for_status()

        assert client.get("/control/calls").json() == {"calls": []}


class TestReset:
    def test_everything_is_as_in_the_beginning(self, client: httpx.Client) -> None:
        """GIVEN a changed state WHEN it is reset THEN all of it is as in the demo."""
        client.put("/inventory/products/1", json={"quantity": 0})
        client.put("/inventory/products/NEW", json={"quantity": 5})
        client.put("/cart/carts/5", json={"status": "Ordered"})
        charge(client, "key")
        turn(client, "cart", failure_rate=1)

        assert client.post("/control/reset").status_code == 204

        assert client.get("/control").json() == {"knobs": []}
        assert client.get("/control/calls").json() == {"calls": []}
        assert client.get("/inventory/products/1").json()["quantity"] == 1_000_000
        assert client.get("/inventory/products/NEW").status_code == 404
        assert client.get("/cart/carts/5").json()["status"] == "Active"
        assert charges(client, "key") == []
        assert charge(client, "key").status_code == 201
