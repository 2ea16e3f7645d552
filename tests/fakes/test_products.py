"""Products and their stock."""

from typing import Any

import httpx
import pytest

from tests.fakes.test_reservations import free


class TestProducts:
    def test_a_demo_product_states_its_stock_and_price(self, client: httpx.Client) -> None:
        """GIVEN the demo state WHEN a product is read THEN it has name, stock and price."""
        response = client.get("/inventory/products/PROD001")

        assert response.status_code == 200
        assert response.json() == {
            "product_id": "PROD001",
            "name": "Wireless Headphones",
            "quantity": 1_000_000,
            "unit_price": "79.99",
            "currency": "USD",
        }

    def test_an_unknown_product_is_a_problem(self, client: httpx.Client) -> None:
        """GIVEN no such product WHEN it is read THEN the answer is a problem document."""
        response = client.get("/inventory/products/NONE")

        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "code": "unknown_product",
            "title": "Unknown product",
            "status": 404,
            "detail": "There is no product 'NONE'.",
        }

    def test_a_product_is_created_and_updated(self, client: httpx.Client) -> None:
        """GIVEN a new product WHEN its stock is set again THEN what is left out stays."""
        made = client.put("/inventory/products/NEW", json={"quantity": 3, "name": "New", "unit_price": 7.1})
        changed = client.put("/inventory/products/NEW", json={"quantity": 9})

        assert (made.status_code, changed.status_code) == (201, 200)
        assert changed.json() == {
            "product_id": "NEW",
            "name": "New",
            "quantity": 9,
            "unit_price": "7.1",
            "currency": "USD",
        }

    def test_a_product_may_have_no_price(self, client: httpx.Client) -> None:
        """GIVEN a product with a price WHEN the price is set to null THEN the service states none."""
        client.put("/inventory/products/NEW", json={"quantity": 3, "unit_price": "7.10", "currency": "EUR"})

        product = client.put(
            "/inventory/products/NEW", json={"quantity": 3, "unit_price": None, "currency": None}
        ).json()

        assert (product["unit_price"], product["currency"]) == (None, None)

    def test_a_product_can_be_written_as_it_was_read(self, client: httpx.Client) -> None:
        """GIVEN a product as read WHEN it is written back with less stock THEN only the stock changes."""
        product = client.get("/inventory/products/1").json() | {"quantity": 7}

        assert client.put("/inventory/products/1", json=product).json() == product
        assert client.get("/inventory/products/1").json() == product

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"quantity": -1}, "validation_error"),
            ({"quantity": "many"}, "validation_error"),
            ({"quantity": 1, "unit_price": "-0.01"}, "validation_error"),
            ({"quantity": 1, "currency": "dollars"}, "validation_error"),
            ({"name": "No quantity"}, "validation_error"),
            ({"quantity": 1, "product_id": "2"}, "product_id_mismatch"),
        ],
    )
    def test_invalid_values_are_refused(self, client: httpx.Client, body: dict[str, Any], code: str) -> None:
        """GIVEN a product WHEN it is set to what makes no sense THEN nothing changes."""
        response = client.put("/inventory/products/1", json=body)

        assert (response.status_code, response.json()["code"]) == (422, code)
        assert free(client, "1") == 1_000_000

    def test_many_are_set_at_once(self, client: httpx.Client) -> None:
        """GIVEN a list of products WHEN it is put THEN all are set."""
        client.put(
            "/inventory/products",
            json={"products": [{"product_id": "1", "quantity": 4}, {"product_id": "NEW", "quantity": 5}]},
        ).raise_for_status()

        assert (free(client, "1"), free(client, "NEW")) == (4, 5)

    def test_many_are_set_or_none(self, client: httpx.Client) -> None:
        """GIVEN a list with a mistake WHEN it is put THEN none is set."""
        response = client.put(
            "/inventory/products",
            json={"products": [{"product_id": "1", "quantity": 4}, {"product_id": "2", "quantity": -5}]},
        )

        assert response.status_code == 422
        assert free(client, "1") == 1_000_000

    def test_they_are_listed_page_by_page(self, client: httpx.Client) -> None:
        """GIVEN the demo products WHEN they are read five at a time THEN each comes once, in order."""
        product_ids: list[str] = []
        while page := client.get(
            "/inventory/products", params={"limit": 5, "after": product_ids[-1] if product_ids else ""}
        ).json()["products"]:
            product_ids += [product["product_id"] for product in page]

        assert product_ids == sorted({"SKU123", "SKU456", "PROD001", "PROD002", *map(str, range(1, 11))})
