"""Which orders a list asks for: the filter, the sort and the page, as they are read from query parameters."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from orders.domain import cursors
from orders.domain.caller import CUSTOMER_ID
from orders.domain.clock import unix_milliseconds
from orders.domain.cursors import Position
from orders.domain.errors import InvalidParameter
from orders.domain.ids import PRODUCT_ID
from orders.domain.lifecycle import STATES
from orders.domain.order import OrderRow
from orders.domain.states import PaymentStatus, ShippingStatus, State, Status

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
MAX_OFFSET = 100_000
"""Orders that `page` may skip: the database reads each of them. A cursor skips any number at no cost."""
MAX_LENGTH = 300
"""Characters that any parameter may have."""

_STATUS_PARAMETERS: dict[str, tuple[str, type[StrEnum]]] = {
    "status": ("status", Status),
    "status_filter": ("status", Status),
    "payment_status": ("payment_status", PaymentStatus),
    "payment_filter": ("payment_status", PaymentStatus),
    "shipping_status": ("shipping_status", ShippingStatus),
}
_FILTER_PARAMETERS = (*_STATUS_PARAMETERS, "customer_id", "product_id", "created_from", "created_to", "q")
_PAGE_PARAMETERS = ("sort_by", "sort_order", "page_size", "cursor", "page", "include_total")
_PARAMETERS = (*_FILTER_PARAMETERS, *_PAGE_PARAMETERS)

# Neither control characters nor halves of a character, of which PostgreSQL can make nothing.
_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
# RFC 3339, or a date alone. Python's own parser takes far more, week numbers for instance.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d))?", re.ASCII)


class SortKey(StrEnum):
    """What a list can be sorted by. Between equal values the id decides, in the same direction."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    TOTAL = "total"


_LARGEST = {
    SortKey.CREATED_AT: 0,
    # Microseconds up to the year 10000, where Python's time ends.
    SortKey.UPDATED_AT: 253_402_300_800 * 10**6 - 1,
    SortKey.TOTAL: 2**63 - 1,
}
"""The largest value in a cursor, by what the list is sorted by."""


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of a list: by default the newest first."""

    key: SortKey = SortKey.CREATED_AT
    descending: bool = True


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders; what is left out admits all.

    Attributes:
        customer_id: whose.
        states: in one of these states.
        product_id: with a line of this product.
        created_from: created then or later, as a Unix time in milliseconds.
        created_to: created before then.
        text: whose id, customer, e-mail address or one of whose products is this.
    """

    customer_id: str | None = None
    states: tuple[State, ...] = STATES
    product_id: str | None = None
    created_from: int | None = None
    created_to: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """How many orders, from where on: after a position (by cursor) or a number of orders; and whether to count all."""

    size: int = DEFAULT_PAGE_SIZE
    after: Position | None = None
    offset: int = 0
    with_total: bool = False


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """What a list asks for."""

    filter: OrderFilter = OrderFilter()
    sort: Sort = Sort()
    page: Page = Page()

    @property
    def scope(self) -> bytes:
        """A fingerprint of filter and sort, by which a cursor recognises its list."""
        return _fingerprint(self.filter, self.sort)

    @property
    def searches(self) -> bool:
        """Whether orders must be looked at to tell whether they belong: no index in the order of the sort knows."""
        dated = self.filter.created_from is not None or self.filter.created_to is not None
        return (
            self.filter.product_id is not None
            or self.filter.text is not None
            or (dated and self.sort.key is not SortKey.CREATED_AT)
        )


