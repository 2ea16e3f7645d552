"""What goes into paths, queries and headers."""

from collections.abc import Mapping
from enum import StrEnum

from local.openapi.examples import CURSOR, ORDER_ID, REQUEST_ID
from local.openapi.references import Json, ref
from orders.domain.caller import CUSTOMER_ID, READ
from orders.domain.ids import PRODUCT_ID
from orders.domain.order_query import DEFAULT_PAGE_SIZE, MAX_LENGTH, MAX_OFFSET, MAX_PAGE_SIZE
from orders.domain.states import PaymentStatus, ShippingStatus, Status

_CUSTOMER = {"type": "string", "pattern": f"^{CUSTOMER_ID.pattern}$"}
_TIME = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}


def _query(name: str, description: str, schema: Json, **more: object) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def _header(name: str, description: str, schema: Json | None = None) -> Json:
    return {"name": name, "in": "header", "description": description, "schema": schema or {"type": "string"}}


def _statuses(name: str, description: str, statuses: type[StrEnum]) -> Json:
    """One or several statuses, with commas between them."""
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
        "description": "A file of the page, with its version.",
        "schema": {"type": "string"},
        "example": "swagger-ui.css",
    },
    "console_version": {
        "description": "The version of all files together.",
        "schema": {"type": "string"},
        "example": "0f6a2c9be4d17358",
    },
    "console_asset": {
        "description": "A file of the console.",
        "schema": {"type": "string"},
        "example": "console.css",
    },
}
"""The parameter of a path, by what it names; its own name stands in the path."""

_LISTING: dict[str, Json] = {
    "Status": _statuses("status", "Orders of this status, or of one of these.", Status),
    "StatusFilter": _statuses("status_filter", "The same as `status`.", Status),
    "PaymentStatus": _statuses("payment_status", "Orders of this payment status, or of one of these.", PaymentStatus),
    "PaymentFilter": _statuses("payment_filter", "The same as `payment_status`.", PaymentStatus),
    "ShippingStatus": _statuses(
        "shipping_status", "Orders of this shipping status, or of one of these.", ShippingStatus
    ),
    "ProductId": _query(
        "product_id", "Orders with a line of this product.", {"type": "string", "pattern": f"^{PRODUCT_ID.pattern}$"}
    ),
    "CustomerId": _query(
        "customer_id", f"Orders of this customer; for others than the caller with the scope `{READ}`.", _CUSTOMER
    ),
    "CreatedFrom": _query("created_from", "Orders placed then or later.", _TIME),
    "CreatedTo": _query("created_to", "Orders placed before.", _TIME),
    "Search": _query(
        "q",
        "Orders that have this as their id, product, customer or e-mail address, as a whole.",
        {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": r"^[^\x00-\x1f\x7f-\x9f]+$"},
    ),
    "SortBy": _query(
        "sort_by",
        "What the orders are sorted by; with `-` in front downwards. Newest first where left out. `total` compares "
        "numbers of minor units, whatever the currency.",
        {
            "type": "string",
            "enum": ["created_at", "-created_at", "updated_at", "-updated_at", "total", "-total"],
        },
    ),
    "SortOrder": _query(
        "sort_order",
        "Upwards or downwards; `asc` contradicts a `-` in `sort_by`.",
        {"type": "string", "enum": ["asc", "desc"]},
    ),
    "PageSize": _query(
        "page_size",
        "How many orders a page holds at the most.",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
    ),
    "Cursor": _query(
        "cursor",
        "`next_cursor` of the page before, with the same filter and sort; its cost does not grow with depth.",
        {"type": "string"},
    ),
    "Page": _query(
        "page",
        f"The number of a page, as long as it skips at most {MAX_OFFSET:,} orders; not together with `cursor`. Pages "
        "move when orders come in. A search (`product_id`, `q`, or a time of creation with another sort than "
        "`created_at`) has one page with a number; go on with `cursor`.",
        {"type": "integer", "minimum": 1, "maximum": MAX_OFFSET},
    ),
    "IncludeTotal": _query(
        "include_total", "`true` adds `total` and `total_is_exact`: exact up to 5,000.", {"type": "boolean"}
    ),
}

PARAMETERS: dict[str, Json] = {
    "RequestId": _header(
        "X-Request-ID",
        "The caller's name for this request, for the logs of both sides. Taken if it is 1 to 128 letters, digits and "
        "`._~-`; else the service makes one.",
    ),
    "IdempotencyKey": _header(
        "Idempotency-Key",
        "Makes it safe to send the request again: the same key with the same request gives the first one's order. "
        "1 to 255 printable ASCII characters, bare or in double quotes.",
        {"type": "string", "pattern": '^([\\x20-\\x7e]{1,255}|"[\\x20-\\x7e]{1,255}")$'},
    ),
    "IfMatch": _header(
        "If-Match",
        "Change the order only if it still has this `ETag`; `*`, and nothing, is any.",
    ),
    "IfNoneMatch": _header("If-None-Match", "Answer 304 if the `ETag` is still this one."),
    "Include": _query(
        "include",
        "`timeline` adds the order's history; nothing adds nothing.",
        {"type": "string", "enum": ["timeline", ""]},
    ),
    **_LISTING,
}
"""Parameters of queries and headers. None has an example: Swagger UI would send it along with every request."""

LIST_PARAMETERS = tuple(_LISTING)
"""What a list takes."""


def _answered(description: str, example: str | int, schema: Json | None = None, *, required: bool = False) -> Json:
    return {
        "description": description,
        "schema": schema or {"type": "string"},
        "example": example,
        **({"required": True} if required else {}),
    }


HEADERS: dict[str, Json] = {
    "Cache-Control": _answered("How long the answer may be kept.", "public, max-age=300", required=True),
    "ETag": _answered(
        "The version of what is answered.",
        '"v1"',
        {"type": "string", "pattern": '^(W/)?"[!#-~]+"$'},
        required=True,
    ),
    "Idempotent-Replayed": _answered(
        "The order was placed by an earlier request with the same `Idempotency-Key`.",
        "true",
        {"type": "string", "const": "true"},
    ),
    "Link": _answered("The next page, where there is one.", f'</v1/orders?cursor={CURSOR}>; rel="next"'),
    "Location": _answered(
        "The new order.", f"/v1/orders/{ORDER_ID}", {"type": "string", "format": "uri-reference"}, required=True
    ),
    "Retry-After": _answered("Seconds after which to try again.", 5, {"type": "integer", "minimum": 1}),
    "X-Request-ID": _answered("The name of this request, for the logs of both sides.", REQUEST_ID),
}
"""Headers of answers."""
