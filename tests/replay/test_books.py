"""The books balance, or each thing that is missing is named."""

from collections import Counter
from collections.abc import Sequence

import pytest

from local.replay import books
from local.replay.books import Shelf
from local.replay.standins import Charge, Reservation, Shipment
from local.replay.stored import StoredOrder
from tests.replay.samples import charge, order, reservation, task

START = {"A": 10, "B": 5}
CANCELLED = order("order-2", "cancelled", "refunded")


def stock(free: dict[str, int], orders: Sequence[StoredOrder], reservations: Sequence[Reservation]) -> list[str]:
    shelves = books.shelves(START, free, orders, reservations)
    return list(books.stock_mismatches(shelves, orders, reservations))


def money(stored: StoredOrder, *charges: Charge) -> list[str]:
    return [phrase.partition(": ")[2] for phrase in books.money_mismatches([stored], charges)]


def test_given_live_and_ended_orders_when_counted_then_only_live_ones_hold_stock() -> None:
    orders = [order(), CANCELLED]
    reservations = [reservation(), reservation("order-2", "released")]
    assert books.shelves(START, {"A": 8, "B": 5}, orders, reservations) == [
        Shelf("A", 10, 8, 2, 0),
        Shelf("B", 5, 5, 0, 0),
    ]
    assert stock({"A": 8, "B": 5}, orders, reservations) == []


def test_given_a_reservation_of_no_order_when_counted_then_it_accounts_for_its_stock_until_it_expires() -> None:
    assert stock({"A": 8, "B": 2}, [order()], [reservation(), reservation("nobody", "held", B=3)]) == []
    assert stock({"A": 8, "B": 5}, [order()], [reservation(), reservation("nobody", "expired", B=3)]) == []


@pytest.mark.parametrize(("free", "missing"), [(7, "+1"), (9, "-1")])
def test_given_stock_that_is_gone_or_too_much_when_counted_then_the_product_is_named(free: int, missing: str) -> None:
    (phrase,) = stock({"A": free, "B": 5}, [order()], [reservation()])
    assert phrase.startswith("product A: of 10 at the start")
    assert phrase.endswith(f"{missing} are missing")


@pytest.mark.parametrize(
    ("stored", "reservations", "phrase"),
    [
        (order(), [], "order order-1 is confirmed and holds nothing, not 2 of A"),
        (order(), [reservation(A=1)], "order order-1 is confirmed and holds 1 of A, not 2 of A"),
        (order(), [reservation(status="expired")], "order order-1 is confirmed and holds nothing, not 2 of A"),
        (order(), [reservation(status="held")], "order order-1 is confirmed, but its reservation will expire"),
        (CANCELLED, [reservation("order-2")], "order order-2 is cancelled and holds 2 of A, not nothing"),
    ],
)
def test_given_an_order_when_it_holds_what_it_should_not_then_it_is_named(
    stored: StoredOrder, reservations: list[Reservation], phrase: str
) -> None:
    assert list(books.stock_mismatches([], [stored], reservations)) == [phrase]


@pytest.mark.parametrize(
    ("stored", "charges"),
    [
        (order(), [charge()]),
        (order(), [charge(), charge(status="declined")]),
        (order(), [charge(), charge("order-9", 1)]),
        (order(status="cancelled"), [charge(refunded=200)]),
        (order(status="returned"), [charge(refunded=200)]),
        (order(status="cancelled", payment_status="voided"), []),
        (order(status="failed", payment_status="failed"), [charge(status="declined")]),
    ],
)
def test_given_an_order_when_its_money_is_where_it_belongs_then_nothing_is_named(
    stored: StoredOrder, charges: list[Charge]
) -> None:
    assert money(stored, *charges) == []


@pytest.mark.parametrize(
    ("stored", "charges", "phrase"),
    [
        (order(), [charge(), charge()], "it was charged 2 times"),
        (order(), [charge(status="declined")], "it was never charged"),
        (order(), [charge(amount=199)], "charged 199 GBP, but its total is 200 GBP"),
        (order(), [charge(refunded=200)], "200 of 200 were refunded, not 0"),
        (order(status="cancelled"), [charge()], "0 of 200 were refunded, not 200"),
        (order(status="returned"), [charge(refunded=100)], "100 of 200 were refunded, not 200"),
    ],
)
def test_given_an_order_when_its_money_is_elsewhere_then_it_is_named(
    stored: StoredOrder, charges: list[Charge], phrase: str
) -> None:
    assert money(stored, *charges) == [phrase]


@pytest.mark.parametrize(
    ("status", "payment_status", "count"),
    [
        ("pending", "processing", 1),
        ("cancelling", "paid", 1),
        ("cancelled", "refunding", 1),
        ("cancelled", "processing", 1),
        ("confirmed", "paid", 0),
        ("returned", "refunded", 0),
    ],
)
def test_given_orders_when_they_cannot_stay_where_they_are_then_they_are_named(
    status: str, payment_status: str, count: int
) -> None:
    assert len(list(books.unsettled([order(status=status, payment_status=payment_status)]))) == count


def test_given_tasks_when_they_are_not_done_then_they_are_named() -> None:
    tasks = [task(), task(state="failed", order_id="order-2"), task(state="pending", order_id="order-3")]
    assert list(books.unfinished(tasks, [])) == [
        "task task of order-2 (charge_payment) of order order-2 is failed: it would not",
        "task task of order-3 (charge_payment) of order order-3 is pending: it would not",
    ]


@pytest.mark.parametrize(("status", "count"), [("dispatched", 0), ("ready", 1)])
def test_given_a_parcel_that_could_not_be_called_back_when_it_has_left_then_the_task_has_failed_rightly(
    status: str, count: int
) -> None:
    tasks = [task("cancel_shipment", "failed")]
    assert len(list(books.unfinished(tasks, [Shipment("order-1", status)]))) == count


def test_given_orders_when_their_states_are_counted_then_failed_ones_say_why() -> None:
    failed = order(status="failed", payment_status="failed", reason="payment_declined")
    assert books.states([order(), order(), failed]) == Counter(
        {"confirmed/paid/ready": 2, "failed/failed/ready (payment_declined)": 1}
    )
