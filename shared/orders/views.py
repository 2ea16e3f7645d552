"""Orders as the API shows them."""

from datetime import UTC, datetime
from typing import Any

from orders import money
from orders.database import Row
from orders.lifecycle import Event, transition
from orders.store import state_of


def order_view(row: Row) -> dict[str, Any]:
    """An order: what a list shows, its lines, and its timeline where that was read."""
    currency = row["currency"]
    view = summary_view(row)
    view["items"] = [
        {
            "product_id": product_id,
            "quantity": quantity,
            "unit_price": money.to_decimal(unit_price, currency),
            "line_total": money.to_decimal(quantity * unit_price, currency),
        }
        for product_id, quantity, unit_price in row["items"]
    ]
    if row.get("timeline"):
        view["timeline"] = row["timeline"]
    return view


def summary_view(row: Row) -> dict[str, Any]:
    """An order without its lines, of which there can be a thousand."""
    path = f"/v1/orders/{row['id']}"
    links = {"self": path}
    if _cancellable(row):
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
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cancellable(row: Row) -> bool:
    return transition(Event.CANCELLED, state_of(row)) is not None
