"""Response bodies: orders, pages of orders and health."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

from orders.domain import money
from orders.domain.caller import actor_kind
from orders.domain.details import NO_DETAILS, Address, AdjustmentKind, adjusted
from orders.domain.lifecycle import CANCELLABLE, Event
from orders.domain.states import PaymentStatus, ShippingStatus, Status
from orders.schemas.types import (
    Actor,
    Amount,
    Count,
    CurrencyCode,
    Moment,
    OrderId,
    OrderNumber,
    OrderPath,
    Positive,
    SignedAmount,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.domain.details import Adjustment
    from orders.domain.order import ItemRow, OrderDetails, OrderSummary


class LineView(TypedDict):
    """A line of an order."""

    product_id: str
    """The product's id in the inventory."""
    name: str | None
    """What the customer saw, if given."""
    quantity: Positive
    """Number of units."""
    unit_price: Amount
    """Price of one unit, in the order's currency."""
    line_total: Amount
    """Quantity times unit price."""


class AdjustmentView(TypedDict):
    """An amount beside the lines of an order."""

    kind: AdjustmentKind
    """What it is for."""
    amount: SignedAmount
    """The amount, in the order's currency; that of a discount is 0 or less."""
    description: str | None
    """What the customer is shown, if given."""


class TimelineEntry(TypedDict):
    """An event in an order's timeline, and the statuses after it."""

    event: Event
    """The event."""
    actor: Actor
    """Who caused it: `customer:<id>`, `staff:<subject>`, `service:<subject>` or `system:<function>`. Without the scope
    `orders:read`, the part before the colon only."""
    version: Positive
    """The order's version after it."""
    status: Status
    """The order status after it."""
    payment_status: PaymentStatus
    """The payment status after it."""
    shipping_status: ShippingStatus
    """The shipping status after it."""
    reason: str | None
    """The reason, if one was given."""
    tracking_number: str | None
    """The tracking number that it brought, if any."""
    changed_fields: list[str] | None
    """The names of the fields that `order.updated` has changed."""
    occurred_at: Moment
    """When it occurred."""


class OrderLinks(TypedDict):
    """Links of an order."""

    self: OrderPath
    """The order itself."""
    cancel: NotRequired[OrderPath]
    """Where to cancel it; missing once it can no longer be cancelled."""


class OrderSummaryView(TypedDict):
    """An order in a list: without its lines, which can be a thousand."""

    id: OrderId
    """The order's id; never changes."""
    number: OrderNumber
    """A short number for people."""
    external_reference: str | None
    """The shop's own number of the order, if given."""
    customer_id: str
    """The customer whose order it is."""
    customer_name: str | None
    """The customer's name, if given."""
    customer_email: str | None
    """The customer's e-mail address, if given."""
    status: Status
    """The order status."""
    payment_status: PaymentStatus
    """The payment status."""
    shipping_status: ShippingStatus
    """The shipping status."""
    failure_reason: str | None
    """Why the order failed, if it did: `payment_declined` or `expired`."""
    cancel_reason: str | None
    """The reason given for its cancellation, if any."""
    tracking_number: str | None
    """The shipment's tracking number, once there is one."""
    currency: CurrencyCode
    """The currency of all amounts."""
    total: Amount
    """What is charged: the sum of the lines and the adjustments."""
    line_count: Positive
    """Number of lines."""
    version: Positive
    """Incremented with each change; the `ETag` contains it."""
    created_at: Moment
    """When the order was placed."""
    updated_at: Moment
    """When the order last changed."""
    needs_attention: NotRequired[bool]
    """Whether one of its tasks has failed and a person must act; only with the scope `orders:read`."""
    links: OrderLinks
    """Related resources."""


class OrderView(OrderSummaryView):
    """An order with its lines and, if requested, its timeline."""

    items: list[LineView]
    """The lines: one for each product and price."""
    subtotal: Amount
    """The sum of the lines."""
    adjustments: list[AdjustmentView]
    """Amounts beside the lines, such as postage, tax and discounts."""
    shipping_address: Address | None
    """Where it is shipped to, if given."""
    billing_address: Address | None
    """Where it is billed to, if given."""
    shipping_method: str | None
    """The shipping service's name of the method, if given."""
    note: str | None
    """The customer's words, if given."""
    metadata: dict[str, str]
    """The shop's own data: strings by name."""
    personal_data_erased_at: Moment | None
    """When the order's personal data was erased, if it was."""
    timeline: NotRequired[list[TimelineEntry]]
    """The order's events, oldest first; only with `include=timeline`."""


