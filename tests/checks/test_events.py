"""A feed and an event bus that say what is stored have no violations; everything else is reported."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from checks.events import applied
from checks.evidence import Adjustment, Evidence, Line, Order
from checks.violations import violations
from orders.domain.lifecycle import Event
from orders.schemas.events import EventDocument
from tests.checks.samples import CANCELLED, documents, feed, notifications, order, well

WELL = well()
ORDER = WELL.orders[0]
EVENTS = documents(ORDER)
OTHERS = documents(order("of somebody else", *CANCELLED))
MIXED = [event for pair in zip(OTHERS, EVENTS, strict=False) for event in pair]


def found(evidence: Evidence) -> list[str]:
    """The violations, without the order's name."""
    return [each.removeprefix("order order-1 (confirmed/paid/ready) ") for each in violations(evidence)]


def test_given_feed_and_bus_when_they_say_what_is_stored_then_all_is_well() -> None:
    assert found(replace(WELL, feed=feed(MIXED), bus=MIXED)) == []


@pytest.mark.parametrize("seed", range(20))
def test_given_a_bus_when_it_repeats_and_reorders_then_a_consumer_gets_the_same(seed: int) -> None:
    random = Random(seed)
    disordered = [*MIXED, *random.choices(MIXED, k=len(MIXED))]
    random.shuffle(disordered)
    assert applied(disordered)[ORDER.id] == EVENTS
    assert found(replace(WELL, bus=disordered)) == []


@pytest.mark.parametrize(
    ("change", "phrases"),
    [
        (lambda it: it[1:], ["the feed has position 2 where 1 is next"]),
        (lambda it: [*it[:2], *it[3:]], ["the feed has position 4 where 3 is next"]),
        (lambda it: [it[1], it[0], *it[2:]], ["the feed has position 2 where 1 is next"]),
        (lambda it: [*it, it[-1]], [f"the feed has position {len(MIXED)} where {len(MIXED) + 1} is next"]),
        (
            lambda it: feed([*it, it[1]]),
            ["the feed has version 1 of order order-1 after version 5"],
        ),
        (
            lambda it: feed([it[0], it[3], it[2], it[1], *it[4:]]),
            [
                "the feed has version 2 of order order-1 after version 0",
                "the feed has version 1 of order order-1 after version 2",
                "the feed has version 3 of order order-1 after version 1",
            ],
        ),
    ],
)
def test_given_a_feed_when_it_has_a_gap_or_repeats_then_it_is_reported(
    change: Callable[[list[EventDocument]], list[EventDocument]], phrases: list[str]
) -> None:
    evidence = replace(WELL, feed=change(feed(MIXED)))  # type: ignore[arg-type]
    assert found(evidence)[: len(phrases)] == phrases


@pytest.mark.parametrize("source", ["feed", "event bus"])
@pytest.mark.parametrize(("lost", "version"), [(0, 0), (2, 2), (4, 4)])
def test_given_a_lost_event_when_consumed_then_the_versions_differ(source: str, lost: int, version: int) -> None:
    events = [event for event in EVENTS if event != EVENTS[lost]]
    evidence = replace(WELL, feed=feed(events)) if source == "feed" else replace(WELL, bus=events)
    assert f"has version 5, but for a consumer of the {source} version {version}" in found(evidence)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "order-1.7"),
        ("type", "order.placed"),
        ("actor", {"kind": "customer", "id": "17850"}),
        ("status", "shipped"),
        ("payment_status", "refunded"),
        ("shipping_status", "returned"),
        ("failure_reason", "out_of_stock"),
        ("currency", "USD"),
        ("subtotal", "1.99"),
        ("total", "2.01"),
        ("adjustments", [{"kind": "tax", "amount": "0.01", "description": None}]),
        ("items", []),
        ("items", [{"product_id": "A", "name": None, "quantity": 1, "unit_price": "2.00", "line_total": "2.00"}]),
    ],
)
def test_given_an_event_when_it_says_something_else_then_it_is_reported(name: str, value: object) -> None:
    wrong: EventDocument = {**EVENTS[2], name: value}  # type: ignore[misc]
    events = [*EVENTS[:2], wrong, *EVENTS[3:]]
    assert found(replace(WELL, feed=feed(events))) == [f"has another {name} in version 3 of the feed"]
    assert found(replace(WELL, bus=events)) == [f"has another {name} in version 3 of the event bus"]


def test_given_an_event_that_is_too_large_when_on_the_bus_then_it_has_no_lines() -> None:
    events: list[EventDocument] = [{**event, "items": None} for event in EVENTS]
    assert found(replace(WELL, bus=events)) == []


def test_given_a_customer_when_the_event_names_them_then_it_is_reported() -> None:
    placed: EventDocument = {**EVENTS[0], "actor": {"kind": "customer", "id": "17850"}}
    assert found(replace(WELL, feed=feed([placed, *EVENTS[1:]]))) == ["has another actor in version 1 of the feed"]


@pytest.mark.parametrize(
    "stored",
    [
        replace(
            ORDER,
            lines=(Line("A", 900, 1), Line("A", 1000, 1)),
            adjustments=(Adjustment("discount", -5), Adjustment("tax", 10)),
            total=1905,
        ),
        order("order-1", Event.PAYMENT_STARTED, Event.PAYMENT_DECLINED, reason="payment_declined"),
    ],
)
def test_given_lines_adjustments_and_a_failure_when_told_then_all_is_well(stored: Order) -> None:
    evidence = replace(WELL, orders=[stored], notifications=notifications(stored), feed=feed(documents(stored)))
    assert [each for each in violations(evidence) if "feed" in each] == []
