"""The check passes when the database holds what was sent, and reports what is missing or unexpected."""

from dataclasses import replace

import pytest

from checks.evidence import Adjustment, Fate, Line, Order
from orders.domain.states import Status
from tests.checks.samples import order
from tests.tools.replay.samples import CUSTOMER, accepted, invoice
from tools.replay.check import Verdict, compare
from tools.replay.invoices import Invoice
from tools.replay.orders import Outcome

SENT = invoice("536365", ("A", 6, "2.55"), ("B", 1, "0"), ("A", 4, "2.55"), ("A", 1, "2.10"))
LINES = (Line("A", 210, 1), Line("A", 255, 10), Line("B", 0, 1))
STORED = replace(order("order-1"), total=2760, lines=LINES)
PLACED = accepted(SENT, "order-1")
CANCELLED = accepted(invoice("C536366"), "order-1")


WITH_POSTAGE = invoice("536370", postage=[("POST", 3, "18"), ("POST", 1, "0.5")])
STORED_WITH_POSTAGE = replace(
    order("order-1"),
    total=5550,
    lines=(Line("A", 100, 1),),
    adjustments=(Adjustment("shipping", 50), Adjustment("shipping", 5400)),
)


def unknown(sent: Invoice, order_id: str = "") -> Outcome:
    return Outcome(sent, Fate.UNKNOWN, order_id, "no_answer")


def refused(sent: Invoice, order_id: str = "") -> Outcome:
    return Outcome(sent, Fate.REFUSED, order_id, "some_reason")


def in_status(status: str) -> Order:
    return replace(STORED, state=STORED.state._replace(status=Status(status)))


def verdict(*mismatches: str, orders: int = 1, cancelled: int = 0, took: int = 0, had_not: int = 0) -> Verdict:
    return Verdict(orders, cancelled, took, had_not, mismatches)


def test_given_an_accepted_order_when_stored_with_lines_added_up_then_no_mismatch() -> None:
    assert compare([PLACED], [STORED]) == verdict()


def test_given_an_accepted_order_when_it_is_not_stored_then_it_is_reported() -> None:
    assert compare([PLACED], []) == verdict("invoice 536365, order order-1: was accepted, but is not stored", orders=0)


def test_given_one_order_when_two_invoices_got_its_id_then_the_second_is_reported() -> None:
    second = accepted(replace(SENT, number="2"), "order-1")
    assert compare([PLACED, second], [STORED]) == verdict("invoice 2, order order-1: was accepted, but is not stored")


@pytest.mark.parametrize(
    ("stored", "differences"),
    [
        (replace(STORED, customer_id="1"), ["its customer is 1, not 17850"]),
        (replace(STORED, currency="USD"), ["its currency is USD, not GBP"]),
        (replace(STORED, total=2761), ["its total in pence is 2761, not 2760.00"]),
        (replace(STORED, lines=LINES[:-1]), ["1 of B at 0 pence is invoiced, but not stored"]),
        (replace(STORED, lines=(*LINES, LINES[0])), ["1 of A at 210 pence is stored, but not invoiced"]),
        (
            replace(STORED, lines=(LINES[0], Line("A", 255, 6), LINES[2])),
            ["10 of A at 255 pence is invoiced, but not stored", "6 of A at 255 pence is stored, but not invoiced"],
        ),
    ],
)
def test_given_an_order_when_it_is_stored_otherwise_then_differences_are_reported(
    stored: Order, differences: list[str]
) -> None:
    assert compare([PLACED], [stored]).mismatches == tuple(
        f"invoice 536365, order order-1: {difference}" for difference in differences
    )


@pytest.mark.parametrize("outcome", [accepted(WITH_POSTAGE, "order-1"), unknown(WITH_POSTAGE)])
def test_given_postage_when_the_order_has_it_then_no_mismatch(outcome: Outcome) -> None:
    assert compare([outcome], [STORED_WITH_POSTAGE]).mismatches == ()


