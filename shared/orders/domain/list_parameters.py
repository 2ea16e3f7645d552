"""Parse the query parameters of lists."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum

from orders.domain import cursors
from orders.domain.caller import CUSTOMER_ID, CUSTOMER_ID_FORMAT
from orders.domain.clock import unix_milliseconds
from orders.domain.errors import InvalidParameter
from orders.domain.ids import ORDER_NUMBER, PRODUCT_ID, PRODUCT_ID_FORMAT
from orders.domain.lifecycle import STATES
from orders.domain.order_query import DEFAULT_PAGE_SIZE, OrderFilter, OrderQuery, Page, Sort, SortKey
from orders.domain.query_parameters import check_known, number
from orders.domain.quoting import quoted
from orders.domain.states import PaymentStatus, ShippingStatus, State, Status

MAX_PAGE_SIZE = 100
MAX_OFFSET = 100_000
"""The maximum of orders that `page` may skip: the database reads each of them. A cursor skips any number at no cost."""
MAX_LENGTH = 300
"""The maximum length of a parameter, in characters."""

_STATUS_PARAMETERS: dict[str, tuple[str, type[StrEnum]]] = {
    "status": ("status", Status),
    "status_filter": ("status", Status),
    "payment_status": ("payment_status", PaymentStatus),
    "payment_filter": ("payment_status", PaymentStatus),
    "shipping_status": ("shipping_status", ShippingStatus),
}
_FILTER_PARAMETERS = (
    *_STATUS_PARAMETERS,
    "customer_id",
    "product_id",
    "number",
    "external_reference",
    "created_from",
    "created_to",
    "q",
)
_PAGE_PARAMETERS = ("sort_by", "sort_order", "page_size", "cursor", "page", "include_total")
_PARAMETERS = (*_FILTER_PARAMETERS, "needs_attention", *_PAGE_PARAMETERS)

# Neither control characters nor lone surrogates: PostgreSQL cannot store them.
_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
# RFC 3339, or a date only. Python's parser also accepts other formats, such as week numbers.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d))?", re.ASCII)
_LARGEST = {
    SortKey.CREATED_AT: 0,
    SortKey.UPDATED_AT: 253_402_300_800 * 10**6 - 1,
    SortKey.TOTAL: 2**63 - 1,
}
"""The largest sort value in a cursor, by sort key; that of a time is microseconds until the year 10000."""


def parse(parameters: Mapping[str, str], *, owner: str | None) -> OrderQuery:
    """Parse the query parameters of a list.

    Args:
        parameters: the query string's.
        owner: the only customer whose orders are listed; None for all customers.

    Raises:
        InvalidParameter: a parameter is unknown or has an invalid value.
        InvalidCursor: the cursor was changed, or belongs to a list with another filter or sort.
    """
    for name, value in parameters.items():
        check_known(name, _PARAMETERS)
        if len(value) > MAX_LENGTH:
            raise InvalidParameter(name, f"has {len(value)} characters; the maximum is {MAX_LENGTH}.")
    created_from, created_to = (_moment(parameters, name) for name in ("created_from", "created_to"))
    if created_from is not None and created_to is not None and created_from >= created_to:
        raise InvalidParameter("created_from", "must be before created_to.")
    order_filter = OrderFilter(
        customer_id=_customer(parameters.get("customer_id"), owner),
        states=_states(parameters),
        product_id=_product(parameters.get("product_id")),
        created_from=created_from,
        created_to=created_to,
        number=_order_number(parameters.get("number")),
        external_reference=_text("external_reference", parameters, "the shop's own number of the order"),
        text=_text("q", parameters, "a whole order id or its end, number, product id, customer id or e-mail address"),
        needs_attention=_flag(parameters, "needs_attention", ("true",)),
    )
    query = OrderQuery(order_filter, _sort(parameters))
    return replace(query, page=_page(parameters, query))


def _states(parameters: Mapping[str, str]) -> tuple[State, ...]:
    allowed: dict[str, frozenset[str]] = {}
    for name, (field, statuses) in _STATUS_PARAMETERS.items():
        if name in parameters:
            if field in allowed:
                raise InvalidParameter(name, f"repeats another parameter for {field}; give only one of them.")
            allowed[field] = _statuses(name, parameters[name], statuses)
    if not allowed:
        return STATES
    return tuple(state for state in STATES if all(getattr(state, field) in values for field, values in allowed.items()))


def _statuses(name: str, text: str, statuses: type[StrEnum]) -> frozenset[str]:
    values = [value.strip().lower() for value in text.split(",")]
    for value in values:
        if value not in frozenset(statuses):
            raise InvalidParameter(
                name, f"is {quoted(value)}; it must be one or more of {', '.join(statuses)}, separated by commas."
            )
    return frozenset(values)


def _customer(customer_id: str | None, owner: str | None) -> str | None:
    if customer_id is not None and not CUSTOMER_ID.fullmatch(customer_id):
        raise InvalidParameter("customer_id", f"is {quoted(customer_id)}; it must be {CUSTOMER_ID_FORMAT}.")
    if owner is None or customer_id in (None, owner):
        return owner or customer_id
    raise InvalidParameter(
        "customer_id", f"is {quoted(customer_id)}; this list contains only the orders of {quoted(owner)}."
    )


def _product(product_id: str | None) -> str | None:
    if product_id is None or PRODUCT_ID.fullmatch(product_id):
        return product_id
    raise InvalidParameter("product_id", f"is {quoted(product_id)}; it must be {PRODUCT_ID_FORMAT}.")


def _order_number(number: str | None) -> int | None:
    if number is None:
        return None
    if not ORDER_NUMBER.fullmatch(number):
        raise InvalidParameter("number", f"is {quoted(number)}; it must be an order's number such as 100001.")
    return int(number)


def _text(name: str, parameters: Mapping[str, str], expected: str) -> str | None:
    text = parameters.get(name)
    if text is None or _TEXT.fullmatch(text):
        return text
    raise InvalidParameter(name, f"is {quoted(text)}; it must be {expected}.")


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
            name,
            f"is {quoted(text)}; it must be a date such as 2026-11-20 (midnight in UTC) or a time such as "
            "2026-11-20T08:00:00.000Z or 2026-11-20T09:00:00+01:00 (in a URL, write + as %2B).",
        )
    # Order ids cannot contain a time before Unix time starts, and no order is that old.
    return max(0, unix_milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))


def _sort(parameters: Mapping[str, str]) -> Sort:
    by, direction = parameters.get("sort_by"), parameters.get("sort_order")
    if by is not None and by.removeprefix("-") not in frozenset(SortKey):
        raise InvalidParameter(
            "sort_by",
            f"is {quoted(by)}; it must be {' or '.join(SortKey)}, with a leading - to sort in descending order.",
        )
    if direction not in {None, "asc", "desc"}:
        raise InvalidParameter("sort_order", f"is {quoted(str(direction))}; it must be asc or desc.")
    if by is None:
        return Sort(descending=direction != "asc")
    if by.startswith("-") and direction == "asc":
        raise InvalidParameter("sort_by", f"is {by!r} (descending), but sort_order is 'asc'; give only one of them.")
    return Sort(SortKey(by.removeprefix("-")), descending=by.startswith("-") or direction == "desc")


def _page(parameters: Mapping[str, str], query: OrderQuery) -> Page:
    size = number(parameters, "page_size", DEFAULT_PAGE_SIZE, minimum=1, maximum=MAX_PAGE_SIZE)
    page = number(parameters, "page", 1, minimum=1, maximum=MAX_OFFSET // size)
    with_total = _flag(parameters, "include_total")
    if "cursor" in parameters:
        if "page" in parameters:
            raise InvalidParameter("page", "and cursor cannot be combined; give only one of them.")
        after = cursors.read(parameters["cursor"], query.scope, _LARGEST[query.sort.key])
        return Page(size, after=after, with_total=with_total)
    if page > 1 and query.searches:
        raise InvalidParameter(
            "page",
            f"is {page}; a list by product_id, number, external_reference, q or needs_attention, or by dates and "
            "another sort than created_at, has no numbered pages; use the cursor in next_cursor.",
        )
    return Page(size, offset=(page - 1) * size, with_total=with_total)


def _flag(parameters: Mapping[str, str], name: str, values: tuple[str, ...] = ("true", "false")) -> bool:
    text = parameters.get(name)
    if text is not None and text not in values:
        raise InvalidParameter(name, f"is {quoted(text)}; it must be {' or '.join(values)}.")
    return text == "true"