@dataclass(frozen=True, slots=True)
class Total:
    """How many orders a list has: exactly so many, or so many at least."""

    orders: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Some orders, without their lines; the cursor leads to the next ones, and is None where there are none.

    Attributes:
        rows: the orders.
        size: how many the page has room for.
        next_cursor: leads to the next page.
        total: how many orders the whole list has; None where nobody asked.
    """

    rows: list[OrderRow]
    size: int
    next_cursor: str | None
    total: Total | None


@lru_cache(maxsize=256)
def _fingerprint(order_filter: OrderFilter, sort: Sort) -> bytes:
    # Kept, for to write them down takes longer than all else that is done with a filter.
    return hashlib.sha256(f"{order_filter}{sort}".encode()).digest()


def parse(parameters: Mapping[str, str], *, owner: str | None) -> OrderQuery:
    """Read the query parameters of a list.

    Args:
        parameters: the query string's.
        owner: the only customer whose orders are listed; None for everybody's.

    Raises:
        InvalidParameter: a parameter is unknown or has a value that it cannot have; says which it can have.
        InvalidCursor: the cursor was changed, or belongs to another filter or sort.
    """
    for name, value in parameters.items():
        if name not in _PARAMETERS:
            raise InvalidParameter(
                f"The parameter {name[:MAX_LENGTH]!r} is unknown; there are {', '.join(_PARAMETERS)}."
            )
        if len(value) > MAX_LENGTH:
            raise InvalidParameter(f"{name} has {len(value)} characters; it can have {MAX_LENGTH}.")
    created_from, created_to = (_moment(parameters, name) for name in ("created_from", "created_to"))
    if created_from is not None and created_to is not None and created_from >= created_to:
        raise InvalidParameter("created_from is not before created_to: no order can be in between.")
    order_filter = OrderFilter(
        customer_id=_customer(parameters.get("customer_id"), owner),
        states=_states(parameters),
        product_id=_product(parameters.get("product_id")),
        created_from=created_from,
        created_to=created_to,
        text=_text(parameters.get("q")),
    )
    query = OrderQuery(order_filter, _sort(parameters))
    return replace(query, page=_page(parameters, query))


def _states(parameters: Mapping[str, str]) -> tuple[State, ...]:
    wanted: dict[str, frozenset[str]] = {}
    for name, (field, statuses) in _STATUS_PARAMETERS.items():
        if name in parameters:
            if field in wanted:
                raise InvalidParameter(f"The parameter {name!r} repeats another one for {field}; give one of them.")
            wanted[field] = _statuses(name, parameters[name], statuses)
    return tuple(state for state in STATES if all(getattr(state, field) in values for field, values in wanted.items()))


def _statuses(name: str, text: str, statuses: type[StrEnum]) -> frozenset[str]:
    values = [value.strip().lower() for value in text.split(",")]
    for value in values:
        if value not in frozenset(statuses):
            raise InvalidParameter(f"{name} is {value!r}; it can be {', '.join(statuses)}, or several with commas.")
    return frozenset(values)


def _customer(customer_id: str | None, owner: str | None) -> str | None:
    if customer_id is not None and not CUSTOMER_ID.fullmatch(customer_id):
        raise InvalidParameter(f"customer_id is {customer_id!r}; it can be 1 to 128 letters, digits and ._~@:+|=-")
    if owner is None or customer_id in (None, owner):
        return owner or customer_id
    raise InvalidParameter(f"customer_id is {customer_id!r}; this list holds the orders of {owner!r} only.")


def _product(product_id: str | None) -> str | None:
    if product_id is None or PRODUCT_ID.fullmatch(product_id):
        return product_id
    raise InvalidParameter(f"product_id is {product_id!r}; it can be 1 to 64 letters, digits and ._~@:+-")


def _text(text: str | None) -> str | None:
    if text is None or _TEXT.fullmatch(text):
        return text
    raise InvalidParameter(f"q is {text!r}; it can be a whole order id, product id, customer id or e-mail address.")


def _moment(parameters: Mapping[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.upper()) if _MOMENT.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise InvalidParameter(
            f"{name} is {text!r}; it can be a date such as 2026-11-20, meaning midnight in UTC, or a moment such as "
            "2026-11-20T08:00:00.000Z or 2026-11-20T09:00:00+01:00 (in an address, + is written %2B)."
        )
    # No order is older than Unix time, and no id can say so.
    return max(0, unix_milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))


def _sort(parameters: Mapping[str, str]) -> Sort:
    by, direction = parameters.get("sort_by"), parameters.get("sort_order")
    if by is not None and by.removeprefix("-") not in frozenset(SortKey):
        raise InvalidParameter(f"sort_by is {by!r}; it can be {', '.join(SortKey)}, with a - in front to descend.")
    if direction not in {None, "asc", "desc"}:
        raise InvalidParameter(f"sort_order is {direction!r}; it can be asc or desc.")
    if by is None:
        return Sort(descending=direction != "asc")
    if by.startswith("-") and direction == "asc":
        raise InvalidParameter(f"sort_by is {by!r}, which descends, and sort_order is 'asc'; give one of them.")
    return Sort(SortKey(by.removeprefix("-")), descending=by.startswith("-") or direction == "desc")


def _page(parameters: Mapping[str, str], query: OrderQuery) -> Page:
    size = _number(parameters, "page_size", DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    number = _number(parameters, "page", 1, MAX_OFFSET // size)
    with_total = _flag(parameters, "include_total")
    if "cursor" in parameters:
        if "page" in parameters:
            raise InvalidParameter("page and cursor say both where to begin; give one of them.")
        return Page(
            size, after=cursors.read(parameters["cursor"], query.scope, _LARGEST[query.sort.key]), with_total=with_total
        )
    if number > 1 and query.searches:
        raise InvalidParameter(
            f"page is {number}; a list by product_id or q, or by created_from or created_to in another order than that "
            "of created_at, has no numbered pages: follow next_cursor."
        )
    return Page(size, offset=(number - 1) * size, with_total=with_total)


def _number(parameters: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    text = parameters.get(name, str(default))
    # isascii: isdecimal alone takes the digits of every script.
    if text.isascii() and text.isdecimal() and len(text) <= len(str(maximum)) and 1 <= int(text) <= maximum:
        return int(text)
    raise InvalidParameter(f"{name} is {text!r}; it can be 1 to {maximum}.")


def _flag(parameters: Mapping[str, str], name: str) -> bool:
    text = parameters.get(name, "false")
    if text not in {"true", "false"}:
        raise InvalidParameter(f"{name} is {text!r}; it can be true or false.")
    return text == "true"
