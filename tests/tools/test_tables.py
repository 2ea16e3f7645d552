"""The tables that the tools print of orders and violations."""

import io

from rich.console import Console

from orders.domain.lifecycle import Event
from tests.checks.samples import order
from tools.support import tables


def console() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=80), file


def test_given_orders_when_their_states_are_shown_then_failed_ones_say_why() -> None:
    shown, file = console()
    failed = order("order-3", Event.PAYMENT_STARTED, Event.PAYMENT_DECLINED, reason="payment_declined")
    tables.show_states(shown, [order("order-1"), order("order-2"), failed])
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in file.getvalue().splitlines() if "│" in line]
    assert rows == [
        ["confirmed/paid/ready", "2"],
        ["failed/failed/cancelled (payment_declined)", "1"],
        ["Total", "3"],
    ]


def test_given_violations_when_shown_then_they_are_counted_and_listed() -> None:
    shown, file = console()
    tables.show_violations(shown, 2, ["order [1] got stuck"])
    assert file.getvalue() == "The books do not balance: 1 discrepancies.\n  order [1] got stuck\n"


def test_given_no_violations_when_shown_then_the_books_balance() -> None:
    shown, file = console()
    tables.show_violations(shown, 2, [])
    assert file.getvalue().startswith("The books balance: stock, money, outbox and events of 2 orders agree.")