def test_given_postage_when_the_order_has_other_adjustments_then_it_is_reported() -> None:
    stored = replace(STORED_WITH_POSTAGE, adjustments=(Adjustment("fee", 5400), Adjustment("shipping", 50)))
    assert compare([accepted(WITH_POSTAGE, "order-1")], [stored]).mismatches == (
        "invoice 536370, order order-1: shipping of 5400 pence is invoiced, but not stored",
        "invoice 536370, order order-1: fee of 5400 pence is stored, but not invoiced",
    )


def test_given_postage_when_the_total_leaves_it_out_then_it_is_reported() -> None:
    stored = replace(STORED_WITH_POSTAGE, total=100)
    assert compare([accepted(WITH_POSTAGE, "order-1")], [stored]).mismatches == (
        "invoice 536370, order order-1: its total in pence is 100, not 5550.00",
    )


def test_given_postage_of_unknown_fate_when_stored_without_it_then_it_is_another() -> None:
    stored = replace(STORED_WITH_POSTAGE, adjustments=(), total=100)
    assert compare([unknown(WITH_POSTAGE)], [stored]).had_no_effect == 1


def test_given_orders_of_no_accepted_invoice_when_stored_then_they_are_reported() -> None:
    stray = replace(STORED, id="order-2")
    words = f"order order-2 of customer {CUSTOMER} is stored, but for no invoice"
    assert compare([PLACED], [STORED, stray]) == verdict(words)
    assert compare([PLACED, refused(SENT)], [STORED, stray]) == verdict(words)


@pytest.mark.parametrize("status", ["cancelled", "cancelling"])
def test_given_a_cancelled_order_when_its_status_says_so_then_no_mismatch(status: str) -> None:
    assert compare([PLACED, CANCELLED], [in_status(status)]) == verdict(cancelled=1)


def test_given_a_cancelled_order_when_its_status_differs_then_it_is_reported() -> None:
    words = "invoice C536366, order order-1: has cancelled it, but its status is confirmed"
    assert compare([PLACED, CANCELLED], [STORED]) == verdict(words)


@pytest.mark.parametrize("others", [[], [refused(invoice("C2"), "order-1")], [Outcome(invoice("C2"), Fate.NO_ORDER)]])
def test_given_an_order_not_cancelled_by_us_when_it_is_cancelled_then_reported(others: list[Outcome]) -> None:
    cancelled = in_status("cancelled")
    words = "order order-1 is cancelled, but by no invoice"
    assert compare([PLACED, *others], [cancelled]) == verdict(words, cancelled=1)


def test_given_a_request_of_unknown_fate_when_stored_then_it_took_effect() -> None:
    assert compare([unknown(SENT)], [STORED]) == verdict(took=1)


def test_given_a_request_of_unknown_fate_when_not_stored_then_it_had_no_effect() -> None:
    assert compare([unknown(SENT)], []) == verdict(orders=0, had_not=1)


def test_given_equal_invoices_when_one_outcome_is_unknown_then_each_has_its_order() -> None:
    assert compare([unknown(replace(SENT, number="1")), PLACED], [STORED]) == verdict(had_not=1)


def test_given_a_request_of_unknown_fate_when_stored_twice_then_it_is_reported() -> None:
    stored = [STORED, replace(STORED, id="order-2")]
    words = f"order order-2 of customer {CUSTOMER} is stored, but for no invoice"
    assert compare([unknown(SENT)], stored) == verdict(words, took=1)


@pytest.mark.parametrize(("status", "took", "had_not"), [("cancelled", 1, 0), ("confirmed", 0, 1)])
def test_given_a_cancellation_of_unknown_fate_when_checked_then_status_decides(
    status: str, took: int, had_not: int
) -> None:
    outcomes = [unknown(invoice("C2"), "order-1"), PLACED]
    expected = verdict(cancelled=took, took=took, had_not=had_not)
    assert compare(outcomes, [in_status(status)]) == expected
