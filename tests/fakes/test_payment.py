"""Charges, refunds and settlements."""

from typing import Any

import httpx
import pytest

from tests.fakes.addresses import ADDRESS

CHARGE = {
    "reference": "order-1",
    "customer_id": "5",
    "amount": 15998,
    "currency": "USD",
    "payment_method": "pm_card_visa",
    "billing_address": ADDRESS,
}

NONSENSE: list[tuple[str, Any]] = [
    *(("amount", amount) for amount in (-1, 159.98, "1", True, None, 2**63)),
    *(("currency", currency) for currency in ("usd", "US", "", None)),
    *(("reference", reference) for reference in ("", 1, None)),
    *(("customer_id", customer) for customer in ("", 5, None)),
    *(("payment_method", method) for method in ("", " ", "x" * 256, 1, None)),
    ("billing_address", "27 Elm Street"),
    ("billing_address", {}),
    ("billing_address", None),
    ("shipping_address", ADDRESS),
    ("card_number", "4242424242424242"),
]


def charge(client: httpx.Client, key: str = "key", **changes: Any) -> httpx.Response:
    return client.post("/payment/charges", json=CHARGE | changes, headers={"Idempotency-Key": key})


def refund(client: httpx.Client, charge_id: str, amount: int, key: str = "key") -> httpx.Response:
    return client.post(
        f"/payment/charges/{charge_id}/refunds", json={"amount": amount}, headers={"Idempotency-Key": key}
    )


@pytest.fixture
def charge_id(client: httpx.Client) -> str:
    """A charge that has succeeded."""
    identifier: str = charge(client).json()["id"]
    return identifier


@pytest.fixture
def processing_id(client: httpx.Client) -> str:
    """A charge that is processing."""
    client.put("/control/payment", json={"pending_rate": 1, "times": 1})
    identifier: str = charge(client).json()["id"]
    return identifier


class TestCharge:
    def test_a_charge_succeeds(self, client: httpx.Client) -> None:
        """GIVEN an order WHEN it is charged THEN the money is taken."""
        response = charge(client)

        assert response.status_code == 201
        created = response.json()
        assert created["id"].startswith("ch_")
        assert created == {
            "id": created["id"],
            "status": "succeeded",
            "order_id": "order-1",
            "amount": 15998,
            "currency": "USD",
            "payment_method": "pm_card_visa",
            "billing_address": ADDRESS,
            "refunded_amount": 0,
            "decline_reason": None,
        }
        assert client.get(f"/payment/charges/{created['id']}").json() == created

    def test_the_same_key_is_the_same_charge(self, client: httpx.Client) -> None:
        """GIVEN a charge WHEN the same request comes again THEN no money is taken."""
        first, again = charge(client), charge(client)

        assert again.status_code == 200
        assert again.json() == first.json()
        assert client.get("/payment/charges").json()["charges"] == [first.json()]

    def test_the_same_key_for_another_request_is_refused(self, client: httpx.Client) -> None:
        """GIVEN a charge WHEN its key comes with another amount THEN no money is taken."""
        charge(client)

        response = charge(client, amount=1)

        assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
        assert len(client.get("/payment/charges").json()["charges"]) == 1

    def test_a_key_is_required(self, client: httpx.Client) -> None:
        """GIVEN an order WHEN it is charged without a key THEN no money is taken."""
        response = client.post("/payment/charges", json=CHARGE)

        assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing")
        assert client.get("/payment/charges").json() == {"charges": []}

    def test_a_plain_charge_has_neither_method_nor_address(self, client: httpx.Client) -> None:
        """GIVEN an order without payment method and address WHEN it is charged THEN the charge has none."""
        plain = {"reference": "order-1", "customer_id": "5", "amount": 0, "currency": "USD"}

        created = client.post("/payment/charges", json=plain, headers={"Idempotency-Key": "key"}).json()

        assert (created["payment_method"], created["billing_address"]) == (None, None)
        assert client.get("/payment/charges", params={"reference": "order-1"}).json() == {"charges": [created]}

    @pytest.mark.parametrize(("field", "value"), NONSENSE)
    def test_a_field_that_makes_no_sense_is_refused(self, client: httpx.Client, field: str, value: Any) -> None:
        """GIVEN an order WHEN its charge has a wrong field THEN the field is named and no money is taken."""
        response = charge(client, **{field: value})

        assert (response.status_code, response.json()["code"]) == (422, "validation_error")
        assert all(field in [*error["loc"], *error["msg"].split()] for error in response.json()["errors"])
        assert client.get("/payment/charges").json() == {"charges": []}

    @pytest.mark.parametrize("field", ["reference", "customer_id", "amount", "currency"])
    def test_a_missing_field_is_refused(self, client: httpx.Client, field: str) -> None:
        """GIVEN an order WHEN a required field of its charge is missing THEN no money is taken."""
        body = {name: value for name, value in CHARGE.items() if name != field}

        response = client.post("/payment/charges", json=body, headers={"Idempotency-Key": "key"})

        assert [error["loc"] for error in response.json()["errors"]] == [["body", field]]

    def test_charges_are_filtered_by_order_and_key(self, client: httpx.Client) -> None:
        """GIVEN charges of two orders WHEN they are looked for THEN those of the order or key are found."""
        first = charge(client, "one").json()
        second = charge(client, "two", reference="order-2").json()

        def listed(**query: str) -> list[object]:
            charges: list[object] = client.get("/payment/charges", params=query).json()["charges"]
            return charges

        assert listed() == [first, second]
        assert listed(order_id="order-2") == [second]
        assert listed(idempotency_key="one") == [first]
        assert listed(idempotency_key="three") == []

    def test_an_unknown_charge(self, client: httpx.Client) -> None:
        """GIVEN no charge WHEN it is read THEN it is unknown."""
        response = client.get("/payment/charges/ch_0")

        assert (response.status_code, response.json()["code"]) == (404, "unknown_charge")


