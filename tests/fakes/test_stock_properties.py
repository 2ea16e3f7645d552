"""Stock is conserved, whatever calls the inventory gets."""

from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

PRODUCTS = ("a", "b")
STOCK = 10

type Units = dict[str, int]


@dataclass
class Expected:
    """What the inventory should answer and hold."""

    held: dict[str, Units] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)

    def free(self, product: str) -> int:
        return STOCK - sum(units.get(product, 0) for units in self.held.values())

    def reserve(self, name: str, units: Units) -> int:
        if name in self.held:
            return 200 if self.held[name] == units else 409
        if name in self.released or any(self.free(product) < quantity for product, quantity in units.items()):
            return 409
        self.held[name] = units
        return 201

    def commit(self, name: str) -> int:
        if name in self.released:
            return 409
        return 200 if name in self.held else 404

    def release(self, name: str) -> int:
        self.held.pop(name, None)
        self.released.add(name)
        return 204


@settings(max_examples=40)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["reserve", "reserve", "commit", "release"]),
            st.sampled_from(["r1", "r2", "r3"]),
            st.dictionaries(st.sampled_from(PRODUCTS), st.integers(1, STOCK), min_size=1),
        ),
        max_size=20,
    )
)
def test_given_any_calls_when_made_then_free_and_held_stock_add_up(
    session_client: httpx.Client, steps: list[tuple[str, str, Units]]
) -> None:
    """GIVEN ten of two products WHEN reservations are made, committed and released in any order THEN sums are right."""
    world = uuid4().hex
    expected = Expected()
    products = [{"product_id": f"{world}-{product}", "quantity": STOCK} for product in PRODUCTS]
    session_client.put("/inventory/products", json={"products": products})

    for action, name, units in steps:
        url = f"/inventory/reservations/{world}-{name}"
        match action:
            case "reserve":
                lines = [{"product_id": f"{world}-{product}", "quantity": units[product]} for product in units]
                assert session_client.put(url, json={"lines": lines}).status_code == expected.reserve(name, units)
            case "commit":
                assert session_client.post(f"{url}/commit").status_code == expected.commit(name)
            case _:
                assert session_client.delete(url).status_code == expected.release(name)
        for product in PRODUCTS:
            quantity = session_client.get(f"/inventory/products/{world}-{product}").json()["quantity"]
            assert quantity == expected.free(product)
