"""Reservations over the stock of products."""

from typing import Any

import httpx
import pytest

from tests.support import wait_until

AT_ONCE = 0.000_001
"""Seconds after which a reservation has expired by the time of the next request."""


def lines(**units: int) -> dict[str, Any]:
    return {"lines": [{"product_id": product_id, "quantity": quantity} for product_id, quantity in units.items()]}


def free(client: httpx.Client, product_id: str) -> int:
    quantity: int = client.get(f"/inventory/products/{product_id}").json()["quantity"]
    return quantity


@pytest.fixture
def stock(client: httpx.Client) -> httpx.Client:
    """Ten of A at a price, five of B without one."""
    client.put("/inventory/products/A", json={"quantity": 10, "name": "Anvil", "unit_price": "12.50"})
    client.put("/inventory/products/B", json={"quantity": 5})
    return client


@pytest.fixture
def expired(stock: httpx.Client) -> httpx.Client:
    """A reservation "r" of eight A that has expired, in a service where new ones last."""
    stock.put("/inventory/settings", json={"reservation_seconds": AT_ONCE})
    stock.put("/inventory/reservations/r", json=lines(A=8))
    stock.put("/inventory/settings", json={"reservation_seconds": 900})
    return stock


class TestReserve:
    def test_it_holds_stock_at_the_current_price(self, stock: httpx.Client) -> None:
        """GIVEN stock WHEN it is reserved THEN it is free no more, and each line tells its price."""
        response = stock.put("/inventory/reservations/r", json=lines(A=4, B=5))

        assert response.status_code == 201
        reservation = response.json()
        assert reservation.pop("expires_at") is not None
        assert reservation == {
            "reservation_id": "r",
            "status": "held",
            "lines": [
                {"product_id": "A", "quantity": 4, "unit_price": "12.50", "currency": "USD"},
                {"product_id": "B", "quantity": 5, "unit_price": None, "currency": None},
            ],
        }
        assert (free(stock, "A"), free(stock, "B")) == (6, 0)

    def test_a_repeated_request_is_the_same_reservation(self, stock: httpx.Client) -> None:
        """GIVEN a reservation WHEN it is put again, in any order of lines THEN nothing more is held."""
        first = stock.put("/inventory/reservations/r", json=lines(A=4, B=1))
        again = stock.put("/inventory/reservations/r", json=lines(B=1, A=4))

        assert again.status_code == 200
        assert again.json() == first.json() == stock.get("/inventory/reservations/r").json()
        assert free(stock, "A") == 6

    def test_lines_of_a_product_add_up(self, stock: httpx.Client) -> None:
        """GIVEN ten of a product WHEN two lines want six each THEN it is short."""
        twice = {"lines": [{"product_id": "A", "quantity": 6}, {"product_id": "A", "quantity": 6}]}

        response = stock.put("/inventory/reservations/r", json=twice)

        assert response.json()["shortages"] == [{"product_id": "A", "requested": 12, "available": 10}]

    def test_other_lines_under_the_same_id_are_refused(self, stock: httpx.Client) -> None:
        """GIVEN a reservation WHEN its id comes with other lines THEN nothing changes."""
        stock.put("/inventory/reservations/r", json=lines(A=4))

        response = stock.put("/inventory/reservations/r", json=lines(A=5))

        assert (response.status_code, response.json()["code"]) == (409, "reservation_mismatch")
        assert free(stock, "A") == 6

    def test_every_short_product_is_named_and_nothing_is_held(self, stock: httpx.Client) -> None:
        """GIVEN too little of two of three products WHEN all are wanted THEN both are named and nothing is held."""
        response = stock.put("/inventory/reservations/r", json=lines(A=11, B=6, PROD001=1))

        assert (response.status_code, response.json()["code"]) == (409, "insufficient_stock")
        assert response.json()["shortages"] == [
            {"product_id": "A", "requested": 11, "available": 10},
            {"product_id": "B", "requested": 6, "available": 5},
        ]
        assert free(stock, "PROD001") == 1_000_000
        assert stock.get("/inventory/reservations/r").status_code == 404

    def test_every_unknown_product_is_named_and_nothing_is_held(self, stock: httpx.Client) -> None:
        """GIVEN two unknown products WHEN they are wanted with a known one THEN both are named and nothing is held."""
        response = stock.put("/inventory/reservations/r", json=lines(A=1, X=1, Y=1))

        assert (response.status_code, response.json()["code"]) == (422, "unknown_product")
        assert response.json()["product_ids"] == ["X", "Y"]
        assert free(stock, "A") == 10

    def test_no_lines_are_refused(self, stock: httpx.Client) -> None:
        """GIVEN stock WHEN nothing is wanted THEN that is an error."""
        assert stock.put("/inventory/reservations/r", json=lines()).json()["code"] == "validation_error"

    def test_a_released_id_cannot_hold_stock_again(self, stock: httpx.Client) -> None:
        """GIVEN a released reservation WHEN it is put again THEN it is refused."""
        stock.put("/inventory/reservations/r", json=lines(A=4))
        stock.delete("/inventory/reservations/r")

        response = stock.put("/inventory/reservations/r", json=lines(A=4))

        assert (response.status_code, response.json()["code"]) == (409, "reservation_released")
        assert free(stock, "A") == 10

    def test_a_release_before_its_reservation_prevents_it(self, stock: httpx.Client) -> None:
        """GIVEN a release of an unknown id WHEN its reservation comes late THEN it holds nothing."""
        assert stock.delete("/inventory/reservations/r").status_code == 204

        response = stock.put("/inventory/reservations/r", json=lines(A=4))

        assert (response.status_code, response.json()["code"]) == (409, "reservation_released")
        assert free(stock, "A") == 10


