"""The requests and responses of each operation. An operation has the name of its handler."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from orders.domain import errors
from orders.domain.caller import CANCEL, CREATE, ERASE, EVENTS, PAY, SHIP
from orders.domain.errors import OrderServiceError
from orders.schemas.requests import Cancellation, CustomerOrder, NewOrder, OrderUpdate, StatusUpdate
from tools.openapi import examples
from tools.openapi.parameters import FEED_PARAMETERS, LIST_PARAMETERS
from tools.openapi.references import Json, ref

JSON = "application/json"
JSON_LINES = "application/x-ndjson"
TEXT = {"type": "string"}


@dataclass(frozen=True, kw_only=True)
class Body:
    """The body of a request."""

    model: type[BaseModel]
    examples: Mapping[str, Json]
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response that is no problem; without a schema it has no content.

    Attributes:
        headers: names of `parameters.HEADERS`.
        links: follow-up operations by id, and the source of each parameter.
    """

    description: str
    schema: Json | None = None
    media_type: str = JSON
    examples: Mapping[str, Any]
    headers: tuple[str, ...] = ()
    links: Mapping[str, Mapping[str, str]] | None = None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation, apart from its routes.

    Attributes:
        tag: the part of the API.
        description: details beyond the docstring of the handler.
        answers: responses by status, except problems.
        errors: its problems, except internal errors.
        places: path parameters, names of `parameters.IN_PATH`.
        parameters: names of `parameters.PARAMETERS`.
        scopes: required scopes; None if no token is required.
    """

    tag: str
    description: str
    answers: Mapping[int, Answer]
    errors: tuple[type[OrderServiceError], ...] = ()
    places: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    body: Body | None = None
    scopes: tuple[str, ...] | None = ()


_FROM_ORDER = {
    "get_order": {"order_id": "$response.body#/id"},
    "cancel_order": {"order_id": "$response.body#/id"},
    "update_order": {"order_id": "$response.body#/id"},
    "update_order_status": {"order_id": "$response.body#/id"},
    "list_customer_orders": {"customer_id": "$response.body#/customer_id"},
}
_BODY_ERRORS = (errors.MalformedJson, errors.BodyTooLarge, errors.UnsupportedMediaType, errors.ValidationFailed)
_CREATE_ERRORS = (
    *_BODY_ERRORS,
    errors.InvalidParameter,
    errors.Forbidden,
    errors.InsufficientStock,
    errors.PriceChanged,
    errors.TooManyUnpaidOrders,
    errors.RequestInProgress,
    errors.UnknownProduct,
    errors.PriceUnknown,
    errors.IdempotencyKeyReused,
    errors.DatabaseUnavailable,
    errors.DownstreamUnavailable,
)
_CHANGE_ERRORS = (
    *_BODY_ERRORS,
    errors.Forbidden,
    errors.RouteNotFound,
    errors.OrderNotFound,
    errors.VersionMismatch,
    errors.DatabaseUnavailable,
)
_LIST_ERRORS = (errors.InvalidParameter, errors.InvalidCursor, errors.DatabaseUnavailable)

_PLACED = Answer(
    description="The order, placed now or earlier with the same `Idempotency-Key`.",
    schema=ref("OrderView"),
    examples={"placed": examples.PLACED},
    headers=("ETag", "Idempotent-Replayed", "Location"),
    links=_FROM_ORDER,
)
_UNCHANGED = Answer(description="The order has not changed.", examples={}, headers=("ETag",))
_PAGE = Answer(description="A page of orders.", schema=ref("PageView"), examples=examples.PAGES, headers=("Link",))


def _order(description: str, **named: Json) -> Answer:
    return Answer(description=description, schema=ref("OrderView"), examples=named, headers=("ETag",))


def _file(description: str, media_type: str, schema: Json) -> dict[int, Answer]:
    """Return the responses of a file that browsers cache."""
    headers = ("Cache-Control", "ETag")
    return {
        200: Answer(description=description, schema=schema, media_type=media_type, examples={}, headers=headers),
        304: Answer(description="The file has not changed.", examples={}, headers=headers),
    }


OPERATIONS: Mapping[str, Operation] = {
    "create_order": Operation(
        tag="orders",
        description="Stock is reserved for all lines, or for none. If the inventory has prices, they "
        "apply. Payment, shipping and notifications follow after the response.",
        answers={201: _PLACED},
        errors=_CREATE_ERRORS,
        parameters=("IdempotencyKey",),
        body=Body(model=NewOrder, examples=examples.NEW_ORDERS),
    ),
    "create_customer_order": Operation(
        tag="orders",
        description="Each cart can be ordered once; again if that order is cancelled, failed or returned. "
        "With items in the body, the cart is not used; without, what the body says replaces what the cart says."
        " The cart states its own adjustments.",
        answers={201: _PLACED},
        errors=(
            *_CREATE_ERRORS,
            errors.CartNotFound,
            errors.RouteNotFound,
            errors.CartAlreadyOrdered,
            errors.CartEmpty,
        ),
        places=("customer",),
        parameters=("IdempotencyKey",),
        body=Body(model=CustomerOrder, examples=examples.CUSTOMER_ORDERS, required=False),
    ),
    "get_order": Operation(
        tag="orders",
        description="Other customers' orders are answered with 404, as unknown ones are.",
        answers={
            200: _order("The order.", placed=examples.PLACED, with_timeline=examples.WITH_TIMELINE),
            304: _UNCHANGED,
        },
        errors=(errors.InvalidParameter, errors.RouteNotFound, errors.OrderNotFound, errors.DatabaseUnavailable),
        places=("order",),
        parameters=("Include", "IfNoneMatch"),
    ),
    "get_order_or_customer_orders": Operation(
        tag="orders",
        description="The query parameters are those of `get_order` or of `list_customer_orders`.",
        answers={
            200: Answer(
                description="The order, or a page of the customer's orders.",
                schema={"anyOf": [ref("OrderView"), ref("PageView")]},
                examples={"placed": examples.PLACED, **examples.PAGES},
                headers=("Link",),
            ),
            304: _UNCHANGED,
        },
        errors=(*_LIST_ERRORS, errors.Forbidden, errors.RouteNotFound, errors.OrderNotFound),
        places=("order_or_customer",),
        parameters=("Include", "IfNoneMatch", *LIST_PARAMETERS),
    ),
    "list_orders": Operation(
        tag="orders",
        description="The caller's orders; with the scope `orders:read`, all orders. A page can have fewer orders than "
        "`page_size` and a `next_cursor`: the last page is the one without.",
        answers={200: _PAGE},
        errors=_LIST_ERRORS,
        parameters=LIST_PARAMETERS,
    ),
    "list_customer_orders": Operation(
        tag="orders",
        description="Orders of other customers require the scope `orders:read`. A page can have fewer orders than "
        "`page_size` and a `next_cursor`: the last page is the one without.",
        answers={200: _PAGE},
        errors=(*_LIST_ERRORS, errors.Forbidden, errors.RouteNotFound),
        places=("customer",),
        parameters=LIST_PARAMETERS,
    ),
    "cancel_order": Operation(
        tag="orders",
        description="Cancelling again changes nothing. If the shipment is ready, it is cancelled first; until then the "
        f"order is `cancelling`. Orders of other customers require the scope `{CANCEL}`.",
        answers={200: _order("The current order.", cancelled=examples.CANCELLED)},
        errors=(*_CHANGE_ERRORS, errors.OrderNotCancellable),
        places=("order",),
        parameters=("IfMatch",),
        body=Body(model=Cancellation, examples=examples.CANCELLATIONS, required=False),
    ),
    "update_order": Operation(
        tag="orders",
        description="Each field that is given replaces the one before, `metadata` as a whole; null removes it. This is "
        "possible until the shipping service is asked for the parcel. Values that the order already has change nothing "
        f"and are accepted with any `If-Match`. Orders of other customers require the scope `{SHIP}`.",
        answers={200: _order("The current order.", updated=examples.UPDATED)},
        errors=(*_CHANGE_ERRORS, errors.OrderNotUpdatable),
        places=("order",),
        parameters=("IfMatch",),
        body=Body(model=OrderUpdate, examples=examples.ORDER_UPDATES),
    ),
    "update_order_status": Operation(
        tag="orders",
        description="A status that the order already has, or a known `event_id`, changes nothing. The scope "
        f"`{SHIP}` is required for `shipping_status`, for the `status` `shipped`, `delivered` or `returned`, and for a "
        f"`tracking_number`; `{PAY}` for `payment_status` and the `status` `confirmed` or `failed`; `{CANCEL}` for the "
        f"`status` `cancelling` or `cancelled`; `{CREATE}` for the `status` `pending`.",
        answers={200: _order("The current order.", shipped=examples.SHIPPED)},
        errors=(*_CHANGE_ERRORS, errors.InvalidTransition, errors.EventIdReused),
        places=("order",),
        parameters=("IfMatch",),
        body=Body(model=StatusUpdate, examples=examples.UPDATES),
    ),
    "list_events": Operation(
        tag="events",
        description="All events of all orders, in an order that never changes and without a gap. `Link` always has the "
        "next page, since more events follow later. A page can have fewer events than `limit` though more follow at "
        "once; the end is reached when a page is empty and has the cursor of the request. A cursor after the end of "
        "the feed is invalid.",
        answers={
            200: Answer(
                description="A page of the feed.",
                schema=ref("EventPageView"),
                examples=examples.EVENT_PAGES,
                headers=("Link",),
            )
        },
        errors=(errors.InvalidParameter, errors.InvalidCursor, errors.Forbidden, errors.DatabaseUnavailable),
        parameters=FEED_PARAMETERS,
        scopes=(EVENTS,),
    ),
    "erase_customer": Operation(
        tag="customers",
        description="Erases names, e-mail addresses, postal addresses, payment methods, notes, metadata and reasons in "
        "the orders that the customer has placed by now. Those that have ended are erased at once, up to 500 with each "
        "request. The service erases the rest, and those that are live when they end. Amounts, lines, numbers and "
        "statuses stay. Can be repeated.",
        answers={
            200: Answer(
                description="What was erased, and what is left.", schema=ref("ErasureView"), examples=examples.ERASURES
            )
        },
        errors=(errors.InvalidParameter, errors.Forbidden, errors.RouteNotFound, errors.DatabaseUnavailable),
        places=("customer",),
        scopes=(ERASE,),
    ),
    "export_customer": Operation(
        tag="customers",
        description="Each line is an `OrderView` with its timeline, the oldest order first. A page has up to 20 "
        "orders, fewer if they are large, and `Link` has the next page. Payment methods are left out.",
        answers={
            200: Answer(
                description="A page of the customer's orders, one on each line.",
                schema=TEXT,
                media_type=JSON_LINES,
                examples={"orders": examples.EXPORT},
                headers=("Link",),
            )
        },
        errors=(
            errors.InvalidParameter,
            errors.InvalidCursor,
            errors.Forbidden,
            errors.RouteNotFound,
            errors.DatabaseUnavailable,
        ),
        places=("customer",),
        parameters=("ExportCursor",),
        scopes=(ERASE,),
    ),
    "check_health": Operation(
        tag="service",
        description="For load balancers and monitors; 503 only if orders cannot be placed.",
        answers={
            200: Answer(description="Orders can be placed.", schema=ref("HealthView"), examples=examples.HEALTHY),
            503: Answer(
                description="Orders cannot be placed.",
                schema=ref("HealthView"),
                examples={"unavailable": examples.UNHEALTHY},
                headers=("Retry-After",),
            ),
        },
        scopes=None,
    ),
    "read_metrics": Operation(
        tag="service",
        description="In Prometheus' text format.",
        answers={
            200: Answer(
                description="The metrics.", schema=TEXT, media_type="text/plain", examples={"metrics": examples.METRICS}
            )
        },
        errors=(errors.Forbidden, errors.DatabaseUnavailable),
        scopes=("orders:metrics",),
    ),
    "console": Operation(
        tag="console",
        description="Sign in with a token; the page can do what the token allows.",
        answers=_file("A web page.", "text/html", TEXT),
        scopes=None,
    ),
    "console_asset": Operation(
        tag="console",
        description="All files get a new version when one changes.",
        answers=_file("The file.", "*/*", TEXT),
        errors=(errors.RouteNotFound,),
        places=("console_version", "console_asset"),
        scopes=None,
    ),
    "page": Operation(
        tag="documentation",
        description="Swagger UI; enter a token under *Authorize*.",
        answers=_file("A web page.", "text/html", TEXT),
        scopes=None,
    ),
    "asset": Operation(
        tag="documentation",
        description="Scripts and styles of the page. Their URLs change with their contents.",
        answers=_file("The file.", "text/*", TEXT),
        errors=(errors.RouteNotFound,),
        places=("asset",),
        scopes=None,
    ),
    "openapi": Operation(
        tag="documentation",
        description="For code generators and other tools.",
        answers=_file("The document.", JSON, {"type": "object"}),
        scopes=None,
    ),
    "postman": Operation(
        tag="documentation",
        description="Set its variables `baseUrl`, `token` and `staffToken`; runs in Postman and Newman.",
        answers=_file("The collection.", JSON, {"type": "object"}),
        scopes=None,
    ),
}
