"""All errors that the service returns, as one tree. Each class has its HTTP status, code and title.

    OrderServiceError
    ├── BadRequest 400 ── MalformedJson, InvalidParameter, InvalidCursor
    ├── Forbidden 403
    ├── NotFound 404 ── RouteNotFound, OrderNotFound, CartNotFound
    ├── MethodNotAllowed 405
    ├── Conflict 409 ── InsufficientStock, PriceChanged, CartAlreadyOrdered, TooManyUnpaidOrders, OrderNotCancellable,
    │                   OrderNotUpdatable, InvalidTransition, RequestInProgress
    ├── VersionMismatch 412
    ├── BodyTooLarge 413
    ├── UnsupportedMediaType 415
    ├── Unprocessable 422 ── ValidationFailed, UnknownProduct, PriceUnknown, CartEmpty, IdempotencyKeyReused,
    │                        EventIdReused
    └── Unavailable 503 ── DatabaseUnavailable, DownstreamUnavailable ── DownstreamRefused, NotSettled

The codes are part of the API: clients depend on them (RFC 9457, problem details).
"""

from typing import Any, ClassVar

from orders.domain.field_errors import FieldError, bounded

MAX_DETAIL = 1_500
"""The maximum length of a detail, in characters."""


class OrderServiceError(Exception):
    """An unexpected error; base of all errors that the service returns.

    Attributes:
        code: stable, machine-readable name.
        title: its human-readable name; the same for every occurrence. By default, the words of the code.
        status: HTTP status.
        detail: what was wrong with this request, and what would be right.
        members: further members of the problem, such as ``shortages``.
        fields: names of the fields and parameters that are wrong, for the log: names that this service knows.
    """

    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    status: ClassVar[int] = 500
    retry_after: ClassVar[int | None] = None

    def __init_subclass__(cls) -> None:
        if "code" in vars(cls) and "title" not in vars(cls):
            cls.title = cls.code.replace("_", " ").capitalize()

    def __init__(self, detail: str, **members: Any) -> None:  # noqa: ANN401 - any JSON value
        super().__init__(detail)
        self.detail = detail[:MAX_DETAIL]
        self.members = members
        self.fields: tuple[str, ...] = ()


class BadRequest(OrderServiceError):
    """The request is malformed."""

    code = "bad_request"
    status = 400


class MalformedJson(BadRequest):
    """The body is not valid JSON."""

    code = "malformed_json"
    title = "Malformed JSON"


class InvalidParameter(BadRequest):
    """A query parameter, path parameter or header has an invalid value.

    Args:
        name: of the parameter.
        problem: what is wrong with it, to follow its name.
    """

    code = "invalid_parameter"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}")
        self.fields = (name,)


class InvalidCursor(BadRequest):
    """The cursor was changed, or belongs to a list with another filter or sort."""

    code = "invalid_cursor"


class Forbidden(OrderServiceError):
    """The caller lacks a scope."""

    code = "forbidden"
    status = 403


class NotFound(OrderServiceError):
    """The resource does not exist, or not for this caller."""

    code = "not_found"
    status = 404


class RouteNotFound(NotFound):
    """No route has this method and path."""

    code = "route_not_found"


class OrderNotFound(NotFound):
    """The order does not exist, or belongs to another customer: the caller cannot tell which."""

    code = "order_not_found"


class CartNotFound(NotFound):
    """The customer has no cart."""

    code = "cart_not_found"


class MethodNotAllowed(OrderServiceError):
    """The path does not allow this method."""

    code = "method_not_allowed"
    status = 405


class Conflict(OrderServiceError):
    """The request conflicts with the current state."""

    code = "conflict"
    status = 409


class InsufficientStock(Conflict):
    """Less is available than requested; nothing was reserved."""

    code = "insufficient_stock"


class PriceChanged(Conflict):
    """The inventory's price differs from the request's."""

    code = "price_changed"


class CartAlreadyOrdered(Conflict):
    """A live order of this cart exists."""

    code = "cart_already_ordered"


class TooManyUnpaidOrders(Conflict):
    """The customer has as many unpaid orders as they may have."""

    code = "too_many_unpaid_orders"


class OrderNotCancellable(Conflict):
    """The order can no longer be cancelled."""

    code = "order_not_cancellable"


class OrderNotUpdatable(Conflict):
    """The order can no longer be changed: its parcel is made, or it has ended."""

    code = "order_not_updatable"


class InvalidTransition(Conflict):
    """The order's state does not allow the requested status."""

    code = "invalid_transition"


class RequestInProgress(Conflict):
    """An earlier request with the same idempotency key is still in progress."""

    code = "request_in_progress"
    retry_after = 1


class VersionMismatch(OrderServiceError):
    """The order has changed since the caller read it."""

    code = "version_mismatch"
    status = 412


class BodyTooLarge(OrderServiceError):
    """The body is larger than the maximum."""

    code = "body_too_large"
    status = 413


class UnsupportedMediaType(OrderServiceError):
    """The body is not declared as JSON."""

    code = "unsupported_media_type"
    status = 415


class Unprocessable(OrderServiceError):
    """The request is well-formed, but invalid."""

    code = "unprocessable"
    status = 422


class ValidationFailed(Unprocessable):
    """Fields have invalid values; ``errors`` lists the first ones with loc, msg and type."""

    code = "validation_error"

    def __init__(self, errors: list[FieldError], fields: tuple[str, ...] = ()) -> None:
        listed = bounded(errors)
        first = listed[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{where}: {first['msg']}{more}", errors=listed)
        self.fields = fields


class UnknownProduct(Unprocessable):
    """The inventory does not know a product."""

    code = "unknown_product"


class PriceUnknown(Unprocessable):
    """Neither the request nor the inventory states a price."""

    code = "price_unknown"


class CartEmpty(Unprocessable):
    """The cart has no items."""

    code = "cart_empty"


class IdempotencyKeyReused(Unprocessable):
    """The idempotency key was already used for a different request."""

    code = "idempotency_key_reused"


class EventIdReused(Unprocessable):
    """The event id was already used for a different event of the order."""

    code = "event_id_reused"


class Unavailable(OrderServiceError):
    """A dependency is unavailable; a later retry may succeed."""

    code = "unavailable"
    status = 503
    retry_after = 5


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached."""

    code = "database_unavailable"


class DownstreamUnavailable(Unavailable):
    """A downstream service does not respond, or its response is unusable."""

    code = "downstream_unavailable"
    title = "Downstream service unavailable"


class DownstreamRefused(DownstreamUnavailable):
    """A downstream service rejects a request as invalid; a retry does not help."""


class NotSettled(DownstreamUnavailable):
    """A downstream service has not decided yet; asking again later is no failure."""
