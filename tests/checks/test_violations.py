"""Consistent records have no violations; every inconsistency is reported."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from checks.evidence import Adjustment, Count, Directions, Evidence, Fate, Hold, Order, Request
from checks.stock import Shelf, shelves
from checks.violations import violations
from fakes.cart import Cart
from orders.domain.lifecycle import Event
from orders.domain.states import PLACED
from tests.checks.samples import (
    ADDRESS,
    CANCELLED,
    DIRECTIONS,
    EMAIL,
    NOON,
    PAID,
    cancelled,
    charge,
    notifications,
    order,
    shipment,
    well,
)

WELL = well()
ENDED = cancelled()
ORDER = WELL.orders[0]
TOLD = WELL.notifications
HELD = WELL.holds[0]
SECOND = timedelta(seconds=1)
FROM_CART = replace(WELL, orders=[order(cart_version="v1")])
DECLINED = order("order-1", Event.PAYMENT_STARTED, Event.PAYMENT_DECLINED)
OVER = replace(
    WELL,
    orders=[DECLINED],
    notifications=notifications(DECLINED),
    charges=[charge(status="declined")],
    shipments=[],
    holds=[],
    free={"A": 10, "B": 5},
)
ERASED = replace(DECLINED, directions=Directions(), is_erased=True)


def phrases(evidence: Evidence) -> list[str]:
    """The violations, without the order's name."""
    return [each.partition(") ")[2] if each.startswith("order order-") else each for each in violations(evidence)]


def with_task(evidence: Evidence, kind: str, state: str) -> Evidence:
    """The evidence with a task in another state, with an error."""
    (stored,) = evidence.orders
    tasks = (replace(task, state=state, error="why") if task.kind == kind else task for task in stored.tasks)
    return replace(evidence, orders=[replace(stored, tasks=tuple(tasks))])


def at(*events: Event) -> Evidence:
    """The sample order after other events, with their notifications."""
    stored = order("order-1", *events)
    return replace(WELL, orders=[stored], notifications=notifications(stored))


def cart(status: str, version: str = "v1") -> Cart:
    fields = {"customer_id": "17850", "version": version, "status": status, "currency": "GBP", "items": ()}
    return Cart.model_validate({**fields, "customer_name": None, "customer_email": None})


@pytest.mark.parametrize(
    "evidence",
    [
        WELL,
        ENDED,
        at(*PAID, Event.SHIPMENT_SHIPPED),
        replace(at(*PAID, Event.SHIPMENT_SHIPPED), shipments=[shipment(status="dispatched")], parcels_are_tracked=True),
        replace(
            at(*PAID, Event.SHIPMENT_SHIPPED, Event.RETURNED, Event.PAYMENT_REFUNDED),
            shipments=[shipment(status="dispatched")],
            charges=[charge(refunded=200)],
            holds=[],
            free={"A": 10, "B": 5},
        ),
        OVER,
        replace(at(Event.PAYMENT_STARTED), charges=[charge(status="processing")], shipments=[]),
        replace(FROM_CART, carts={"17850": cart("Ordered")}),
        replace(FROM_CART, carts={"17850": cart("Active", "v2")}),
        replace(WELL, counts=[Count("confirmed/paid/ready", 1, 1)]),
        replace(WELL, free={"A": 8, "B": 2}, holds=[HELD, Hold("nobody", "B", 3, "held")]),
        replace(with_task(ENDED, "cancel_shipment", "failed"), shipments=[shipment(status="dispatched")]),
    ],
)
def test_given_consistent_records_when_checked_then_there_are_no_violations(evidence: Evidence) -> None:
    assert violations(evidence) == []


@pytest.mark.parametrize(
    ("evidence", "phrase"),
    [
        (replace(WELL, holds=[]), "holds nothing, not 2 of A"),
        (replace(WELL, holds=[replace(HELD, quantity=1)]), "holds 1 of A, not 2 of A"),
        (replace(WELL, holds=[replace(HELD, status="held")]), "is paid, but what it holds will expire"),
        (replace(WELL, holds=[replace(HELD, status="changing")]), "is paid, but what it holds will expire"),
        (replace(ENDED, holds=[HELD]), "holds 2 of A, not nothing"),
    ],
)
def test_given_an_orders_stock_when_it_is_wrong_then_it_is_reported(evidence: Evidence, phrase: str) -> None:
    assert phrase in phrases(evidence)