class TestRefund:
    def test_refunds_are_limited_to_the_charge(self, client: httpx.Client, charge_id: str) -> None:
        """GIVEN a charge WHEN it is refunded in two parts and once more THEN the last is refused."""
        answers = [refund(client, charge_id, amount, f"key-{amount}") for amount in (10_000, 5_998, 1)]

        assert [answer.status_code for answer in answers] == [201, 201, 409]
        assert answers[0].json()["id"].startswith("re_")
        assert answers[0].json() == {
            "id": answers[0].json()["id"],
            "status": "succeeded",
            "charge_id": charge_id,
            "amount": 10_000,
            "currency": "USD",
        }
        assert answers[2].json()["code"] == "refund_exceeds_charge"
        assert client.get(f"/payment/charges/{charge_id}").json()["refunded_amount"] == 15_998

    @pytest.mark.parametrize("body", [{}, {"amount": -1}, {"amount": "1"}, {"amount": 1, "currency": "USD"}])
    def test_a_refund_that_makes_no_sense_is_refused(
        self, client: httpx.Client, charge_id: str, body: dict[str, object]
    ) -> None:
        """GIVEN a charge WHEN its refund has a wrong field THEN no money is given back."""
        url = f"/payment/charges/{charge_id}"

        response = client.post(f"{url}/refunds", json=body, headers={"Idempotency-Key": "key"})

        assert (response.status_code, response.json()["code"]) == (422, "validation_error")
        assert client.get(url).json()["refunded_amount"] == 0

    def test_the_same_key_is_the_same_refund(self, client: httpx.Client, charge_id: str) -> None:
        """GIVEN a whole refund WHEN the same request comes again THEN it is the same refund."""
        first, again = refund(client, charge_id, 15_998), refund(client, charge_id, 15_998)

        assert (again.status_code, again.json()) == (200, first.json())
        assert client.get(f"/payment/charges/{charge_id}").json()["refunded_amount"] == 15_998

    def test_the_same_key_for_another_charge_is_refused(self, client: httpx.Client, charge_id: str) -> None:
        """GIVEN a refund WHEN its key comes for another charge THEN no money is given back."""
        other_id = charge(client, "other").json()["id"]
        refund(client, charge_id, 1)

        response = refund(client, other_id, 1)

        assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
        assert client.get(f"/payment/charges/{other_id}").json()["refunded_amount"] == 0

    def test_a_charge_that_did_not_succeed_is_not_refunded(self, client: httpx.Client, processing_id: str) -> None:
        """GIVEN a charge that is processing WHEN it is refunded THEN that is refused."""
        response = refund(client, processing_id, 1)

        assert (response.status_code, response.json()["code"]) == (409, "refund_exceeds_charge")

    def test_an_unknown_charge(self, client: httpx.Client) -> None:
        """GIVEN no charge WHEN it is refunded THEN it is unknown."""
        assert refund(client, "ch_0", 1).json()["code"] == "unknown_charge"


class TestSettle:
    @pytest.mark.parametrize(("status", "reason"), [("succeeded", None), ("declined", "card_declined")])
    def test_a_processing_charge_is_settled(
        self, client: httpx.Client, processing_id: str, status: str, reason: str | None
    ) -> None:
        """GIVEN a charge that is processing WHEN it is settled twice THEN it has ended, and its key says so too."""
        for _ in range(2):
            settled = client.post(f"/payment/charges/{processing_id}/settle", json={"status": status})
            assert settled.status_code == 200

        assert (settled.json()["status"], settled.json()["decline_reason"]) == (status, reason)
        assert charge(client).json() == settled.json()

    def test_a_settled_charge_does_not_change(self, client: httpx.Client, charge_id: str) -> None:
        """GIVEN a charge that has succeeded WHEN it is settled as declined THEN that is refused."""
        response = client.post(f"/payment/charges/{charge_id}/settle", json={"status": "declined"})

        assert (response.status_code, response.json()["code"]) == (409, "charge_settled")
        assert client.get(f"/payment/charges/{charge_id}").json()["status"] == "succeeded"
