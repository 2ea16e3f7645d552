"""Parameters of paths and queries, and headers of requests and responses."""

from collections.abc import Mapping
from enum import StrEnum

from orders.domain.caller import CUSTOMER_ID, READ
from orders.domain.event_parameters import DEFAULT_LIMIT, MAX_LIMIT, MAX_WAIT_SECONDS
from orders.domain.ids import PRODUCT_ID
from orders.domain.list_parameters import MAX_LENGTH, MAX_OFFSET, MAX_PAGE_SIZE
from orders.domain.order_query import DEFAULT_PAGE_SIZE
from orders.domain.states import PaymentStatus, ShippingStatus, Status
from tools.openapi.examples import CURSOR, ORDER_ID, REQUEST_ID
from tools.openapi.references import Json, ref

_CUSTOMER = {"type": "string", "pattern": f"^{CUSTOMER_ID.pattern}$"}
_TIME = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}


def _query(name: str, description: str, schema: Json, **more: object) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def _header(name: str, description: str, schema: Json | None = None) -> Json:
    return {"name": name, "in": "header", "description": description, "schema": schema or {"type": "string"}}


def _statuses(name: str, description: str, statuses: type[StrEnum]) -> Json:
    """Describe a filter by one or more statuses, separated by commas."""
    schema = {"type": "array", "items": ref(statuses.__name__), "minItems": 1}
    return _query(name, description, schema, style="form", explode=False)


IN_PATH: Mapping[str, Json] = {
    "order": {"description": "The order's id.", "schema": ref("OrderId"), "example": ORDER_ID},
    "customer": {"description": "The customer's id, percent-encoded.", "schema": _CUSTOMER, "example": "5"},
    "order_or_customer": {
        "description": "The id of an order, or of a customer.",
        "schema": _CUSTOMER,
        "example": ORDER_ID,
    },
    "asset": {
        "description": "The file's name with its version.",
        "schema": {"type": "string"},
        "example": "swagger-ui.css",
    },
    "console_version": {
        "description": "The version of all files.",
        "schema": {"type": "string"},
        "example": "0f6a2c9be4d17358",
    },
    "console_asset": {
        "description": "The file's name.",
        "schema": {"type": "string"},
        "example": "console.css",
    },
}
"""Path parameters by what they identify; their names are in the paths."""