@pytest.mark.parametrize(("free", "missing"), [(7, "+1"), (9, "-1")])
def test_given_stock_when_it_does_not_add_up_then_the_product_is_reported(free: int, missing: str) -> None:
    (phrase,) = phrases(replace(WELL, free={"A": free, "B": 5}))
    assert phrase.startswith("product A: of 10 at the start")
    assert phrase.endswith(f"{missing} are missing")


def test_given_negative_stock_when_it_adds_up_then_the_product_is_reported() -> None:
    (phrase,) = phrases(replace(WELL, free={"A": 8, "B": -1}, holds=[HELD, Hold("nobody", "B", 6, "held")]))
    assert phrase.startswith("product B")


def test_given_a_stray_hold_when_it_should_have_expired_then_it_is_reported() -> None:
    stray = replace(WELL, free={"A": 8, "B": 2}, holds=[HELD, Hold("nobody", "B", 3, "changing")])
    assert shelves(stray)[1] == Shelf("B", 5, 2, 0, 3)
    assert phrases(stray) == []
    assert phrases(replace(stray, strays_have_expired=True)) == [
        "product B: 3 are held for no order",
        "changes of stock are under way",
    ]


MOVED = replace(DIRECTIONS, shipping_address=ADDRESS | {"city": "Milwaukee"})
ELSEWHERE = "the parcel shp_1 has another address or shipping method"
PAID_OTHERWISE = "the charge ch_1 has another payment method or billing address"


@pytest.mark.parametrize(
    ("directions", "phrase"),
    [
        (MOVED, ELSEWHERE),
        (replace(DIRECTIONS, shipping_address=None), ELSEWHERE),
        (replace(DIRECTIONS, shipping_method="standard"), ELSEWHERE),
        (replace(DIRECTIONS, billing_address=None), PAID_OTHERWISE),
        (replace(DIRECTIONS, payment_method=None), PAID_OTHERWISE),
    ],
)
def test_given_a_parcel_or_charge_when_the_order_says_otherwise_then_it_is_reported(
    directions: Directions, phrase: str
) -> None:
    assert phrases(replace(WELL, orders=[replace(ORDER, directions=directions)])) == [phrase]


def test_given_an_erased_order_when_its_charge_has_the_address_then_all_is_well() -> None:
    assert not violations(replace(OVER, orders=[ERASED]))


def test_given_an_erased_order_when_live_or_with_an_address_then_it_is_reported() -> None:
    assert phrases(replace(OVER, orders=[replace(ERASED, directions=DIRECTIONS)])) == [
        "is erased, but has an address or a payment method"
    ]
    live = replace(ORDER, directions=Directions(), is_erased=True)
    assert phrases(replace(WELL, orders=[live])) == ["is erased, but has not ended"]


def test_given_a_parcel_when_it_holds_something_else_then_it_is_reported() -> None:
    lines = [{"product_id": "A", "quantity": 1}]
    evidence = replace(WELL, shipments=[shipment().model_copy(update={"lines": lines})])
    assert phrases(evidence) == ["the parcel shp_1 holds something else than was ordered"]


ADJUSTED = replace(ORDER, adjustments=(Adjustment("discount", -50), Adjustment("shipping", 90)), total=240)


def test_given_adjustments_when_all_is_of_the_whole_total_then_all_is_well() -> None:
    assert not violations(
        replace(WELL, orders=[ADJUSTED], charges=[charge(amount=240)], notifications=notifications(ADJUSTED))
    )


@pytest.mark.parametrize(
    ("evidence", "phrase"),
    [
        (
            replace(WELL, orders=[replace(ADJUSTED, total=200)]),
            "has a total of 200, but lines of 200 and adjustments of 40",
        ),
        (
            replace(
                WELL, orders=[replace(ORDER, adjustments=(Adjustment("discount", -300),), total=-100)], notifications=[]
            ),
            "has a total of -100",
        ),
        (
            replace(WELL, orders=[ADJUSTED], charges=[charge(amount=240)]),
            "order_received says 2.00 GBP, but the total is 2.40 GBP",
        ),
        (
            replace(WELL, orders=[ADJUSTED], notifications=notifications(ADJUSTED)),
            "was charged 200 GBP, but its total is 240 GBP",
        ),
    ],
)
def test_given_a_total_when_it_is_not_the_same_everywhere_then_it_is_reported(evidence: Evidence, phrase: str) -> None:
    assert phrase in phrases(evidence)


