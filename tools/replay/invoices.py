"""Invoices read from a CSV file of the Online Retail data set, with every line of the file accounted for."""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path

from local.errors import LocalError

SOURCE = (
    "The data set is Online Retail by Daqing Chen (UCI Machine Learning Repository, doi 10.24432/C5BW33, CC BY 4.0): "
    "save its sheet as a CSV file in UTF-8 and name it: make replay CSV=path/to/file.csv"
)
COLUMNS = ("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")
DATE_FORMATS = ("%d/%m/%Y %H:%M", "%d/%m/%Y")
CANCELLATION_PREFIX = "C"
PRODUCT_CODE = re.compile(r"\d{5}|gift_")
"""How the code of a product begins; the others stand for postage, fees, discounts and corrections."""
POSTAGE_CODES = frozenset({"POST", "DOT"})
"""The codes of postage: by post, and of orders from the web shop."""


class Skipped(StrEnum):
    """Why a line is neither ordered nor taken back; of several reasons the first one counts."""

    UNREADABLE = "unreadable"
    WRONG_SIGN = "quantity ≤ 0, or > 0 on a cancellation"
    NO_PRODUCT = "fee, discount or correction, no product"
    NO_CUSTOMER = "no customer"
    OTHER_CUSTOMER = "another customer than the lines before it"
    ONLY_POSTAGE = "postage of no products"


@dataclass(frozen=True, slots=True)
class Line:
    """A product or postage on an invoice, and how many of it are ordered; on a cancellation, how many come back."""

    product_id: str
    quantity: int
    unit_price: Decimal

    @property
    def amount(self) -> Decimal:
        """The price of all units."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class Invoice:
    """An order, or what cancels one.

    Attributes:
        number: As in the file.
        customer_id: Whose it is.
        time: When it was written; invoices of a file without times have the same for a whole day.
        lines: The products, at least one.
        postage: The lines of postage. That of a cancellation is not sent: an order that is cancelled gives all back.
    """

    number: str
    customer_id: str
    time: datetime
    lines: tuple[Line, ...]
    postage: tuple[Line, ...] = ()

    @property
    def is_cancellation(self) -> bool:
        """Whether it cancels an earlier invoice."""
        return _is_cancellation(self.number)

    @property
    def line_count(self) -> int:
        """How many lines of the file it has."""
        return len(self.lines) + len(self.postage)

    @property
    def units(self) -> Counter[str]:
        """How many units there are of each product, over all lines."""
        units: Counter[str] = Counter()
        for line in self.lines:
            units[line.product_id] += line.quantity
        return units


@dataclass(frozen=True, slots=True)
class InvoiceFile:
    """What is in a file.

    Attributes:
        invoices: Those with a line to send, in the order of time, and of the file within one time.
        empty: How many other invoices there are.
        skipped: How many lines are not sent, by reason.
    """

    invoices: tuple[Invoice, ...]
    empty: int
    skipped: Counter[Skipped]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line with what it says of its invoice."""

    number: str
    customer_id: str
    time: datetime
    line: Line


def read(path: Path) -> InvoiceFile:
    """Return the invoices of a file.

    Raises:
        LocalError: There is no such file, or it is no CSV file of the data set.
    """
    if not path.is_file():
        raise LocalError(f"There is no file {path}.\n{SOURCE}" if path.name else f"Which file?\n{SOURCE}")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return collect(csv.reader(file))
    except UnicodeDecodeError as error:
        raise LocalError(
            f"{path} is not in UTF-8. If it is in Latin-1: iconv -f ISO-8859-1 -t UTF-8 {path} > converted.csv"
        ) from error
    except csv.Error as error:
        raise LocalError(f"{path} is no CSV file: {error}.\n{SOURCE}") from error


def collect(rows: Iterable[list[str]]) -> InvoiceFile:
    """Return the invoices of a table, whose first row names the columns.

    Raises:
        LocalError: Columns are missing.
    """
    rows = iter(rows)
    header = next(rows, [])
    if missing := [column for column in COLUMNS if column not in header]:
        raise LocalError(f"The CSV file has no column {', '.join(missing)}.\n{SOURCE}")
    numbers: set[str] = set()
    entries: dict[str, list[_Entry]] = {}
    skipped: Counter[Skipped] = Counter()
    for row in rows:
        cells = dict(zip(header, map(str.strip, row), strict=False))
        number = cells.get("InvoiceNo", "")
        numbers.add(number)
        entry = _entry(cells) if number and len(row) == len(header) else Skipped.UNREADABLE
        if isinstance(entry, _Entry):
            others = entries.setdefault(number, [])
            if not others or others[0].customer_id == entry.customer_id:
                others.append(entry)
                continue
            entry = Skipped.OTHER_CUSTOMER
        skipped[entry] += 1
    invoices = [_invoice(others) for others in entries.values()]
    sent = sorted((invoice for invoice in invoices if invoice.lines), key=lambda invoice: invoice.time)
    if only_postage := sum(len(invoice.postage) for invoice in invoices if not invoice.lines):
        skipped[Skipped.ONLY_POSTAGE] = only_postage
    return InvoiceFile(tuple(sent), empty=len(numbers - {""}) - len(sent), skipped=skipped)


def _invoice(entries: list[_Entry]) -> Invoice:
    first = entries[0]
    lines = [entry.line for entry in entries]
    return Invoice(
        first.number,
        first.customer_id,
        first.time,
        lines=tuple(line for line in lines if line.product_id not in POSTAGE_CODES),
        postage=tuple(line for line in lines if line.product_id in POSTAGE_CODES),
    )


def _entry(cells: dict[str, str]) -> _Entry | Skipped:
    number, product_id, customer_id = cells["InvoiceNo"], cells["StockCode"], cells["CustomerID"]
    try:
        quantity = int(cells["Quantity"])
        unit_price = Decimal(cells["UnitPrice"])
        time = _time(cells["InvoiceDate"])
    except (ValueError, InvalidOperation):
        return Skipped.UNREADABLE
    if not unit_price.is_finite():
        return Skipped.UNREADABLE
    if _is_cancellation(number):
        quantity = -quantity
    if quantity <= 0:
        return Skipped.WRONG_SIGN
    if not PRODUCT_CODE.match(product_id) and product_id not in POSTAGE_CODES:
        return Skipped.NO_PRODUCT
    if not customer_id:
        return Skipped.NO_CUSTOMER
    return _Entry(number, customer_id, time, Line(product_id, quantity, unit_price))


def _time(text: str) -> datetime:
    for date_format in DATE_FORMATS:
        try:
            return datetime.strptime(text, date_format).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"{text!r} is no day/month/year")


def _is_cancellation(number: str) -> bool:
    return number.startswith(CANCELLATION_PREFIX)
