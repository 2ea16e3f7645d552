"""Example requests and responses; tests validate each against its schema."""

import json

from orders.domain import errors
from orders.domain.errors import OrderServiceError
from orders.domain.field_errors import FieldError
from tools.openapi.references import Json

ORDER_ID = "01a1f804-f676-7425-8d36-c12d7c86e4b3"
REQUEST_ID = "JKJaXmPLvHcESHA="
CURSOR = "AaH4BPZ2dCWNNsEtfIbks2hZ9Q0xSmTX"

_ADDRESS: Json = {
    "name": "Alice Johnson",
    "line1": "12 Main Street",
    "city": "Springfield",
    "region": "IL",
    "postal_code": "62701",
    "country": "US",
}
NEW_ORDER: Json = {"items": [{"product_id": "PROD001", "quantity": 2, "unit_price": 79.99}]}
NEW_ORDERS: dict[str, Json] = {
    "items": NEW_ORDER,
    "whole": {
        "customer_id": "5",
        "customer_name": "Alice Johnson",
        "customer_email": "alice@example.com",
        "currency": "USD",
        "items": [{"product_id": "PROD001", "name": "Desk lamp", "quantity": 2, "unit_price": "79.99"}],
        "adjustments": [
            {"kind": "shipping", "amount": "4.90", "description": "Standard"},
            {"kind": "discount", "amount": "-10.00", "description": "WELCOME10"},
            {"kind": "tax", "amount": "12.39", "description": "Sales tax 8 %"},
        ],
        "shipping_address": _ADDRESS,
        "billing_address": {**_ADDRESS, "company": "Johnson Ltd."},
        "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "external_reference": "WEB-20417",
        "note": "Please ring twice.",
        "metadata": {"channel": "web"},
    },
    "earlier_names": {"customer_id": 5, "items": [{"sku": "SKU123", "quantity": 2, "price": 100.0}]},
}
CUSTOMER_ORDERS: dict[str, Json] = {
    "of_cart": {"shipping_address": _ADDRESS, "note": "Please ring twice."},
    "items": NEW_ORDER,
}
CANCELLATIONS: dict[str, Json] = {"reason": {"reason": "changed my mind"}, "no_reason": {}}
ORDER_UPDATES: dict[str, Json] = {
    "address": {"shipping_address": {**_ADDRESS, "line1": "21 Main Street"}},
    "words": {"external_reference": "WEB-20418", "note": None, "metadata": {"channel": "phone", "gift": "yes"}},
}
UPDATES: dict[str, Json] = {
    "shipped": {"status": "shipped", "tracking_number": "TRACK-1", "event_id": "evt_9"},
    "paid": {"payment_status": "paid"},
    "ready": {"shipping_status": "ready", "reason": "packed early"},
}