@pytest.mark.parametrize(
    ("evidence", "phrase"),
    [
        (replace(WELL, charges=[]), "was never charged"),
        (replace(WELL, charges=[charge(status="declined")]), "was never charged"),
        (replace(WELL, charges=[charge(), charge()]), "has 2 charges"),
        (replace(WELL, charges=[charge(), charge(status="declined")]), "has 2 charges"),
        (replace(WELL, charges=[charge(amount=199)]), "was charged 199 GBP, but its total is 200 GBP"),
        (
            replace(WELL, charges=[charge().model_copy(update={"currency": "USD"})]),
            "was charged 200 USD, but its total is 200 GBP",
        ),
        (replace(WELL, charges=[charge(refunded=200)]), "200 of 200 were refunded, not 0"),
        (replace(ENDED, charges=[charge()]), "0 of 200 were refunded, not 200"),
        (replace(ENDED, charges=[charge(refunded=100)]), "100 of 200 were refunded, not 200"),
        (replace(ENDED, charges=[charge(status="processing", refunded=1)]), "1 of 0 were refunded, not 0"),
        (replace(ENDED, charges=[]), "was never charged"),
    ],
)
def test_given_a_charge_or_refund_when_it_is_wrong_then_it_is_reported(evidence: Evidence, phrase: str) -> None:
    assert phrase in phrases(evidence)


@pytest.mark.parametrize(
    ("evidence", "is_stuck"),
    [
        (at(Event.PAYMENT_STARTED), True),
        (at(*PAID, Event.CANCELLED), True),
        (at(*CANCELLED[:-1]), True),
        (at(Event.PAYMENT_STARTED, Event.CANCELLED), True),
        (replace(at(Event.PAYMENT_STARTED, Event.CANCELLED), charges=[charge(status="processing")]), False),
        (at(*CANCELLED), False),
        (at(*PAID[:-1]), True),
    ],
)
def test_given_an_order_when_no_task_can_move_it_on_then_it_is_stuck(evidence: Evidence, *, is_stuck: bool) -> None:
    assert ("got stuck" in phrases(evidence)) == is_stuck


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        (lambda it: replace(it, version=6), "has version 6 and the timeline [1, 2, 3, 4, 5]"),
        (lambda it: replace(it, state=PLACED), "its timeline does not end with pending/pending/pending"),
        (
            lambda it: replace(it, timeline=(it.timeline[0], *it.timeline[2:])),
            "payment.succeeded led from pending/pending/pending to confirmed/paid/pending",
        ),
        (lambda it: replace(it, tasks=it.tasks[1:]), "lacks the tasks [\"(1, 'charge_payment', None)\"]"),
        (lambda it: replace(it, tasks=(*it.tasks, it.tasks[0])), "lacks the tasks [] and has"),
    ],
)
def test_given_a_timeline_when_it_is_not_allowed_then_it_is_reported(
    change: Callable[[Order], Order], phrase: str
) -> None:
    assert any(each.startswith(phrase) for each in phrases(replace(WELL, orders=[change(ORDER)])))


@pytest.mark.parametrize(
    ("actor", "phrase"),
    [
        ("", "order.placed has the actor ''"),
        ("staff:", "order.placed has the actor 'staff:'"),
        ("5", "order.placed has the actor '5'"),
        ("customer:5", "order.placed of an order of 17850 was caused by customer:5"),
    ],
)
def test_given_an_event_when_its_actor_cannot_be_then_it_is_reported(actor: str, phrase: str) -> None:
    first = replace(ORDER.timeline[0], actor=actor)
    assert phrase in phrases(replace(WELL, orders=[replace(ORDER, timeline=(first, *ORDER.timeline[1:]))]))


def test_given_a_payment_when_a_customer_started_it_then_it_is_reported() -> None:
    second = replace(ORDER.timeline[1], actor="customer:17850")
    changed = replace(ORDER, timeline=(ORDER.timeline[0], second, *ORDER.timeline[2:]))
    phrase = "payment.started of an order of 17850 was caused by customer:17850"
    assert phrases(replace(WELL, orders=[changed])) == [phrase]


@pytest.mark.parametrize(
    ("evidence", "phrase"),
    [
        (replace(WELL, shipments=[shipment(), shipment()]), "has 2 parcels"),
        (replace(ENDED, shipments=[shipment()]), "is over, but its parcel is ready"),
        (
            replace(at(*PAID, Event.SHIPMENT_SHIPPED), parcels_are_tracked=True),
            "is over, but its parcel is ready",
        ),
        (replace(ENDED, shipments=[shipment(status="dispatched")]), "is cancelled, but its parcel is dispatched"),
    ],
)
def test_given_a_shipment_when_its_status_is_wrong_then_it_is_reported(evidence: Evidence, phrase: str) -> None:
    assert phrase in phrases(evidence)


