"""Lists: every filter, sort and page, compared with a model in plain Python."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import product
from random import Random
from threading import Event
from types import ModuleType
from typing import Any

import psycopg2.errors
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.domain.lifecycle import STATES
from orders.domain.states import PaymentStatus, ShippingStatus, Status
from orders.postgres.order_list.query import COUNTED
from tests.integration.conftest import Query
from tests.integration.stored import StoredOrder, fail_tasks, store_orders
from tests.integration.world import World
from tests.support import Answer, call, load_function

_MOVE = """
UPDATE orders SET status = %(status)s, payment_status = %(payment)s, shipping_status = %(shipping)s,
    failure_reason = %(reason)s
"""

type Load = Callable[[str], ModuleType]

READER = {"customer": "agent", "scope": "orders:read"}
EIGHT = datetime(2020, 11, 20, 8, tzinfo=UTC)
STATE = {"/".join(state): state for state in STATES}


@pytest.fixture
def listed(query: Query) -> ModuleType:
    """The function that lists orders."""
    return load_function("list_orders")


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.json
    return [order["id"] for order in answer.json["orders"]]


def pages(listed: ModuleType, query: dict[str, str]) -> Iterator[Answer]:
    """Every page of a list, by its cursors."""
    following = query
    for _ in range(1_000):
        answer = call(listed, "GET", "/v1/orders", query=following, **READER)
        yield answer
        if answer.json["next_cursor"] is None:
            return
        following = query | {"cursor": answer.json["next_cursor"]}
    raise AssertionError("the list does not end")


def walk(listed: ModuleType, query: dict[str, str]) -> Counter[str]:
    """How often each order is seen on the pages of a list."""
    return Counter(order for answer in pages(listed, query | {"page_size": "100"}) for order in ids(answer))


FOUR = {
    "first": StoredOrder(
        created_at=EIGHT,
        updated_at=EIGHT + timedelta(hours=9),
        customer="5",
        email="Alice@example.com",
        state=STATE["delivered/paid/delivered"],
        total=300,
        products=("PROD001", "PROD002"),
    ),
    "second": StoredOrder(
        created_at=EIGHT + timedelta(milliseconds=1, microseconds=999),
        updated_at=EIGHT + timedelta(hours=1),
        customer="PROD001",
        email="bob@example.com",
        total=100,
    ),
    "third": StoredOrder(
        created_at=EIGHT + timedelta(days=1),
        updated_at=EIGHT + timedelta(days=2),
        customer="5",
        state=STATE["cancelled/refunded/cancelled"],
        total=200,
        products=("PROD002", "PROD002"),
    ),
    "fourth": StoredOrder(
        created_at=EIGHT + timedelta(days=3),
        updated_at=EIGHT + timedelta(days=3),
        customer="6",
        email="ALICE@example.com",
        state=STATE["shipped/paid/shipped"],
        total=200,
    ),
}


class TestFilters:
    """Four orders, and which of them each filter matches."""

    @pytest.fixture
    def search(self, query: Query, listed: ModuleType) -> Callable[..., str]:
        store_orders(query, list(FOUR.values()))
        names = {order.id: name for name, order in FOUR.items()}

        def search(parameters: dict[str, str], **caller: str) -> str:
            answer = call(listed, "GET", "/v1/orders", query=parameters, **(caller or READER))
            assert answer.json["next_cursor"] is None
            return " ".join(names[order] for order in ids(answer))

        return search

    @pytest.mark.parametrize(
        ("parameters", "names"),
        [
            ({}, "fourth third second first"),
            ({"status": "shipped,delivered"}, "fourth first"),
            ({"payment_status": "paid", "shipping_status": "shipped"}, "fourth"),
            ({"status": "pending", "payment_status": "paid"}, ""),
            ({"customer_id": "5"}, "third first"),
            ({"product_id": "PROD002"}, "third first"),
            ({"product_id": "prod002"}, ""),
            ({"product_id": "PROD002", "status": "delivered"}, "first"),
            ({"created_from": "2020-11-20T08:00:00.001Z"}, "fourth third second"),
            ({"created_from": "2020-11-20T08:00:00.002Z"}, "fourth third"),
            ({"created_to": "2020-11-20T08:00:00.001Z"}, "first"),
            ({"created_to": "2020-11-20T10:00:00.002+02:00"}, "second first"),
            ({"created_from": "2020-11-21", "created_to": "2020-11-23"}, "third"),
            ({"created_from": "1969-12-31"}, "fourth third second first"),
            ({"q": "alice@EXAMPLE.com"}, "fourth first"),
            ({"q": "alice@example"}, ""),
            ({"q": "PROD001"}, "second first"),
            ({"q": "PROD001", "customer_id": "5"}, "first"),
            ({"q": "6"}, "fourth"),
            ({"q": "alice@example.com", "product_id": "PROD001"}, "first"),
            ({"sort_by": "created_at"}, "first second third fourth"),
            ({"sort_by": "-created_at"}, "fourth third second first"),
            ({"sort_order": "asc"}, "first second third fourth"),
            ({"sort_by": "updated_at"}, "second first third fourth"),
            ({"sort_by": "-updated_at"}, "fourth third first second"),
            ({"sort_by": "total"}, "second third fourth first"),
            ({"sort_by": "total", "sort_order": "desc"}, "first fourth third second"),
            ({"sort_by": "total", "product_id": "PROD002"}, "third first"),
            ({"sort_by": "-total", "created_to": "2020-11-22"}, "first third second"),
            ({"sort_by": "total", "status": "shipped,cancelled"}, "third fourth"),
        ],
    )
    def test_given_four_orders_when_listed_then_the_matching_ones_come_in_order(
        self, search: Callable[..., str], parameters: dict[str, str], names: str
    ) -> None:
        assert search(parameters) == names

    def test_given_an_order_id_when_searched_in_either_letter_case_then_it_is_found(
        self, search: Callable[..., str]
    ) -> None:
        assert search({"q": FOUR["second"].id}) == "second"
        assert search({"q": FOUR["second"].id.upper(), "sort_by": "total"}) == "second"

    @pytest.mark.parametrize("sort", ["created_at", "-updated_at", "total"])
    def test_given_the_end_of_an_order_id_when_searched_then_it_is_found(
        self, search: Callable[..., str], sort: str
    ) -> None:
        short = FOUR["first"].id[-8:]
        assert search({"q": short, "sort_by": sort}) == "first"
        assert search({"q": short.upper(), "sort_by": sort, "status": "delivered"}) == "first"
        assert search({"q": short, "sort_by": sort}, customer="5") == "first"
        assert search({"q": short, "sort_by": sort}, customer="6") == ""
        assert search({"q": short[1:], "sort_by": sort}) == ""

    @pytest.mark.parametrize("sort", ["created_at", "-updated_at", "total"])
    def test_given_a_number_or_reference_when_searched_then_its_orders_are_found(
        self, search: Callable[..., str], query: Query, sort: str
    ) -> None:
        numbers = {"first": "100042", "second": "12345678", "third": "100043", "fourth": "100044"}
        references = {"first": "#100044", "second": "WEB-7", "third": "WEB-7", "fourth": None}
        for name, order in FOUR.items():
            query(
                "UPDATE orders SET number = %(number)s, external_reference = %(reference)s WHERE id = %(id)s",
                number=int(numbers[name]),
                reference=references[name],
                id=order.id,
            )
        assert search({"q": "100042", "sort_by": sort}) == "first"
        assert search({"q": "#100042", "sort_by": sort}) == search({"number": "100042"}) == "first"
        assert search({"q": "#12345678", "sort_by": sort}) == "second"
        assert set(search({"q": "#100044", "sort_by": sort}).split()) == {"first", "fourth"}
        assert set(search({"q": "WEB-7", "sort_by": sort}).split()) == {"second", "third"}
        assert search({"external_reference": "WEB-7", "customer_id": "5"}) == "third"
        assert search({"q": "100042", "sort_by": sort}, customer="6") == ""
        assert search({"q": "##100042", "sort_by": sort}) == search({"q": "web-7"}) == ""

    @pytest.mark.parametrize("sort", ["created_at", "-updated_at", "total"])
    def test_given_orders_with_failed_tasks_when_listed_then_they_need_attention(
        self, search: Callable[..., str], listed: ModuleType, query: Query, sort: str
    ) -> None:
        fail_tasks(query, [FOUR["first"], FOUR["third"]])
        needing = {"needs_attention": "true", "sort_by": sort}
        assert search({**needing, "status": "delivered"}) == "first"
        assert search({**needing, "customer_id": "5", "product_id": "PROD001"}) == "first"
        assert search({**needing, "q": "6"}) == ""
        for parameters in ({"sort_by": sort}, {"q": "5", "sort_by": sort}, {**needing, "include_total": "true"}):
            orders = call(listed, "GET", "/v1/orders", query=parameters, **READER).json["orders"]
            told = {order["id"]: order["needs_attention"] for order in orders}
            assert {name for name, order in FOUR.items() if told.get(order.id)} == {"first", "third"}
            own = call(listed, "GET", "/v1/orders", query={"sort_by": sort}).json["orders"]
            assert [order for order in own if "needs_attention" in order] == []

    @pytest.mark.usefixtures("search")
    def test_given_customers_when_they_list_orders_that_need_attention_then_403(self, listed: ModuleType) -> None:
        answer = call(listed, "GET", "/v1/orders", query={"needs_attention": "true"})
        assert (answer.status, answer.json["code"]) == (403, "forbidden")
        assert "orders:read" in answer.json["detail"]
        for value in ("false", "1", ""):
            answer = call(listed, "GET", "/v1/orders", query={"needs_attention": value}, **READER)
            assert (answer.status, answer.json["code"]) == (400, "invalid_parameter")

    @pytest.mark.parametrize("sort", ["created_at", "updated_at", "total"])
    def test_given_a_customer_when_they_search_then_only_their_own_orders_are_found(
        self, search: Callable[..., str], sort: str
    ) -> None:
        assert search({"q": "alice@example.com", "sort_by": sort}, customer="5") == "first"
        assert search({"q": FOUR["second"].id, "sort_by": sort}, customer="5") == ""
        assert search({"product_id": "SKU123", "sort_by": sort}, customer="6") == "fourth"
        assert search({"created_from": "2020-11-21", "sort_by": sort}, customer="5") == "third"

    @pytest.mark.usefixtures("search")
    def test_given_a_filter_when_sent_to_the_other_routes_then_they_filter_too(self) -> None:
        query = {"product_id": "PROD002", "sort_by": "total", "include_total": "true"}
        third_and_first = [FOUR["third"].id, FOUR["first"].id]
        for name, path in (
            ("list_customer_orders", "/v1/customers/5/orders"),
            ("list_customer_orders", "/v1/orders/my-orders/5"),
            ("get_order", "/orders/5"),
        ):
            answer = call(load_function(name), "GET", path, query=query)
            assert ids(answer) == third_and_first
            assert (answer.json["total"], answer.json["total_is_exact"]) == (2, True)


MILLISECONDS = st.integers(0, 4)


@dataclass(frozen=True)
class Wanted:
    """The parameters of a list, and which orders match them."""

    customer: str | None
    statuses: frozenset[Status]
    payment_statuses: frozenset[PaymentStatus]
    shipping_statuses: frozenset[ShippingStatus]
    product: str | None
    created_from: int | None
    created_to: int | None
    text: str | None
    sort: str
    descending: bool
    size: int

    def parameters(self) -> dict[str, str]:
        given = {
            "customer_id": self.customer,
            "status": ",".join(self.statuses),
            "payment_status": ",".join(self.payment_statuses),
            "shipping_status": ",".join(self.shipping_statuses),
            "product_id": self.product,
            "created_from": self._moment(self.created_from),
            "created_to": self._moment(self.created_to),
            "q": self.text,
            "sort_by": self.sort,
            "sort_order": "desc" if self.descending else "asc",
            "page_size": str(self.size),
            "include_total": "true",
        }
        return {name: value for name, value in given.items() if value}

    @property
    def is_search(self) -> bool:
        dated = self.created_from is not None or self.created_to is not None
        return self.product is not None or self.text is not None or (dated and self.sort != "created_at")

    def among(self, orders: list[StoredOrder]) -> list[str]:
        """The ids of the orders that the list has, in its order."""
        keys: dict[str, Callable[[StoredOrder], Any]] = {
            "created_at": lambda order: order.id,
            "updated_at": lambda order: (order.updated_at, order.id),
            "total": lambda order: (order.total, order.id),
        }
        matching = sorted(filter(self._has, orders), key=keys[self.sort], reverse=self.descending)
        return [order.id for order in matching]

    def _has(self, order: StoredOrder) -> bool:
        created = (order.created_at - EIGHT) // timedelta(milliseconds=1)
        names = {order.id, order.customer, *order.products}
        return (
            self.customer in {None, order.customer}
            and order.state.status in (self.statuses or Status)
            and order.state.payment_status in (self.payment_statuses or PaymentStatus)
            and order.state.shipping_status in (self.shipping_statuses or ShippingStatus)
            and (self.product is None or self.product in order.products)
            and (self.created_from is None or created >= self.created_from)
            and (self.created_to is None or created < self.created_to)
            and (self.text is None or self.text in names or self.text.lower() == (order.email or "").lower())
        )

    @staticmethod
    def _moment(milliseconds: int | None) -> str | None:
        return None if milliseconds is None else (EIGHT + timedelta(milliseconds=milliseconds)).isoformat()


def some[Name: Enum](names: type[Name]) -> st.SearchStrategy[frozenset[Name]]:
    """Often none at all, which means any."""
    return st.just(frozenset()) | st.frozensets(st.sampled_from(names), min_size=2)


NAMES = ["1", "2", "PROD001"]
ORDERS = st.lists(
    st.builds(
        StoredOrder,
        created_at=st.builds(
            lambda ms, us: EIGHT + timedelta(milliseconds=ms, microseconds=us), MILLISECONDS, st.integers(0, 999)
        ),
        updated_at=MILLISECONDS.map(lambda ms: EIGHT + timedelta(microseconds=ms)),
        customer=st.sampled_from(NAMES),
        email=st.sampled_from([None, "a@example.com", "A@Example.com", "b@example.com"]),
        state=st.sampled_from(STATES),
        total=st.integers(0, 3),
        products=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map(tuple),
        randomness=st.binary(min_size=10, max_size=10),
    ),
    min_size=5,
    max_size=40,
    unique_by=lambda order: order.id,
)
WANTED = st.builds(
    Wanted,
    customer=st.sampled_from([None, None, *NAMES]),
    statuses=some(Status),
    payment_statuses=some(PaymentStatus),
    shipping_statuses=some(ShippingStatus),
    product=st.sampled_from([None, None, *NAMES]),
    created_from=st.none() | st.integers(0, 1),
    created_to=st.none() | st.integers(2, 5),
    text=st.sampled_from([None, None, None, *NAMES, "A@example.com", "nobody"]),
    sort=st.sampled_from(["created_at", "updated_at", "total"]),
    descending=st.booleans(),
    size=st.integers(1, 7),
)


class TestModel:
    """Whatever is stored and asked for, the pages have it all, once, in order."""

    @given(orders=ORDERS, wanted=WANTED, examined=st.integers(1, 40), counted=st.integers(1, 40))
    @settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_given_any_orders_when_any_list_is_followed_then_it_matches_the_model(
        self,
        listed: ModuleType,
        query: Query,
        orders: list[StoredOrder],
        wanted: Wanted,
        examined: int,
        counted: int,
    ) -> None:
        query("DELETE FROM order_items; DELETE FROM orders")
        store_orders(query, orders)
        expected = wanted.among(orders)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("orders.postgres.order_list.query.EXAMINED", examined)
            patch.setattr("orders.postgres.order_list.query.COUNTED", counted)
            answers = list(pages(listed, wanted.parameters()))
        assert [order for answer in answers for order in ids(answer)] == expected
        assert all(answer.json["count"] <= wanted.size for answer in answers)
        totals = {(answer.json["total"], answer.json["total_is_exact"]) for answer in answers}
        assert len(totals) == 1
        total, is_exact = totals.pop()
        if wanted.is_search:
            assert total == len(expected) if is_exact else total <= min(counted, len(expected))
        else:
            assert (total, is_exact) == (min(counted, len(expected)), len(expected) <= counted)
            assert all(answer.json["count"] == wanted.size for answer in answers[:-1])
            numbers = range(1, len(answers) + 1)
            numbered = [wanted.parameters() | {"page": str(number)} for number in numbers]
            assert [ids(call(listed, "GET", "/v1/orders", query=each, **READER)) for each in numbered] == [
                ids(answer) for answer in answers
            ]


@pytest.mark.usefixtures("services")
class TestCrowd:
    """As many orders as a total counts, while others come in and are cancelled."""

    @pytest.fixture
    def orders(self, query: Query) -> list[str]:
        """The ids of the orders, oldest first."""
        orders = [
            StoredOrder(
                created_at=EIGHT + timedelta(milliseconds=number),
                updated_at=EIGHT + timedelta(milliseconds=number * 7919 % COUNTED),
                products=("SKU123", *self.products(number)),
            )
            for number in range(COUNTED)
        ]
        store_orders(query, orders)
        return [order.id for order in orders]

    @staticmethod
    def products(number: int) -> tuple[str, ...]:
        """Every hundredth order has a product of the even ones and one of the odd ones."""
        if number % 100 == 0:
            return "EVEN", "ODD", "RARE"
        return ("ODD",) if number % 2 else ("EVEN",)

    @pytest.fixture
    def cancelled(self, orders: list[str]) -> Iterator[Callable[[], set[str]]]:
        """Place orders and cancel others in the background, until this is called; return the ids of the cancelled."""
        world = World()
        cancelled: set[str] = set()
        begun, enough = Event(), Event()

        def interfere() -> None:
            for order in Random(1).sample(orders, len(orders)):
                if enough.is_set():
                    return
                world.place(("SKU123", 1))
                world.cancel(order)
                cancelled.add(order)
                begun.set()

        with ThreadPoolExecutor(1) as pool:
            interference = pool.submit(interfere)
            assert begun.wait(timeout=30)

            def end() -> set[str]:
                enough.set()
                interference.result()
                return cancelled

            yield end
            end()

    @pytest.mark.parametrize(
        "parameters",
        [{"sort_by": "created_at"}, {"sort_by": "-created_at"}, {"sort_by": "total"}, {"product_id": "SKU123"}],
    )
    def test_given_orders_that_keep_matching_when_followed_then_each_comes_once(
        self,
        listed: ModuleType,
        orders: list[str],
        cancelled: Callable[[], set[str]],
        parameters: dict[str, str],
    ) -> None:
        seen = walk(listed, parameters)
        assert cancelled()
        assert {seen[order] for order in orders} == {1}

    @pytest.mark.parametrize("sort", ["-created_at", "updated_at"])
    def test_given_orders_that_stop_matching_when_followed_then_the_others_come_once(
        self, listed: ModuleType, orders: list[str], cancelled: Callable[[], set[str]], sort: str
    ) -> None:
        seen = walk(listed, {"status": "pending", "sort_by": sort})
        gone = cancelled()
        assert {seen[order] for order in orders if order not in gone} == {1}
        assert {seen[order] for order in gone} <= {0, 1}

    @pytest.mark.parametrize(("direction", "times"), [("asc", {1, 2}), ("desc", {0, 1})])
    def test_given_updates_when_followed_by_updated_at_then_unchanged_orders_come_once(
        self,
        listed: ModuleType,
        orders: list[str],
        cancelled: Callable[[], set[str]],
        direction: str,
        times: set[int],
    ) -> None:
        seen = walk(listed, {"sort_by": "updated_at", "sort_order": direction})
        changed = cancelled()
        assert {seen[order] for order in orders if order not in changed} == {1}
        assert {seen[order] for order in changed} <= times

    @pytest.mark.parametrize(("sort", "counts"), [("-created_at", [10] * 5 + [0]), ("-total", [5] * 10 + [0])])
    def test_given_a_search_with_few_matches_when_followed_then_short_pages_have_all(
        self, listed: ModuleType, orders: list[str], sort: str, counts: list[int]
    ) -> None:
        answers = list(pages(listed, {"product_id": "EVEN", "q": "ODD", "sort_by": sort, "page_size": "100"}))
        assert [answer.json["count"] for answer in answers] == counts
        assert [order for answer in answers for order in ids(answer)] == orders[::100][::-1]

    @pytest.mark.usefixtures("orders")
    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"status": "pending"},
            {"sort_by": "total"},
            {"product_id": "SKU123"},
            {"q": "SKU123", "customer_id": "5"},
        ],
    )
    def test_given_orders_at_the_count_limit_when_counted_then_exact_only_up_to_it(
        self, listed: ModuleType, query: Query, parameters: dict[str, str]
    ) -> None:
        def total() -> tuple[int, bool]:
            wanted = parameters | {"include_total": "true"}
            answer = call(listed, "GET", "/v1/orders", query=wanted, **READER)
            return answer.json["total"], answer.json["total_is_exact"]

        assert total() == (COUNTED, True)
        store_orders(query, [StoredOrder(created_at=EIGHT)])
        assert total() == (COUNTED, False)

    @pytest.mark.usefixtures("orders")
    def test_given_a_cursor_when_its_page_is_counted_then_the_total_is_the_lists(self, listed: ModuleType) -> None:
        last = list(pages(listed, {"product_id": "RARE", "include_total": "true", "page_size": "30"}))[-1]
        assert (last.json["count"], last.json["total"], last.json["total_is_exact"]) == (20, 50, True)


def test_given_any_statuses_when_stored_then_only_reachable_states_are_accepted(query: Query) -> None:
    store_orders(query, [StoredOrder()])
    taken = set()
    for state in product(Status, PaymentStatus, ShippingStatus):
        reason = "expired" if state[0] is Status.FAILED else None
        with suppress(psycopg2.errors.CheckViolation):
            query(_MOVE, status=state[0], payment=state[1], shipping=state[2], reason=reason)
            taken.add(state)
    assert taken == set(STATES)