class PageView(TypedDict):
    """A page of orders."""

    orders: list[OrderSummaryView]
    """The orders, sorted as requested. A page with fewer orders than `page_size`, even none, may not be the last."""
    count: Count
    """Number of orders on this page."""
    page_size: Positive
    """Maximum number of orders on a page."""
    next_cursor: str | None
    """The cursor of the next page; null on the last page."""
    total: NotRequired[Count]
    """Number of orders on all pages; only with `include_total=true`."""
    total_is_exact: NotRequired[bool]
    """Whether `total` is exact; if not, there are at least as many."""


class ErasureView(TypedDict):
    """What an erasure of personal data has done, and what is left: counted up to 10,000."""

    erased: Count
    """Number of orders whose personal data was erased now."""
    remaining: Count
    """Number of orders that can be erased now: repeat the request, or leave them to the service."""
    live: Count
    """Number of orders that have not ended, or have unfinished tasks; the service erases them when they have ended."""


class HealthView(TypedDict):
    """The health of the service."""

    status: Literal["ok", "degraded", "unavailable"]
    """Overall: `degraded` accepts orders but processes tasks late, `unavailable` accepts none."""
    database: Literal["ok", "unavailable"]
    """Whether the database is reachable."""
    tasks: Literal["ok", "delayed", "unknown"]
    """Whether tasks are processed on time; `unknown` while the database is unavailable."""


def order_view(row: "OrderDetails", *, for_reader: bool) -> OrderView:
    """Return the view of an order: its summary, its lines, and its timeline if that was read.

    Args:
        row: the order.
        for_reader: whether the caller may read all customers' orders. Only then it names actors, and not just their
            kinds, and tells whether the order needs attention.
    """
    currency, details = row["currency"], row["details"] or NO_DETAILS
    view: OrderView = {
        **summary_view(row, for_reader=for_reader),  # type: ignore[typeddict-item]  # a summary never has a timeline
        "items": line_views(row["items"], currency),
        "subtotal": money.to_decimal(row["total"] - adjusted(details["adjustments"]), currency),
        "adjustments": adjustment_views(details["adjustments"], currency),
        "shipping_address": details["shipping_address"],
        "billing_address": details["billing_address"],
        "shipping_method": details["shipping_method"],
        "note": details["note"],
        "metadata": dict(details["metadata"] or {}),
        "personal_data_erased_at": timestamp(row["erased_at"]) if row["erased_at"] else None,
    }
    if timeline := row.get("timeline"):
        view["timeline"] = [
            entry if for_reader else {**entry, "actor": actor_kind(entry["actor"])} for entry in timeline
        ]
    return view


def line_views(rows: "Iterable[ItemRow]", currency: str) -> list[LineView]:
    """Return the views of an order's lines."""
    return [
        {
            "product_id": product_id,
            "name": name,
            "quantity": quantity,
            "unit_price": money.to_decimal(unit_price, currency),
            "line_total": money.to_decimal(quantity * unit_price, currency),
        }
        for product_id, quantity, unit_price, name in rows
    ]


def adjustment_views(adjustments: "Iterable[Adjustment] | None", currency: str) -> list[AdjustmentView]:
    """Return the views of an order's adjustments."""
    return [{**each, "amount": money.to_decimal(each["amount"], currency)} for each in adjustments or ()]


def summary_view(row: "OrderSummary", *, for_reader: bool) -> OrderSummaryView:
    """Return the view of an order in a list; `for_reader` as in `order_view`."""
    path = f"/v1/orders/{row['id']}"
    links: OrderLinks = {"self": path}
    if (row["status"], row["payment_status"], row["shipping_status"]) in CANCELLABLE:
        links["cancel"] = f"{path}/cancel"
    view: OrderSummaryView = {
        "id": row["id"],
        "number": row["number"],
        "external_reference": row["external_reference"],
        "customer_id": row["customer_id"],
        "customer_name": row["customer_name"],
        "customer_email": row["customer_email"],
        "status": row["status"],
        "payment_status": row["payment_status"],
        "shipping_status": row["shipping_status"],
        "failure_reason": row["failure_reason"],
        "cancel_reason": row["cancel_reason"],
        "tracking_number": row["tracking_number"],
        "currency": row["currency"],
        "total": money.to_decimal(row["total"], row["currency"]),
        "line_count": row["line_count"],
        "version": row["version"],
        "created_at": timestamp(row["created_at"]),
        "updated_at": timestamp(row["updated_at"]),
        "links": links,
    }
    if for_reader:
        view["needs_attention"] = row["needs_attention"]
    return view


def timestamp(at: datetime) -> str:
    """Format a time by RFC 3339, in UTC, with milliseconds."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
