"""Orders that functions of the database answer as JSON, with their times as text."""

from datetime import datetime
from typing import TypedDict

from orders.domain.details import Details
from orders.domain.order import ItemRow, OrderDetails, StoredOrder, TimelineRow


class FoundOrder(TypedDict):
    """An order as JSON: its times are text, unlike in a row."""

    stored: StoredOrder
    items: list[ItemRow]
    details: Details | None
    needs_attention: bool
    timeline: list[TimelineRow] | None


def stored_order(found: StoredOrder) -> StoredOrder:
    """Return an order with its times parsed."""
    return {
        **found,
        "created_at": datetime.fromisoformat(str(found["created_at"])),
        "updated_at": datetime.fromisoformat(str(found["updated_at"])),
        "erased_at": datetime.fromisoformat(str(found["erased_at"])) if found["erased_at"] else None,
    }


def order_details(found: FoundOrder) -> OrderDetails:
    """Return an order with lines, details and timeline."""
    return {
        **stored_order(found["stored"]),
        "items": found["items"],
        "details": found["details"],
        "needs_attention": found["needs_attention"],
        "timeline": found["timeline"],
    }
