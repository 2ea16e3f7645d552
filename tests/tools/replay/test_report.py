"""What is printed adds up, and fits a narrow terminal."""

import io
from collections import Counter

import pytest
from rich.console import Console

from checks.evidence import Fate
from local.percentiles import percentile
from tests.tools.replay.samples import accepted, invoice
from tools.replay import report
from tools.replay.check import Verdict
from tools.replay.invoices import InvoiceFile, Skipped
from tools.replay.orders import Outcome
from tools.support import progress

LINE = ("A", 1, "1")
ORDER = invoice("1", LINE, postage=[("POST", 1, "18")])
CANCELLATION = invoice("C1", LINE)
OUTCOMES = [
    Outcome(CANCELLATION, Fate.NO_ORDER),
    Outcome(CANCELLATION, Fate.REFUSED, "order-1", "order_not_cancellable"),
    accepted(CANCELLATION, "order-1", seconds=0.02),
    Outcome(ORDER, Fate.UNKNOWN, code="no_answer"),
    Outcome(ORDER, Fate.REFUSED, code="validation_error"),
    *(accepted(ORDER, f"order-{number}", seconds=number / 1000) for number in range(1, 101)),
]
SKIPPED = Counter({Skipped.NO_CUSTOMER: 2254, Skipped.NO_PRODUCT: 38})


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=80)


def printed(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def rows(console: Console) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in printed(console) if line.startswith("│")]


def test_given_outcomes_when_shown_then_all_invoices_and_lines_are_accounted_for(console: Console) -> None:
    invoices = tuple(outcome.invoice for outcome in OUTCOMES)
    report.show_fates(console, InvoiceFile(invoices, 71, SKIPPED), OUTCOMES)
    assert rows(console) == [
        ["Order accepted", "100", "200"],
        ["Order refused: validation_error", "1", "2"],
        ["Order of unknown fate: no_answer", "1", "2"],
        ["Cancellation accepted", "1", "1"],
        ["Cancellation refused: order_not_cancellable", "1", "1"],
        ["Cancellation without an order", "1", "1"],
        ["Not sent: no customer", "", "2,254"],
        ["Not sent: fee, discount or correction, no product", "", "38"],
        ["Not sent: no line left to send", "71", ""],
        ["Total", "176", "2,499"],
    ]


def test_given_outcomes_when_their_speed_is_shown_then_only_accepted_ones_count(console: Console) -> None:
    report.show_speed(console, OUTCOMES, 2.0)
    assert rows(console) == [
        ["Orders", "100", "50.0", "50 ms", "99 ms"],
        ["Cancellations", "1", "0.5", "20 ms", "20 ms"],
    ]


def test_given_nothing_accepted_when_the_speed_is_shown_then_there_are_no_latencies(console: Console) -> None:
    report.show_speed(console, [], 2.0)
    assert rows(console) == [["Orders", "0", "0.0", "", ""], ["Cancellations", "0", "0.0", "", ""]]


@pytest.mark.parametrize(
    ("values", "percent", "expected"), [([3, 1, 2], 50, 2), ([3, 1, 2], 99, 3), ([7], 50, 7), (range(1, 101), 99, 99)]
)
def test_given_values_when_ranked_then_the_percentile_is_one_of_them(
    values: list[float], percent: int, expected: float
) -> None:
    assert percentile(values, percent) == expected


def test_given_no_mismatch_when_shown_then_the_check_passed(console: Console) -> None:
    report.show_verdict(console, Verdict(400, 7, 0, 0, ()))
    assert " ".join(printed(console)).startswith("Check passed: 400 orders")


def test_given_requests_of_unknown_fate_when_shown_then_the_result_is_shown(console: Console) -> None:
    report.show_verdict(console, Verdict(400, 7, 2, 1, ()))
    assert printed(console)[0] == "Of the requests of unknown fate, 2 took effect and 1 did not."


def test_given_many_mismatches_when_shown_then_the_first_ten_are_listed(console: Console) -> None:
    report.show_verdict(console, Verdict(1, 0, 0, 0, tuple(f"order [{number}]" for number in range(12))))
    first, *listed, last = printed(console)
    assert first == "Check failed: 12 mismatches between database and invoices."
    assert listed == [f"  order [{number}]" for number in range(10)]
    assert last == "  … and 2 more"


def test_given_no_terminal_when_progress_is_shown_then_it_is_ten_lines(console: Console) -> None:
    with progress.shown(console, 441) as advance:
        for _ in range(441):
            advance()
    assert len(printed(console)) == 10
    assert printed(console)[-1] == "Sent 441 of 441 invoices"


def test_given_a_terminal_when_progress_is_shown_then_it_is_a_bar() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    with progress.shown(console, 2) as advance:
        advance()
        advance()
    assert "2/2 invoices" in "".join(printed(console))
