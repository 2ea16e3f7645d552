"""What each operation takes and answers. An operation is called by the name of its handler."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from local.openapi import examples
from local.openapi.parameters import LIST_PARAMETERS
from local.openapi.references import Json, ref
from orders.domain import errors
from orders.domain.caller import WRITE
from orders.domain.errors import OrderServiceError
from orders.schemas.requests import Cancellation, NewOrder, StatusUpdate

JSON = "application/json"
TEXT = {"type": "string"}


@dataclass(frozen=True, kw_only=True)
class Body:
    """The body of a request."""

    model: type[BaseModel]
    examples: Mapping[str, Json]
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer that is no problem; without a schema it has no content.

    Attributes:
        headers: names of `parameters.HEADERS`.
        links: operations that take something of this answer: their ids, and where each parameter comes from.
    """

    description: str
    schema: Json | None = None
    media_type: str = JSON
    examples: Mapping[str, Any]
    headers: tuple[str, ...] = ()
    links: Mapping[str, Mapping[str, str]] | None = None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """All that there is to know about an operation beyond its routes.

    Attributes:
        tag: the part of the API that it belongs to.
        description: what the docstring of its handler leaves out.
        answers: by status, unless they are problems.
        errors: what its problems can be, beyond the unknown.
        places: what the parameters in the path name, names of `parameters.IN_PATH`.
        parameters: names of `parameters.PARAMETERS`.
        scopes: what a token must allow; None where it takes no token.
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
    description="The order, now or before under the same `Idempotency-Key`.",
    schema=ref("OrderView"),
    examples={"placed": examples.PLACED},
    headers=("ETag", "Idempotent-Replayed", "Location"),
    links=_FROM_ORDER,
)
_UNCHANGED = Answer(description="The order is still the one that the caller has.", examples={}, headers=("ETag",))
_PAGE = Answer(description="A page of orders.", schema=ref("PageView"), examples=examples.PAGES, headers=("Link",))


def _order(description: str, **named: Json) -> Answer:
    return Answer(description=description, schema=ref("OrderView"), examples=named, headers=("ETag",))


def _file(description: str, media_type: str, schema: Json) -> dict[int, Answer]:
    """A file that is kept by browsers until it changes."""
    headers = ("Cache-Control", "ETag")
    return {
        200: Answer(description=description, schema=schema, media_type=media_type, examples={}, headers=headers),
        304: Answer(description="The file is still the one that the caller has.", examples={}, headers=headers),
    }


OPERATIONS: Mapping[str, Operation] = {
    "create_order": Operation(
        tag="orders",
        description="Stock is held for all lines, or for none. Where the inventory states prices, those are the "
        "prices. Charging, shipping and telling the customer happen after the answer.",
        answers={201: _PLACED},
        errors=_CREATE_ERRORS,
        parameters=("IdempotencyKey",),
        body=Body(model=NewOrder, examples=examples.NEW_ORDERS),
    ),
    "create_customer_order": Operation(
        tag="orders",
        description="One version of a cart makes one live order, until that is cancelled, failed or returned. With a "
        "body the cart is left alone.",
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
        body=Body(model=NewOrder, examples=examples.NEW_ORDERS, required=False),
    ),
    "get_order": Operation(
        tag="orders",
        description="Somebody else's order is answered like one that does not exist.",
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
        description="The parameters of the query are those of whichever it is.",
        answers={
            200: Answer(
                description="The order, or a page of the customer's.",
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
        description="The caller's, or everybody's with the scope `orders:read`. A page may be short and still have a "
        "`next_cursor`: the end is where there is none.",
        answers={200: _PAGE},
        errors=_LIST_ERRORS,
        parameters=LIST_PARAMETERS,
    ),
    "list_customer_orders": Operation(
        tag="orders",
        description="Other customers' with the scope `orders:read`. A page may be short and still have a "
        "`next_cursor`: the end is where there is none.",
        answers={200: _PAGE},
        errors=(*_LIST_ERRORS, errors.Forbidden, errors.RouteNotFound),
        places=("customer",),
        parameters=LIST_PARAMETERS,
    ),
    "cancel_order": Operation(
        tag="orders",
        description="To cancel again changes nothing. A parcel that is ready is called back first: `cancelling`.",
        answers={200: _order("The order as it is now.", cancelled=examples.CANCELLED)},
        errors=(*_CHANGE_ERRORS, errors.OrderNotCancellable),
        places=("order",),
        parameters=("IfMatch",),
        body=Body(model=Cancellation, examples=examples.CANCELLATIONS, required=False),
    ),
    "update_order_status": Operation(
        tag="orders",
        description="What the order is already, and an `event_id` that it knows, changes nothing.",
        answers={200: _order("The order as it is now.", shipped=examples.SHIPPED)},
        errors=(*_CHANGE_ERRORS, errors.InvalidTransition),
        places=("order",),
        parameters=("IfMatch",),
        body=Body(model=StatusUpdate, examples=examples.UPDATES),
        scopes=(WRITE,),
    ),
    "check_health": Operation(
        tag="service",
        description="For load balancers and monitors; 503 only where no order can be taken.",
        answers={
            200: Answer(description="It can.", schema=ref("HealthView"), examples=examples.HEALTHY),
            503: Answer(
                description="It cannot.",
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
        description="It takes a token of yours, and may do what that allows.",
        answers=_file("A web page.", "text/html", TEXT),
        scopes=None,
    ),
    "console_asset": Operation(
        tag="console",
        description="All of them move to another version when one changes.",
        answers=_file("The file.", "*/*", TEXT),
        errors=(errors.RouteNotFound,),
        places=("console_version", "console_asset"),
        scopes=None,
    ),
    "page": Operation(
        tag="documentation",
        description="Swagger UI, with a token of yours under *Authorize*.",
        answers=_file("A web page.", "text/html", TEXT),
        scopes=None,
    ),
    "asset": Operation(
        tag="documentation",
        description="Scripts and styles of the page. Their addresses change with their contents.",
        answers=_file("The file.", "text/*", TEXT),
        errors=(errors.RouteNotFound,),
        places=("asset",),
        scopes=None,
    ),
    "openapi": Operation(
        tag="documentation",
        description="For generators of clients, and for whoever reads JSON.",
        answers=_file("The document.", JSON, {"type": "object"}),
        scopes=None,
    ),
    "postman": Operation(
        tag="documentation",
        description="Set its variables `baseUrl`, `token` and `staffToken`; it runs with Newman as well.",
        answers=_file("The collection.", JSON, {"type": "object"}),
        scopes=None,
    ),
}