_LISTING: dict[str, Json] = {
    "Status": _statuses("status", "Orders with this status, or one of these.", Status),
    "StatusFilter": _statuses("status_filter", "Alias of `status`.", Status),
    "PaymentStatus": _statuses("payment_status", "Orders with this payment status, or one of these.", PaymentStatus),
    "PaymentFilter": _statuses("payment_filter", "Alias of `payment_status`.", PaymentStatus),
    "ShippingStatus": _statuses(
        "shipping_status", "Orders with this shipping status, or one of these.", ShippingStatus
    ),
    "ProductId": _query(
        "product_id", "Orders with a line of this product.", {"type": "string", "pattern": f"^{PRODUCT_ID.pattern}$"}
    ),
    "CustomerId": _query(
        "customer_id",
        f"Orders of this customer; other customers than the caller require the scope `{READ}`.",
        _CUSTOMER,
    ),
    "OrderNumber": _query(
        "number", "The order with this number.", {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
    ),
    "ExternalReference": _query(
        "external_reference",
        "Orders with this number of the shop.",
        {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": r"^[^\x00-\x1f\x7f-\x9f]+$"},
    ),
    "CreatedFrom": _query("created_from", "Orders placed at this time or later.", _TIME),
    "CreatedTo": _query("created_to", "Orders placed before this time.", _TIME),
    "Search": _query(
        "q",
        "Orders whose id, last eight characters of the id, number with or without `#`, external reference, product, "
        "customer or e-mail address is exactly this.",
        {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": r"^[^\x00-\x1f\x7f-\x9f]+$"},
    ),
    "NeedsAttention": _query(
        "needs_attention",
        f"Orders that need attention, because one of their tasks has failed; requires the scope `{READ}`.",
        {"type": "string", "const": "true"},
    ),
    "SortBy": _query(
        "sort_by",
        "Sort field; a leading `-` sorts in descending order. The default is newest first. `total` compares minor "
        "units regardless of the currency.",
        {
            "type": "string",
            "enum": ["created_at", "-created_at", "updated_at", "-updated_at", "total", "-total"],
        },
    ),
    "SortOrder": _query(
        "sort_order",
        "Sort direction; `asc` cannot be combined with a `-` in `sort_by`.",
        {"type": "string", "enum": ["asc", "desc"]},
    ),
    "PageSize": _query(
        "page_size",
        "Maximum number of orders per page.",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
    ),
    "Cursor": _query(
        "cursor",
        "`next_cursor` of the previous page, with the same filter and sort. The cost does not grow with depth.",
        {"type": "string"},
    ),
    "Page": _query(
        "page",
        f"Page number, for up to {MAX_OFFSET:,} skipped orders; not together with `cursor`. Pages shift as orders are "
        "placed. A search (`product_id`, `number`, `external_reference`, `q`, `needs_attention`, or a creation time "
        "with another sort than `created_at`) has only page 1; continue with `cursor`.",
        {"type": "integer", "minimum": 1, "maximum": MAX_OFFSET},
    ),
    "IncludeTotal": _query(
        "include_total", "`true` adds `total` and `total_is_exact`; totals are exact up to 5,000.", {"type": "boolean"}
    ),
}

_FEED: dict[str, Json] = {
    "After": _query(
        "after",
        "`next_cursor` of the previous page: the page begins with the event after this position. Without it, or with "
        "`0`, it begins with the first event.",
        {"type": "string", "pattern": "^[0-9]{1,18}$", "default": "0"},
    ),
    "Limit": _query(
        "limit",
        "Maximum number of events on the page.",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    "EventType": _query(
        "type",
        "Events of this type, or one of these.",
        {"type": "array", "items": ref("Event"), "minItems": 1},
        style="form",
        explode=False,
    ),
    "EventOrderId": _query("order_id", "Events of this order.", ref("OrderId")),
    "Wait": _query(
        "wait",
        "Seconds to wait for an event if there is none yet.",
        {"type": "integer", "minimum": 0, "maximum": MAX_WAIT_SECONDS, "default": 0},
    ),
}

PARAMETERS: dict[str, Json] = {
    "RequestId": _header(
        "X-Request-ID",
        "The caller's id of this request, for the logs of both sides: 1 to 128 letters, digits and `._~-`. Otherwise "
        "the service generates one.",
    ),
    "IdempotencyKey": _header(
        "Idempotency-Key",
        "Makes retries safe: the same key with the same request returns the order of the first one. 1 to 255 printable "
        "ASCII characters, optionally in double quotes.",
        {"type": "string", "pattern": '^([\\x20-\\x7e]{1,255}|"[\\x20-\\x7e]{1,255}")$'},
    ),
    "IfMatch": _header(
        "If-Match",
        "Change the order only if it has this `ETag`; `*` or no header allows any version.",
    ),
    "IfNoneMatch": _header("If-None-Match", "Return 304 if the order still has this `ETag`."),
    "Include": _query(
        "include",
        "`timeline` adds the order's history.",
        {"type": "string", "enum": ["timeline", ""]},
    ),
    "ExportCursor": _query("cursor", "That of the `Link` to the next page.", {"type": "string"}),
    **_LISTING,
    **_FEED,
}
"""Query and header parameters. None has an example, since Swagger UI would send it with every request."""

LIST_PARAMETERS = tuple(_LISTING)
"""The parameters of lists."""
FEED_PARAMETERS = tuple(_FEED)
"""The parameters of the feed of events."""


def _response_header(
    description: str, example: str | int, schema: Json | None = None, *, required: bool = False
) -> Json:
    return {
        "description": description,
        "schema": schema or {"type": "string"},
        "example": example,
        **({"required": True} if required else {}),
    }


HEADERS: dict[str, Json] = {
    "Cache-Control": _response_header("How long the response may be cached.", "public, max-age=300", required=True),
    "ETag": _response_header(
        "The version of the order or file. That of an order ends in `-attention` if the order needs attention and the "
        f"caller has the scope `{READ}`.",
        '"v1"',
        {"type": "string", "pattern": '^(W/)?"[!#-~]+"$'},
        required=True,
    ),
    "Idempotent-Replayed": _response_header(
        "An earlier request with the same `Idempotency-Key` has placed the order.",
        "true",
        {"type": "string", "const": "true"},
    ),
    "Link": _response_header("The next page, if there is one.", f'</v1/orders?cursor={CURSOR}>; rel="next"'),
    "Location": _response_header(
        "The URL of the new order.",
        f"/v1/orders/{ORDER_ID}",
        {"type": "string", "format": "uri-reference"},
        required=True,
    ),
    "Retry-After": _response_header("Seconds to wait before a retry.", 5, {"type": "integer", "minimum": 1}),
    "X-Request-ID": _response_header("The id of this request, for the logs of both sides.", REQUEST_ID),
}
"""Response headers."""