@pytest.mark.parametrize(
    ("evidence", "phrase"),
    [
        (with_task(WELL, "charge_payment", "pending"), "its task task-0 (charge_payment) is pending: why"),
        (with_task(WELL, "charge_payment", "failed"), "its task task-0 (charge_payment) is failed: why"),
        (
            with_task(WELL, "charge_payment", "failed"),
            "its task task-0 (charge_payment) has failed, but is no dead letter",
        ),
        (with_task(WELL, "commit_stock", "failed"), "its task task-2 (commit_stock) is failed: why"),
        (with_task(ENDED, "cancel_shipment", "failed"), "its task task-5 (cancel_shipment) is failed: why"),
        (replace(WELL, notifications=[*TOLD, *TOLD]), "the customer was told order_received 2 times, not 1"),
        (replace(WELL, notifications=[]), "the customer was told order_received 0 times, not 1"),
        (with_task(WELL, "send_notification", "pending"), "the customer was told order_received 1 times, not 0"),
        (replace(FROM_CART, carts={"17850": cart("Active")}), "its cart is not marked as ordered"),
    ],
)
def test_given_a_task_when_it_is_not_done_exactly_once_then_it_is_reported(evidence: Evidence, phrase: str) -> None:
    assert phrase in phrases(evidence)


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ([Request(EMAIL, Fate.UNKNOWN)], []),
        ([Request(EMAIL, Fate.ACCEPTED, "order-1"), Request("another", Fate.UNKNOWN)], []),
        ([Request(EMAIL, Fate.REFUSED)], [f"the request {EMAIL} was refused, but stored are ['order-1']"]),
        (
            [Request(EMAIL, Fate.ACCEPTED, "order-7")],
            [f"the request {EMAIL} was accepted as order-7, but stored are ['order-1']"],
        ),
        (
            [Request(EMAIL, Fate.UNKNOWN), Request(None, Fate.ACCEPTED, "order-7")],
            ["the request None was accepted as order-7, but stored are []"],
        ),
        ([], [f"no request has placed the orders of {EMAIL}: ['order-1']"]),
    ],
)
def test_given_requests_when_their_orders_do_not_match_then_they_are_reported(
    requests: list[Request], expected: list[str]
) -> None:
    assert phrases(replace(WELL, requests=requests)) == expected


def test_given_a_request_when_it_is_stored_twice_then_it_is_reported() -> None:
    twice = replace(WELL, orders=[ORDER, replace(ORDER, id="order-2")])
    assert f"2 orders are stored for the request {EMAIL}: ['order-1', 'order-2']" in phrases(twice)


def test_given_a_cart_when_it_has_two_live_orders_then_it_is_reported() -> None:
    live, ended = order("order-1", cart_version="v1"), order("order-2", *CANCELLED, cart_version="v1")
    phrase = "2 live orders are stored for version v1 of the cart of 17850"
    assert phrase in phrases(replace(WELL, orders=[live, replace(live, id="order-2")]))
    assert phrase not in phrases(replace(WELL, orders=[live, ended]))


@pytest.mark.parametrize(
    ("first", "is_reported"),
    [
        (order("order-1", cart_version="", cart_marked_at=NOON - SECOND), False),
        (order("order-1", cart_version="", cart_marked_at=NOON), True),
        (order("order-1", cart_version=""), True),
        (order("order-1", *CANCELLED, cart_version=""), False),
        (order("order-1"), False),
    ],
)
def test_given_a_cart_without_version_when_ordered_unmarked_then_it_is_reported(
    first: Order, *, is_reported: bool
) -> None:
    second = order("order-2", cart_version="", placed_at=NOON)
    phrase = "order-2 is stored for the cart of 17850, not marked after order-1"
    assert (phrase in phrases(replace(WELL, orders=[first, second]))) == is_reported


def test_given_counts_when_they_differ_from_the_orders_then_they_are_reported() -> None:
    counts = [Count("confirmed/paid/ready", 2, 1)]
    assert phrases(replace(WELL, counts=counts)) == ["2 orders are counted as confirmed/paid/ready, but 1 are stored"]
