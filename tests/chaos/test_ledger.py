"""The ledger finds nothing when all is well, and names whatever is not."""

from collections import Counter
from dataclasses import replace

import pytest

from local.chaos.clients import Attempt
from local.chaos.ledger import Evidence, discrepancies, found_afterwards
from local.chaos.plan import Plan
from local.replay.books import Shelf
from local.replay.outcomes import Fate
from local.replay.standins import Notification, Shipment
from tests.replay.samples import charge, order, reservation, task

EMAILS = {1: "order-1@run", 2: "order-2@run"}
TOLD = Notification("order-1", "order_received")


def attempt(number: int, fate: Fate, order_id: str = "") -> Attempt:
    return Attempt(Plan(number, 0, Counter(A=2), False, False, (), 0.0), fate, order_id)  # noqa: FBT003


ORDER = order(email=EMAILS[1])
CANCELLED = replace(ORDER, status="cancelled", payment_status="refunded")
WELL = Evidence(
    attempts=[attempt(1, Fate.ACCEPTED, "order-1"), attempt(2, Fate.REFUSED)],
    emails=EMAILS,
    acts=[],
    orders=[ORDER],
    tasks=[task("send_notification", template="order_received")],
    charges=[charge()],
    shipments=[Shipment("order-1", "ready"), Shipment("somebody else's", "ready")],
    notifications=[TOLD, Notification("somebody else's", "order_received")],
    reservations=[reservation()],
    stock=[Shelf("A", 10, 8, 2, 0)],
    calls=[],
    killed=Counter(),
    redriven=0,
)
ENDED = replace(
    WELL,
    orders=[CANCELLED],
    charges=[charge(refunded=200)],
    shipments=[Shipment("order-1", "cancelled")],
    reservations=[reservation(status="released")],
)
FAILED_RECALL = [*ENDED.tasks, task("cancel_shipment", "failed")]


@pytest.mark.parametrize("evidence", [WELL, ENDED], ids=["live", "cancelled"])
def test_given_all_is_well_when_audited_then_nothing_is_named(evidence: Evidence) -> None:
    assert discrepancies(evidence) == []


@pytest.mark.parametrize(
    ("evidence", "phrase"),
    [
        (replace(WELL, orders=[replace(ORDER, status="pending")]), "order order-1 got stuck at pending/paid/ready"),
        (replace(WELL, charges=[]), "order order-1 is confirmed/paid: it was never charged"),
        (replace(WELL, reservations=[]), "order order-1 is confirmed and holds nothing, not 2 of A"),
        (
            replace(ENDED, shipments=[Shipment("order-1", "ready")]),
            "order order-1 is cancelled, but its parcel is ready",
        ),
        (
            replace(ENDED, shipments=[Shipment("order-1", "dispatched")]),
            "order order-1 is cancelled, but its parcel is dispatched",
        ),
        (replace(WELL, shipments=WELL.shipments[:1] * 2), "order order-1 has 2 parcels"),
        (replace(WELL, notifications=[TOLD, TOLD]), "order order-1: the customer was told order_received 2 times"),
        (replace(WELL, notifications=[]), "order order-1: the customer was told order_received 0 times"),
    ],
)
def test_given_one_thing_is_wrong_when_audited_then_it_is_named(evidence: Evidence, phrase: str) -> None:
    assert phrase in discrepancies(evidence)


def test_given_a_parcel_that_left_when_a_failed_task_says_so_then_people_will_see_to_it() -> None:
    evidence = replace(ENDED, shipments=[Shipment("order-1", "dispatched")], tasks=FAILED_RECALL)
    assert discrepancies(evidence) == []


@pytest.mark.parametrize(
    ("attempts", "phrases"),
    [
        ([attempt(1, Fate.UNKNOWN)], []),
        ([attempt(1, Fate.ACCEPTED, "order-1"), attempt(2, Fate.UNKNOWN)], []),
        ([attempt(1, Fate.REFUSED)], ["order number 1 was refused, but stored are ['order-1']"]),
        (
            [attempt(1, Fate.ACCEPTED, "order-7")],
            ["order number 1 was accepted as order-7, but stored are ['order-1']"],
        ),
        ([], ["nobody placed the orders of order-1@run: ['order-1']"]),
    ],
)
def test_given_attempts_when_audited_then_each_has_the_orders_that_it_may_have(
    attempts: list[Attempt], phrases: list[str]
) -> None:
    assert discrepancies(replace(WELL, attempts=attempts)) == phrases


def test_given_an_attempt_of_unknown_fate_when_it_is_stored_twice_then_it_is_named() -> None:
    twin = replace(ORDER, id="order-2")
    evidence = replace(WELL, attempts=[attempt(1, Fate.UNKNOWN)], orders=[ORDER, twin])
    assert discrepancies(evidence)[0] == "order number 1 was sent once, but stored are ['order-1', 'order-2']"


def test_given_lost_answers_when_counted_then_those_with_an_order_were_found() -> None:
    assert found_afterwards(replace(WELL, attempts=[attempt(1, Fate.UNKNOWN), attempt(2, Fate.UNKNOWN)])) == 1
