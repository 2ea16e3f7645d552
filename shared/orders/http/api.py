"""The HTTP edge: parse requests and build responses, the same way in every function that serves the API.

A function declares its routes on an `Api` and answers with `Api.order`, `Api.orders` or `reply`. Errors become problem
details (RFC 9457).
"""

import base64
import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from orders import telemetry
from orders.domain import errors
from orders.domain.caller import CUSTOMER_ID, CUSTOMER_ID_FORMAT
from orders.domain.ids import is_order_id
from orders.domain.quoting import quoted
from orders.http.preconditions import expected_tags, is_known
from orders.http.request import Request, authorizer_context
from orders.schemas.responses import PageView, order_view, summary_view
from orders.telemetry import logger, request_id

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from pydantic import BaseModel

    from orders.domain.caller import Caller
    from orders.domain.order import OrderDetails
    from orders.domain.order_query import OrderPage

_VERSION_TAG = re.compile(r'"v([0-9]{1,9})(?:-attention)?"')
_IDEMPOTENCY_KEY = re.compile(r"(?=.*[\x21-\x7e])[\x20-\x7e]{1,255}")
"""Any printable ASCII, but not blanks only."""
# `json.dumps` would make an encoder for each answer.
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_HEADERS = {
    # Orders are personal data: no cache may store them.
    "Cache-Control": "no-store",
    # Responses are data: no browser may render them as a page (OWASP REST Security Cheat Sheet).
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every response; a route may override them."""


class Api(APIGatewayHttpResolver):
    """The routes of one function; Lambda invokes its `handler`."""

    current_event: Request

    def __init__(self, *, documented: bool = True) -> None:
        super().__init__()
        self._documented = documented
        self.exception_handler(errors.OrderServiceError)(self._known_error)
        self.exception_handler(Exception)(self._unknown_error)
        self.not_found(self.no_route)
        self.handler = telemetry.lambda_entrypoint(self._handle)

    @property
    def caller(self) -> "Caller":
        """Who sent the request; see `Request.caller`."""
        return self.current_event.caller

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; the values of a repeated one are joined by commas."""
        return self.current_event.query_string_parameters

    @property
    def expected_versions(self) -> frozenset[int] | None:
        """The versions of the order that ``If-Match`` accepts; None if it accepts any."""
        tags = expected_tags(self.current_event.headers)
        if tags is None:
            return None
        return frozenset(int(match[1]) for tag in tags if (match := _VERSION_TAG.fullmatch(tag)))

    @property
    def idempotency_key(self) -> str | None:
        """The idempotency key from ``Idempotency-Key``, without surrounding quotes; None without the header.

        Raises:
            InvalidParameter: it is empty, too long, or contains characters other than printable ASCII.
        """
        header = self.current_event.headers.get("idempotency-key")
        if header is None:
            return None
        key = header.strip()
        if key.startswith('"') and key.endswith('"') and len(key) > 1:
            key = key[1:-1]
        if not _IDEMPOTENCY_KEY.fullmatch(key):
            raise errors.InvalidParameter(
                "Idempotency-Key", f"has {len(key)} characters; it must be 1 to 255 printable ASCII characters."
            )
        return key

    def body[Model: BaseModel](self, model: type[Model]) -> Model:
        """Parse and validate the body of the request; errors as in `parse_body`."""
        from orders.http.bodies import parse_body

        return parse_body(self._content(), self.current_event.headers.get("content-type", ""), model)

    @property
    def has_body(self) -> bool:
        """Whether the request has a body."""
        return bool(self.current_event.body)

    def order(self, row: "OrderDetails", status: HTTPStatus = HTTPStatus.OK) -> Response[str]:
        """Answer with an order, or with 304 if the caller already has this version (``If-None-Match``)."""
        logger.append_keys(order_id=row["id"], version=row["version"])
        for_reader = self.caller.may_read_all
        # A task can fail without a change of the order, and then readers see something else.
        mark = "-attention" if for_reader and row["needs_attention"] else ""
        headers = {"ETag": f'"v{row["version"]}{mark}"'}
        if self.current_event.http_method == "GET" and is_known(headers["ETag"], self.current_event.headers):
            return Response(HTTPStatus.NOT_MODIFIED, body="", headers=headers)
        view = order_view(row, for_reader=for_reader)
        if status is HTTPStatus.CREATED:
            headers["Location"] = view["links"]["self"]
        return reply(status, view, headers)

    def orders(self, page: "OrderPage") -> Response[str]:
        """Answer with a page of orders."""
        headers = self.next_page(page.next_cursor)
        # Once: each access to the caller reads the authorizer's context again.
        for_reader = self.caller.may_read_all
        payload: PageView = {
            "orders": [summary_view(row, for_reader=for_reader) for row in page.rows],
            "count": len(page.rows),
            "page_size": page.size,
            "next_cursor": page.next_cursor,
        }
        if page.total:
            payload["total"], payload["total_is_exact"] = page.total.orders, page.total.is_exact
        return reply(HTTPStatus.OK, payload, headers)

    def next_page(self, cursor: str | None, parameter: str = "cursor") -> dict[str, str]:
        """Return the header that links to the next page of the same list; none without a cursor.

        Args:
            cursor: where the next page begins.
            parameter: the parameter that takes it.
        """
        if cursor is None:
            return {}
        parameters = {name: value for name, value in self.query.items() if name not in {"page", parameter}}
        return {"Link": f'<{self.current_event.path}?{urlencode({**parameters, parameter: cursor})}>; rel="next"'}

    def _content(self) -> bytes:
        text = self.current_event.body or ""
        # The gateway encodes bodies that may be binary. Those fail JSON parsing later.
        return base64.b64decode(text) if self.current_event.is_base64_encoded else text.encode()

    def _handle(self, event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
        gateway_id = event.get("requestContext", {}).get("requestId")
        id_ = request_id(event)
        logger.append_keys(
            request_id=id_,
            gateway_id=gateway_id,
            route=event.get("routeKey"),
            caller=authorizer_context(event).get("pseudonym"),
        )
        # Powertools sets the event on a class, which several functions in one process share; our own comes first.
        self.current_event = Request(event)
        answer = self.resolve(event, context)
        answer["headers"] = {**_HEADERS, "X-Request-ID": id_, **answer["headers"]}
        logger.info("request completed", status=answer["statusCode"])
        return answer

    def _known_error(self, error: errors.OrderServiceError) -> Response[str]:
        # Not the detail: it quotes the request, which may contain personal data.
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            downstream = error.members.get("service")
            logger.warning(error.title, code=error.code, downstream=downstream, causes=telemetry.reasons(error))
        else:
            logger.info(error.title, code=error.code, fields=error.fields or None)
        return self._problem(error)

    def _unknown_error(self, error: Exception) -> Response[str]:
        logger.exception("unexpected error", exc_info=error)
        return self._problem(errors.OrderServiceError("An unexpected error occurred; it has been logged."))

    def no_route(self, _: Exception | None = None) -> Response[str]:
        """Answer a request that has no route: 308, 204, 404 or 405.

        A path with a slash at the end is redirected to the one without: only the paths that clients of earlier services
        call have routes with a slash.
        """
        from orders.http.routes import routes

        method, path = self.current_event.http_method, self.current_event.path
        bare = path.rstrip("/")
        methods = routes(documented=self._documented).methods(bare)
        if bare != path and method in methods:
            return self._redirect(bare)
        # The method is right if the gateway has chosen another function, as for a path with an encoded slash.
        if not methods or method in methods:
            hint = "; /docs lists all routes" if self._documented else ""
            return self._known_error(errors.RouteNotFound(f"There is no route {method} {quoted(path)}{hint}."))
        allowed = ", ".join(sorted({*methods, "OPTIONS"}))
        if method == "OPTIONS":
            return Response(HTTPStatus.NO_CONTENT, headers={"Allow": allowed}, body="")
        answer = self._known_error(
            errors.MethodNotAllowed(f"There is no route {method} {quoted(path)}; this path allows {allowed}.")
        )
        answer.headers["Allow"] = allowed
        return answer

    def _redirect(self, path: str) -> Response[str]:
        """Redirect to another path, with the same method and body (RFC 9110, section 15.4.9)."""
        query = self.current_event.raw_event.get("rawQueryString")
        # The gateway has decoded the path.
        location = quote(path) + (f"?{query}" if query else "")
        return Response(HTTPStatus.PERMANENT_REDIRECT, headers={"Location": location}, body="")

    def _problem(self, error: errors.OrderServiceError) -> Response[str]:
        telemetry.count("Problems", code=error.code)
        body = {
            "type": f"/problems/{error.code}",
            "title": error.title,
            "status": error.status,
            "detail": error.detail,
            "code": error.code,
            "request_id": request_id(self.current_event.raw_event),
            **error.members,
        }
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        return reply(HTTPStatus(error.status), body, headers, content_type="application/problem+json")


def reply(
    status: HTTPStatus,
    payload: object,
    headers: dict[str, str] | None = None,
    *,
    content_type: str = "application/json",
) -> Response[str]:
    """Answer with JSON."""
    return Response(
        status_code=status,
        content_type=content_type,
        headers=dict(headers or {}),
        body=_to_json(payload),
    )


def order_id(text: str) -> str:
    """Parse an order's id from the path.

    Raises:
        OrderNotFound: the text is not an order id, so no order has it.
    """
    if not is_order_id(text):
        raise errors.OrderNotFound(f"There is no order {quoted(text)}.")
    return text.lower()


def customer_id(text: str) -> str:
    """Parse a customer's id from the path.

    Raises:
        InvalidParameter: the text is not a valid customer id.
    """
    name = unquote(text)
    if not CUSTOMER_ID.fullmatch(name):
        raise errors.InvalidParameter("customer_id", f"is {quoted(name)}; it must be {CUSTOMER_ID_FORMAT}.")
    return name
