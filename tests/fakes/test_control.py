"""The faults: each does what it says, to the calls it is for, and no longer than it should."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.fakes.faults import charge, charges, set_fault
from tests.support import wait_until


class TestFailures:
    def test_a_failed_call_has_no_effect(self, client: httpx.Client) -> None:
        """GIVEN a failing service WHEN it is called THEN the answer is a problem and nothing has happened."""
        set_fault(client, "payment", failure_rate=1)

        response = charge(client, "key")
        client.delete("/control/payment")

        assert (response.status_code, response.json()["code"]) == (503, "service_unavailable")
        assert response.headers["content-type"] == "application/problem+json"
        assert charges(client, "key") == []

    def test_a_failure_has_the_configured_status(self, client: httpx.Client) -> None:
        """GIVEN a service that fails with 429 WHEN it is called THEN the answer says so."""
        set_fault(client, "cart", failure_rate=1, failure_status=429)

        response = client.get("/cart/carts/5")

        assert (response.status_code, response.json()["code"]) == (429, "too_many_requests")

    def test_other_services_are_not_affected(self, client: httpx.Client) -> None:
        """GIVEN a failing service WHEN another is called THEN it works."""
        set_fault(client, "payment", failure_rate=1)

        assert client.get("/inventory/products/1").status_code == 200

    def test_a_share_of_the_calls_fails_and_is_repeatable_by_seed(self, client: httpx.Client) -> None:
        """GIVEN half of the calls fail WHEN a seed is set twice THEN the same calls fail, and about half."""

        def series(seed: int) -> list[int]:
            set_fault(client, "cart", failure_rate=0.5, seed=seed)
            return [client.get("/cart/carts/5").status_code for _ in range(100)]

        assert series(1) == series(1) != series(2)
        assert 30 < series(1).count(503) < 70

    def test_times_limits_the_failed_calls(self, client: httpx.Client) -> None:
        """GIVEN a fault for two calls WHEN there are four THEN two fail and the fault is gone."""
        set_fault(client, "cart", failure_rate=1, times=2)

        assert [client.get("/cart/carts/5").status_code for _ in range(2)] == [503, 503]
        assert [client.get("/cart/carts/5").status_code for _ in range(2)] == [200, 200]
        assert client.get("/control").json() == {"faults": []}


class TestOperations:
    def test_a_fault_acts_on_its_operation_only(self, client: httpx.Client) -> None:
        """GIVEN a fault for one operation WHEN others are called THEN they work."""
        set_fault(client, "inventory", operation="PUT /products/{id}", failure_rate=1)

        assert client.put("/inventory/products/1", json={"quantity": 1}).status_code == 503
        assert client.get("/inventory/products/1").status_code == 200
        assert client.put("/inventory/products", json={"products": []}).status_code == 200

    def test_an_operations_fault_takes_precedence_over_its_services(self, client: httpx.Client) -> None:
        """GIVEN a fault for a service and one for an operation WHEN the operation is called THEN its own acts."""
        set_fault(client, "inventory", operation="POST /reservations/{id}/commit", failure_rate=1, failure_status=500)
        set_fault(client, "inventory", failure_rate=1, failure_status=429)

        assert client.post("/inventory/reservations/r/commit").status_code == 500
        assert client.get("/inventory/products/1").status_code == 429

    def test_setting_a_fault_again_replaces_it(self, client: httpx.Client) -> None:
        """GIVEN a fault WHEN it is set again THEN there is one, with the new settings."""
        set_fault(client, "cart", failure_rate=1)
        set_fault(client, "cart", latency_seconds=0.001, times=7)

        assert client.get("/cart/carts/5").status_code == 200
        assert client.get("/control").json() == {
            "faults": [
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
        ("service", "fault"),
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
    def test_a_fault_without_an_effect_is_refused(
        self, client: httpx.Client, service: str, fault: dict[str, object]
    ) -> None:
        """GIVEN a fault that cannot do anything WHEN it is set THEN that is refused."""
        assert client.put(f"/control/{service}", json=fault).status_code == 422
        assert client.get("/control").json() == {"faults": []}

    def test_faults_are_cleared_for_one_service_or_all(self, client: httpx.Client) -> None:
        """GIVEN faults of three services WHEN one of them is cleared, and then all THEN they are gone."""
        for service in ("cart", "payment", "shipping"):
            set_fault(client, service, failure_rate=1)

        client.delete("/control/cart").raise_for_status()
        assert [fault["service"] for fault in client.get("/control").json()["faults"]] == ["payment", "shipping"]

        client.delete("/control").raise_for_status()
        assert client.get("/control").json() == {"faults": []}


class TestCharges:
    def test_they_are_declined(self, client: httpx.Client) -> None:
        """GIVEN a service that declines WHEN a charge is made THEN it is declined, and stays so for its key."""
        set_fault(client, "payment", decline_rate=1, times=1)

        first, again = charge(client, "key"), charge(client, "key")

        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert (first.json()["status"], first.json()["decline_reason"]) == ("declined", "card_declined")

    def test_each_outcome_has_its_configured_rate(self, client: httpx.Client) -> None:
        """GIVEN rates for both outcomes WHEN many charges are made THEN all three outcomes come."""
        set_fault(client, "payment", decline_rate=0.3, pending_rate=0.4, seed=1)

        statuses = [charge(client).json()["status"] for _ in range(100)]

        assert 20 <= statuses.count("declined") <= 40
        assert 30 <= statuses.count("processing") <= 50
        assert statuses.count("succeeded") == 100 - statuses.count("declined") - statuses.count("processing")


class TestLostAnswers:
    def test_the_client_sees_a_broken_connection_and_the_effect_happens(self, client: httpx.Client) -> None:
        """GIVEN lost answers WHEN a charge is made THEN the connection closes without an answer, but it is made."""
        set_fault(client, "payment", lost_answer_rate=1, times=1)

        with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending a response"):
            charge(client, "key")

        (made,) = charges(client, "key")
        assert charge(client, "key").json() == made

    def test_under_load_some_answers_are_lost_and_every_effect_happens(self, client: httpx.Client) -> None:
        """GIVEN half of the answers lost WHEN many clients charge THEN each charge is made once."""
        set_fault(client, "payment", operation="POST /charges", lost_answer_rate=0.5, seed=1)

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
    def test_calls_are_delayed_concurrently(self, client: httpx.Client) -> None:
        """GIVEN a slow service WHEN twenty clients call it at once THEN none waits for another."""
        set_fault(client, "cart", latency_seconds=0.2)

        started = time.monotonic()
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: client.get("/cart/carts/5"), range(20)))

        assert all(answer.status_code == 200 for answer in answers)
        assert 0.2 <= time.monotonic() - started < 2

    def test_a_call_takes_effect_though_the_client_gave_up(self, client: httpx.Client) -> None:
        """GIVEN a service slower than its client's patience WHEN a charge is made THEN it is made all the same."""
        set_fault(client, "payment", operation="POST /charges", latency_seconds=0.3)

        with pytest.raises(httpx.ReadTimeout):
            client.post(
                "/payment/charges",
                json={"reference": "o", "customer_id": "5", "amount": 1, "currency": "USD"},
                headers={"Idempotency-Key": "key"},
                timeout=0.05,
            )

        assert charges(client, "key") == []
        wait_until(lambda: len(charges(client, "key")) == 1)

    def test_a_delayed_call_does_not_outlive_a_reset(self, client: httpx.Client) -> None:
        """GIVEN a call that is delayed WHEN everything is reset THEN it is dropped."""
        set_fault(client, "payment", operation="POST /charges", latency_seconds=2)

        with ThreadPoolExecutor() as pool:
            call = pool.submit(charge, client, "key")
            wait_until(lambda: len(client.get("/control/calls").json()["calls"]) == 1)
            client.post("/control/reset?force=true")

        assert isinstance(call.exception(), httpx.RemoteProtocolError)
        assert charges(client, "key") == []
