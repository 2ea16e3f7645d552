"""Orders as the API shows them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

from orders.domain import money
from orders.domain.lifecycle import CANCELLABLE, Event
from orders.domain.states import PaymentStatus, ShippingStatus, Status
from orders.schemas.types import Amount, Count, CurrencyCode, Moment, OrderId, OrderPath, Positive

if TYPE_CHECKING:
    from orders.domain.order import OrderDetails, OrderRow


class LineView(TypedDict):
    """One line of an order."""

    product_id: str
    """The product, as the inventory names it."""
    quantity: Positive
    """How many pieces."""
    unit_price: Amount
    """The price of one piece, in the order's currency."""
    line_total: Amount
    """Quantity times unit price."""


class TimelineEntry(TypedDict):
    """One thing that happened to an order, and the statuses that it led to."""

    event: Event
    """What happened."""
    version: Positive
    """The version of the order that it made."""
    status: Status
    """Where the order as a whole stood then."""
    payment_status: PaymentStatus
    """Where its money stood."""
    shipping_status: ShippingStatus
    """Where its parcel stood."""
    reason: str | None
    """Why, where somebody said so."""
    occurred_at: Moment
    """When."""


class OrderLinks(TypedDict):
    """Where to go from an order."""

    self: OrderPath
    """The order itself."""
    cancel: NotRequired[OrderPath]
    """Where to cancel it; missing when it is too late for that."""


class OrderSummaryView(TypedDict):
    """An order as a list shows it: without its lines, of which there can be a thousand."""

    id: OrderId
    """The order's name, for good."""
    customer_id: str
    """Whose order it is."""
    customer_name: str | None
    """What the customer is called, where the order says so."""
    customer_email: str | None
    """Where the customer is written to, where the order says so."""
    status: Status
    """Where the order as a whole stands."""
    payment_status: PaymentStatus
    """Where its money stands."""
    shipping_status: ShippingStatus
    """Where its parcel stands."""
    failure_reason: str | None
    """Why it failed, if it did: `payment_declined` or `expired`."""
    cancel_reason: str | None
    """Why it was cancelled, in the words of whoever did, if they said so."""
    tracking_number: str | None
    """The parcel's, once there is one."""
    currency: CurrencyCode
    """Of all amounts."""
    total: Amount
    """The sum of the lines."""
    line_count: Positive
    """How many lines the order has."""
    version: Positive
    """Grows by one with each change; the `ETag` is made of it."""
    created_at: Moment
    """When the order was placed."""
    updated_at: Moment
    """When it last changed."""
    links: OrderLinks
    """Where to go from here."""


class OrderView(OrderSummaryView):
    """An order with its lines and, where asked for, its timeline."""

    items: list[LineView]
    """What was ordered: one line for each product and price."""
    timeline: NotRequired[list[TimelineEntry]]
    """What happened to the order, the oldest first; only with `include=timeline`."""


class PageView(TypedDict):
    """A page of orders."""

    orders: list[OrderSummaryView]
    """The orders, in the order asked for. A page may be short, or empty, and still not be the last."""
    count: Count
    """How many are on this page."""
    page_size: Positive
    """How many can be on one."""
    next_cursor: str | None
    """Leads to the next page; null on the last one."""
    total: NotRequired[Count]
    """How many match altogether; only with `include_total=true`."""
    total_is_exact: NotRequired[bool]
    """Whether there are just as many; where not, there are more."""


class HealthView(TypedDict):
    """Whether the service can do its work."""

    status: Literal["ok", "degraded", "unavailable"]
    """As a whole: `degraded` takes orders and is late with what follows, `unavailable` takes none."""
    database: Literal["ok", "unavailable"]
    """Whether the database answers."""
    tasks: Literal["ok", "delayed", "unknown"]
    """Whether what follows an order is on time; unknown where the database cannot say."""


def order_view(row: "OrderDetails") -> OrderView:
    """An order: what a list shows, its lines, and its timeline where that was read."""
    currency = row["currency"]
    view: OrderView = {
        **summary_view(row),  # type: ignore[typeddict-item]  # a summary never has a timeline
        "items": [
            {
                "product_id": product_id,
                "quantity": quantity,
                "unit_price": money.to_decimal(unit_price, currency),
                "line_total": money.to_decimal(quantity * unit_price, currency),
            }
            for product_id, quantity, unit_price in row["items"]
        ],
    }
    if timeline := row.get("timeline"):
        view["timeline"] = timeline
    return view


def summary_view(row: "OrderRow") -> OrderSummaryView:
    """An order without its lines, of which there can be a thousand."""
    path = f"/v1/orders/{row['id']}"
    links: OrderLinks = {"self": path}
    if (row["status"], row["payment_status"], row["shipping_status"]) in CANCELLABLE:
        links["cancel"] = f"{path}/cancel"
    return {
        "id": row["id"],
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


def timestamp(at: datetime) -> str:
    """A moment in RFC 3339, in UTC, to the millisecond."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