_LINE = {
    "product_id": "PROD001",
    "name": "Desk lamp",
    "quantity": 2,
    "unit_price": "79.99",
    "line_total": "159.98",
}
_SUMMARY: Json = {
    "id": ORDER_ID,
    "number": 100_042,
    "external_reference": "WEB-20417",
    "customer_id": "5",
    "customer_name": None,
    "customer_email": None,
    "status": "pending",
    "payment_status": "pending",
    "shipping_status": "pending",
    "failure_reason": None,
    "cancel_reason": None,
    "tracking_number": None,
    "currency": "USD",
    "total": "164.88",
    "line_count": 1,
    "version": 1,
    "created_at": "2026-11-20T08:00:00.118Z",
    "updated_at": "2026-11-20T08:00:00.118Z",
    "links": {"self": f"/v1/orders/{ORDER_ID}", "cancel": f"/v1/orders/{ORDER_ID}/cancel"},
}
PLACED: Json = {
    **_SUMMARY,
    "items": [_LINE],
    "subtotal": "159.98",
    "adjustments": [{"kind": "shipping", "amount": "4.90", "description": "Standard"}],
    "shipping_address": _ADDRESS,
    "billing_address": None,
    "shipping_method": "standard",
    "note": "Please ring twice.",
    "metadata": {"channel": "web"},
    "personal_data_erased_at": None,
}
_CANCELLED_STATUSES = {"status": "cancelled", "payment_status": "voided", "shipping_status": "cancelled"}
CANCELLED: Json = {
    **PLACED,
    **_CANCELLED_STATUSES,
    "cancel_reason": "changed my mind",
    "version": 2,
    "updated_at": "2026-11-20T08:01:12.004Z",
    "links": {"self": f"/v1/orders/{ORDER_ID}"},
}
UPDATED: Json = {
    **PLACED,
    **ORDER_UPDATES["address"],
    "version": 2,
    "updated_at": "2026-11-20T08:00:40.731Z",
}
SHIPPED: Json = {
    **PLACED,
    "status": "shipped",
    "payment_status": "paid",
    "shipping_status": "shipped",
    "tracking_number": "TRACK-1",
    "version": 5,
    "updated_at": "2026-11-20T09:30:00.250Z",
    "links": {"self": f"/v1/orders/{ORDER_ID}"},
}
WITH_TIMELINE: Json = {
    **CANCELLED,
    "timeline": [
        {
            "event": "order.placed",
            "actor": "customer:5",
            "version": 1,
            "status": "pending",
            "payment_status": "pending",
            "shipping_status": "pending",
            "reason": None,
            "tracking_number": None,
            "changed_fields": None,
            "occurred_at": PLACED["created_at"],
        },
        {
            "event": "order.cancelled",
            "actor": "service:support-desk",
            "version": 2,
            **_CANCELLED_STATUSES,
            "reason": "changed my mind",
            "tracking_number": None,
            "changed_fields": None,
            "occurred_at": CANCELLED["updated_at"],
        },
    ],
}
PAGES: dict[str, Json] = {
    "page": {"orders": [_SUMMARY], "count": 1, "page_size": 1, "next_cursor": CURSOR},
    "last": {"orders": [], "count": 0, "page_size": 20, "next_cursor": None},
    "with_total": {
        "orders": [_SUMMARY],
        "count": 1,
        "page_size": 20,
        "next_cursor": None,
        "total": 1,
        "total_is_exact": True,
    },
}
_EVENT: Json = {
    "id": f"{ORDER_ID}.2",
    "type": "order.cancelled",
    "order_id": ORDER_ID,
    "number": 100_042,
    "sequence": 2,
    "occurred_at": CANCELLED["updated_at"],
    "actor": {"kind": "service", "id": "support-desk"},
    "changed_fields": None,
    **_CANCELLED_STATUSES,
    "failure_reason": None,
    "currency": "USD",
    "subtotal": "159.98",
    "total": "164.88",
    "adjustments": PLACED["adjustments"],
    "items": [_LINE],
    "position": 1234,
}
EVENT_PAGES: dict[str, Json] = {
    "page": {"events": [_EVENT], "count": 1, "next_cursor": "1234"},
    "end": {"events": [], "count": 0, "next_cursor": "1234"},
}
_EXPORTED: Json = {
    **WITH_TIMELINE,
    "timeline": [{**entry, "actor": entry["actor"].partition(":")[0]} for entry in WITH_TIMELINE["timeline"]],
}
EXPORT = json.dumps(_EXPORTED, separators=(",", ":")) + "\n"
ERASURES: dict[str, Json] = {
    "done": {"erased": 3, "remaining": 0, "live": 0},
    "not_done": {"erased": 500, "remaining": 112, "live": 1},
}
HEALTHY: dict[str, Json] = {
    "ok": {"status": "ok", "database": "ok", "tasks": "ok"},
    "degraded": {"status": "degraded", "database": "ok", "tasks": "delayed"},
}
UNHEALTHY: Json = {"status": "unavailable", "database": "unavailable", "tasks": "unknown"}
METRICS = """\
# HELP orders_by_status Orders by status.
# TYPE orders_by_status gauge
orders_by_status{status="pending"} 12.0
"""

