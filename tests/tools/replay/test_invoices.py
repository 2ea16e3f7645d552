"""Every line of a file is on one invoice, or counted with the reason why it is not."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from local.errors import LocalError
from tests.support import REAL_ORDERS
from tools.replay.invoices import Invoice, InvoiceFile, Line, Skipped, collect, read

HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]


def row(number: str, code: str = "85123A", quantity: str = "6", *, price: str = "2.55", **other: str) -> list[str]:
    return [
        number,
        code,
        "HOLDER",
        quantity,
        other.get("date", "1/12/2010"),
        price,
        other.get("customer", "17850"),
        "UK",
    ]


def skipped(*rows: list[str]) -> dict[Skipped, int]:
    return dict(collect([HEADER, *rows]).skipped)


def test_given_equal_lines_of_an_invoice_when_collected_then_they_are_not_merged() -> None:
    lines = row("536365"), row("536365", "gift_0001_20", "1", price="20"), row("536365")
    holder = Line("85123A", 6, Decimal("2.55"))
    assert collect([HEADER, *lines]) == InvoiceFile(
        invoices=(
            Invoice(
                "536365",
                "17850",
                datetime(2010, 12, 1, tzinfo=UTC),
                (holder, Line("gift_0001_20", 1, Decimal(20)), holder),
            ),
        ),
        empty=0,
        skipped=Counter(),
    )


def test_given_a_cancellation_when_collected_then_it_has_the_returned_quantities() -> None:
    (invoice,) = collect([HEADER, row("C536379", quantity="-2"), row("C536379", quantity="-3")]).invoices
    assert invoice.is_cancellation
    assert invoice.units == {"85123A": 5}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (row("1", quantity="six"), Skipped.UNREADABLE),
        (row("1", price=""), Skipped.UNREADABLE),
        (row("1", price="NaN"), Skipped.UNREADABLE),
        (row("1", date="31/02/2010"), Skipped.UNREADABLE),
        (row(""), Skipped.UNREADABLE),
        (row("1")[:-1], Skipped.UNREADABLE),
        ([*row("1"), "more"], Skipped.UNREADABLE),
        ([], Skipped.UNREADABLE),
        (row("1", quantity="0"), Skipped.WRONG_SIGN),
        (row("1", quantity="-6"), Skipped.WRONG_SIGN),
        (row("C1", quantity="6"), Skipped.WRONG_SIGN),
        *((row("1", code), Skipped.NO_PRODUCT) for code in ("M", "D", "C2", "BANK CHARGES", "PADS", "POSTER", "")),
        (row("1", customer=""), Skipped.NO_CUSTOMER),
        (row("1", "DOT", customer=""), Skipped.NO_CUSTOMER),
        (row("1", "POST", "-1", customer=""), Skipped.WRONG_SIGN),
        (row("1", "POST"), Skipped.ONLY_POSTAGE),
        (row("C1", "POST", "-1"), Skipped.ONLY_POSTAGE),
    ],
)
def test_given_a_line_that_is_no_sale_when_collected_then_its_reason_is_counted(
    line: list[str], reason: Skipped
) -> None:
    assert skipped(line) == {reason: 1}


def test_given_postage_when_collected_then_it_is_beside_the_products() -> None:
    lines = row("1", "POST", "3", price="18"), row("1"), row("1", "DOT", "1", price="254.43")
    (invoice,) = collect([HEADER, *lines]).invoices
    assert invoice.lines == (Line("85123A", 6, Decimal("2.55")),)
    assert invoice.postage == (Line("POST", 3, Decimal(18)), Line("DOT", 1, Decimal("254.43")))
    assert [line.amount for line in invoice.postage] == [Decimal(54), Decimal("254.43")]
    assert (invoice.units, invoice.line_count) == ({"85123A": 6}, 3)


def test_given_postage_of_a_cancellation_when_collected_then_it_is_counted_with_it() -> None:
    (invoice,) = collect([HEADER, row("C1", quantity="-2"), row("C1", "POST", "-1", price="18")]).invoices
    assert (invoice.units, invoice.line_count) == ({"85123A": 2}, 2)


def test_given_a_line_of_another_customer_when_collected_then_it_is_skipped() -> None:
    file = collect([HEADER, row("1"), row("1", customer="13047"), row("1")])
    assert [(invoice.customer_id, len(invoice.lines)) for invoice in file.invoices] == [("17850", 2)]
    assert file.skipped == {Skipped.OTHER_CUSTOMER: 1}


def test_given_invoices_without_any_line_when_collected_then_they_are_counted() -> None:
    file = collect([HEADER, row("1", "POST"), row("2", "POST"), row("2", "M"), row("3", "POST"), row("3"), row("")])
    assert [invoice.number for invoice in file.invoices] == ["3"]
    assert file.empty == 2


def test_given_a_free_product_when_collected_then_it_is_ordered() -> None:
    assert not skipped(row("1", price="0"))


def test_given_dates_when_collected_then_invoices_are_sorted_by_time_and_file_order() -> None:
    dates = {"1": "2/12/2010 9:01", "2": "2/12/2010 8:26", "3": "1/12/2010", "4": "2/12/2010 08:26"}
    file = collect([HEADER, *(row(number, date=date) for number, date in dates.items())])
    assert [invoice.number for invoice in file.invoices] == ["3", "2", "4", "1"]


def test_given_columns_in_another_order_when_collected_then_they_are_found_by_name() -> None:
    assert collect([HEADER[::-1], row("1")[::-1]]) == collect([HEADER, row("1")])


def test_given_a_byte_order_mark_when_read_then_the_first_column_is_found(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(map(",".join, [HEADER, row("1")])), encoding="utf-8-sig")
    assert read(path) == collect([HEADER, row("1")])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no column InvoiceNo, StockCode"),
        (b"InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice\n", "no column CustomerID"),
        (",".join(HEADER).encode() + "\n1,85123A,CAF\xc9".encode("latin-1"), "iconv -f ISO-8859-1"),
        (b'"' + b"x" * 200_000, "no CSV file"),
    ],
)
def test_given_a_file_of_another_kind_when_read_then_the_error_says_what_to_do(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(LocalError, match=words):
        read(path)


@pytest.mark.parametrize("path", [Path("nowhere.csv"), Path()])
def test_given_no_file_when_read_then_the_error_says_where_it_comes_from(path: Path) -> None:
    with pytest.raises(LocalError, match=r"Online Retail.*CC BY 4.0.*make replay CSV="):
        read(path)


@pytest.mark.skipif(not REAL_ORDERS.exists(), reason="the data set is not there")
def test_given_the_real_file_when_read_then_every_line_and_invoice_is_accounted_for() -> None:
    file = read(REAL_ORDERS)
    orders = [invoice for invoice in file.invoices if not invoice.is_cancellation]
    assert (len(orders), len(file.invoices) - len(orders), file.empty) == (400, 41, 71)
    assert (sum(invoice.line_count for invoice in file.invoices), file.skipped.total()) == (7695, 2304)
    postage = [line for invoice in orders for line in invoice.postage]
    assert (len(postage), sum(line.amount for line in postage)) == (18, Decimal(863))
