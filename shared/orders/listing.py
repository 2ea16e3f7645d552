"""Which orders a list asks for: filters, the page, and the cursor that leads to the next one."""

import base64
import binascii
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orders.auth import CUSTOMER_ID
from orders.errors import InvalidCursor, InvalidParameter
from orders.lifecycle import PaymentStatus, ShippingStatus, Status

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
MAX_OFFSET = 100_000
"""Orders that `page` may skip: the database reads each of them. A cursor skips any number at no cost."""

_STATUS_PARAMETERS: dict[str, tuple[str, type[StrEnum]]] = {
    "status": ("status", Status),
    "status_filter": ("status", Status),
    "payment_status": ("payment_status", PaymentStatus),
    "payment_filter": ("payment_status", PaymentStatus),
    "shipping_status": ("shipping_status", ShippingStatus),
}
_SORTED_NEWEST_FIRST = frozenset({("-created_at", None), ("created_at", None), ("created_at", "desc"), (None, "desc")})
_PAGE_PARAMETERS = ("page", "page_size", "cursor", "sort_by", "sort_order")
_DIGEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders: of one customer (None: of all), in any of the given states (a field left out: in all)."""

    customer_id: str | None = None
    states: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def digest(self) -> bytes:
        """A fingerprint, by which a cursor recognises its filter."""
        states = "&".join(f"{name}={','.join(sorted(values))}" for name, values in sorted(self.states.items()))
        return hashlib.sha256(f"{self.customer_id}&{states}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Page:
    """How many orders, and from where: after an order (by cursor), or after a number of orders (by page)."""

    size: int = DEFAULT_PAGE_SIZE
    after: str | None = None
    offset: int = 0


def parse(parameters: Mapping[str, str], *, owner: str | None) -> tuple[OrderFilter, Page]:
    """Read the query parameters of a list.

    Args:
        parameters: the query string's.
        owner: the only customer whose orders are listed; None for everybody's.

    Raises:
        InvalidParameter: a parameter is unknown or has a value that it cannot have; says which it can have.
        InvalidCursor: the cursor was changed, or belongs to another filter.
    """
    allowed = (*_STATUS_PARAMETERS, "customer_id", *_PAGE_PARAMETERS)
    for name in parameters:
        if name not in allowed:
            raise InvalidParameter(f"The parameter {name!r} is unknown; there are {', '.join(allowed)}.")
    states: dict[str, tuple[str, ...]] = {}
    for name, (column, statuses) in _STATUS_PARAMETERS.items():
        if name in parameters:
            if column in states:
                raise InvalidParameter(f"The parameter {name!r} repeats another one for {column}; give one of them.")
            states[column] = _statuses(name, parameters[name], statuses)
    order_filter = OrderFilter(_customer(parameters.get("customer_id"), owner), states)
    _check_sort(parameters)
    return order_filter, _page(parameters, order_filter)


def next_cursor(order_filter: OrderFilter, last_order_id: str) -> str:
    """The cursor of the page that follows the given order; opaque, URL-safe."""
    position = uuid.UUID(last_order_id).bytes
    return base64.urlsafe_b64encode(position + _seal(position, order_filter)).rstrip(b"=").decode()


def _after(cursor: str, order_filter: OrderFilter) -> str:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    position, seal = raw[:16], raw[16:]
    # Compared as text too: base64 has several spellings of the same bytes.
    if seal != _seal(position, order_filter) or next_cursor(order_filter, str(uuid.UUID(bytes=position))) != cursor:
        raise InvalidCursor(
            "The cursor was changed or belongs to another filter; start again without it, and keep the filter."
        )
    return str(uuid.UUID(bytes=position))


def _seal(position: bytes, order_filter: OrderFilter) -> bytes:
    return hashlib.sha256(position + order_filter.digest()).digest()[:_DIGEST_BYTES]


def _statuses(name: str, text: str, statuses: type[StrEnum]) -> tuple[str, ...]:
    values = tuple(value.strip().lower() for value in text.split(","))
    for value in values:
        if value not in frozenset(statuses):
            raise InvalidParameter(f"{name} is {value!r}; it can be {', '.join(statuses)}, or several with commas.")
    return values


def _customer(customer_id: str | None, owner: str | None) -> str | None:
    if customer_id is not None and not CUSTOMER_ID.fullmatch(customer_id):
        raise InvalidParameter(f"customer_id is {customer_id!r}; it can be 1 to 128 letters, digits and ._~@:+|=-")
    if owner is None or customer_id in (None, owner):
        return owner or customer_id
    raise InvalidParameter(f"customer_id is {customer_id!r}; this list holds the orders of {owner!r} only.")


def _check_sort(parameters: Mapping[str, str]) -> None:
    sort = parameters.get("sort_by"), parameters.get("sort_order")
    if sort != (None, None) and sort not in _SORTED_NEWEST_FIRST:
        raise InvalidParameter("Orders come newest first: sort_by can be -created_at, sort_order can be desc.")


def _page(parameters: Mapping[str, str], order_filter: OrderFilter) -> Page:
    size = _number(parameters, "page_size", DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    if "cursor" in parameters:
        if "page" in parameters:
            raise InvalidParameter("page and cursor say both where to begin; give one of them.")
        return Page(size, after=_after(parameters["cursor"], order_filter))
    return Page(size, offset=(_number(parameters, "page", 1, MAX_OFFSET // size) - 1) * size)


def _number(parameters: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    text = parameters.get(name, str(default))
    # isascii: isdecimal alone takes the digits of every script.
    if text.isascii() and text.isdecimal() and len(text) <= len(str(maximum)) and 1 <= int(text) <= maximum:
        return int(text)
    raise InvalidParameter(f"{name} is {text!r}; it can be 1 to {maximum}.")