GATEWAY_MESSAGES: dict[int, str] = {
    401: "Unauthorized",
    403: "Forbidden",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
"""Messages of API Gateway itself."""

_PENDING_CHOICES = {"status": ["cancelled"], "payment_status": ["processing"], "shipping_status": []}
_NO_QUANTITY: FieldError = {
    "loc": ["items", 0, "quantity"],
    "msg": "must be at least 1",
    "type": "greater_than_equal",
}
_PROBLEMS: tuple[OrderServiceError, ...] = (
    errors.OrderServiceError("An unexpected error occurred; it has been logged."),
    errors.MalformedJson("The body is not valid JSON: EOF while parsing a list at line 1 column 11."),
    errors.InvalidParameter("page_size", "is '1000'; it must be a whole number from 1 to 100."),
    errors.InvalidCursor(
        "The cursor is invalid or belongs to a list with another filter or sort; start again without a cursor."
    ),
    errors.Forbidden("You may list your own orders only; other customers' require the scope orders:read."),
    errors.RouteNotFound("There is no route GET /v1/carts; /docs lists all routes."),
    errors.OrderNotFound(f"There is no order '{ORDER_ID}'."),
    errors.CartNotFound("The customer '5' has no cart."),
    errors.MethodNotAllowed("There is no route DELETE /v1/orders; this path allows GET, OPTIONS, POST."),
    errors.InsufficientStock(
        "Insufficient stock of PROD001 (3 of 5); nothing was reserved.",
        shortages=[{"product_id": "PROD001", "requested": 5, "available": 3}],
    ),
    errors.PriceChanged(
        "Some prices differ from the inventory's; nothing was ordered.",
        prices=[
            {
                "product_id": "PROD001",
                "requested": "79.99",
                "requested_currency": "USD",
                "current": "84.99",
                "current_currency": "USD",
            }
        ],
    ),
    errors.CartAlreadyOrdered("The cart of the customer '5' has been ordered already."),
    errors.TooManyUnpaidOrders("The customer '5' has 20 unpaid orders, the maximum; pay or cancel one."),
    errors.OrderNotCancellable(
        "The order is shipped and can no longer be cancelled.",
        current={"status": "shipped", "payment_status": "paid", "shipping_status": "shipped"},
    ),
    errors.OrderNotUpdatable(
        "The order's parcel is ready; it can no longer be changed.",
        current={"status": "confirmed", "payment_status": "paid", "shipping_status": "ready"},
    ),
    errors.InvalidTransition(
        "The order cannot go to status shipped from pending/pending/pending (order/payment/shipping).",
        current={"status": "pending", "payment_status": "pending", "shipping_status": "pending"},
        allowed=_PENDING_CHOICES,
    ),
    errors.RequestInProgress("A request with this Idempotency-Key is in progress; retry in a moment."),
    errors.VersionMismatch(
        "The order is at version 2, which If-Match does not name; read the order again.", current_version=2
    ),
    errors.BodyTooLarge("The body has 2000000 bytes; the maximum is 1048576."),
    errors.UnsupportedMediaType("The body must be JSON; send the header Content-Type: application/json."),
    errors.ValidationFailed([_NO_QUANTITY]),
    errors.UnknownProduct("The inventory does not know PROD999.", product_ids=["PROD999"]),
    errors.PriceUnknown("Neither the request nor the inventory states a price for PROD003.", product_ids=["PROD003"]),
    errors.CartEmpty("The cart of the customer '5' is empty."),
    errors.IdempotencyKeyReused("This Idempotency-Key was sent with another request; use a new key for each request."),
    errors.EventIdReused(
        "The event_id was used for shipment.shipped of this order; nothing was changed. Use a new id."
    ),
    errors.DatabaseUnavailable("The database cannot be reached."),
    errors.DownstreamUnavailable("The inventory service is unavailable.", service="inventory"),
)


def problem(error: type[OrderServiceError]) -> Json:
    """Return an example of an error's problem details."""
    (example,) = (each for each in _PROBLEMS if type(each) is error)
    return {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": example.detail,
        "code": error.code,
        "request_id": REQUEST_ID,
        **example.members,
    }