class TestCommitAndRelease:
    def test_a_committed_reservation_is_kept(self, stock: httpx.Client) -> None:
        """GIVEN a reservation WHEN it is committed twice THEN it stays and expires no more."""
        stock.put("/inventory/reservations/r", json=lines(A=4))

        answers = [stock.post("/inventory/reservations/r/commit") for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert (answers[1].json()["status"], answers[1].json()["expires_at"]) == ("committed", None)
        assert free(stock, "A") == 6

    @pytest.mark.parametrize("committed", [False, True])
    def test_release_returns_stock_once(self, stock: httpx.Client, *, committed: bool) -> None:
        """GIVEN a held or committed reservation WHEN it is released twice THEN its stock is back once."""
        stock.put("/inventory/reservations/r", json=lines(A=4))
        if committed:
            stock.post("/inventory/reservations/r/commit")

        answers = [stock.delete("/inventory/reservations/r") for _ in range(2)]

        assert [answer.status_code for answer in answers] == [204, 204]
        assert stock.get("/inventory/reservations/r").json()["status"] == "released"
        assert free(stock, "A") == 10

    def test_a_released_reservation_cannot_be_committed(self, stock: httpx.Client) -> None:
        """GIVEN a released reservation WHEN it is committed THEN that is refused."""
        stock.put("/inventory/reservations/r", json=lines(A=4))
        stock.delete("/inventory/reservations/r")

        response = stock.post("/inventory/reservations/r/commit")

        assert (response.status_code, response.json()["code"]) == (409, "reservation_released")

    def test_an_unknown_reservation_cannot_be_committed(self, stock: httpx.Client) -> None:
        """GIVEN no reservation WHEN it is committed THEN it is unknown."""
        response = stock.post("/inventory/reservations/r/commit")

        assert (response.status_code, response.json()["code"]) == (404, "unknown_reservation")


class TestExpiry:
    def test_expiry_returns_the_stock(self, expired: httpx.Client) -> None:
        """GIVEN an expired reservation WHEN it and its product are read THEN both say so."""
        assert expired.get("/inventory/reservations/r").json()["status"] == "expired"
        assert free(expired, "A") == 10

    def test_expiry_comes_before_setting_stock(self, stock: httpx.Client) -> None:
        """GIVEN a reservation whose time is over WHEN stock is set THEN nothing is added to it later."""
        stock.put("/inventory/settings", json={"reservation_seconds": AT_ONCE})
        stock.put("/inventory/reservations/r", json=lines(A=8))

        stock.put("/inventory/products/A", json={"quantity": 3})

        assert free(stock, "A") == 3

    def test_an_expired_reservation_can_be_made_again(self, expired: httpx.Client) -> None:
        """GIVEN an expired reservation and its stock WHEN it is put again THEN it is held, at the price of now."""
        expired.put("/inventory/products/A", json={"quantity": 10, "unit_price": "13.00"})

        response = expired.put("/inventory/reservations/r", json=lines(A=8))

        assert (response.status_code, response.json()["status"]) == (200, "held")
        assert response.json()["lines"][0]["unit_price"] == "13.00"
        assert free(expired, "A") == 2

    def test_an_expired_reservation_is_committed_if_its_stock_is_there(self, expired: httpx.Client) -> None:
        """GIVEN an expired reservation and its stock WHEN it is committed THEN it takes the stock again."""
        assert expired.post("/inventory/reservations/r/commit").json()["status"] == "committed"
        assert free(expired, "A") == 2

    @pytest.mark.parametrize("method", ["PUT", "POST"])
    def test_an_expired_reservation_without_stock_is_short(self, expired: httpx.Client, method: str) -> None:
        """GIVEN an expired reservation whose stock was sold WHEN it is put or committed THEN it is short."""
        expired.put("/inventory/reservations/other", json=lines(A=8))

        response = (
            expired.put("/inventory/reservations/r", json=lines(A=8))
            if method == "PUT"
            else expired.post("/inventory/reservations/r/commit")
        )

        assert (response.status_code, response.json()["code"]) == (409, "insufficient_stock")
        assert response.json()["shortages"] == [{"product_id": "A", "requested": 8, "available": 2}]

    def test_releasing_an_expired_reservation_does_not_return_stock_again(self, expired: httpx.Client) -> None:
        """GIVEN an expired reservation WHEN it is released THEN the stock stays as it is."""
        expired.delete("/inventory/reservations/r")

        assert free(expired, "A") == 10

    def test_a_committed_reservation_does_not_expire(self, stock: httpx.Client) -> None:
        """GIVEN a committed reservation beside one that expires WHEN that has expired THEN the committed one stays."""
        stock.put("/inventory/settings", json={"reservation_seconds": 0.2})
        stock.put("/inventory/reservations/kept", json=lines(A=4))
        stock.post("/inventory/reservations/kept/commit").raise_for_status()
        stock.put("/inventory/reservations/lost", json=lines(A=4))

        wait_until(lambda: stock.get("/inventory/reservations/lost").json()["status"] == "expired")

        assert stock.get("/inventory/reservations/kept").json()["status"] == "committed"
        assert free(stock, "A") == 6
