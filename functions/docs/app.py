"""The API's documentation: Swagger UI and its documents, and the responses to unknown routes."""

import json
from functools import cache
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Response

from orders.domain import errors
from orders.http.api import Api
from orders.http.routes import RouteTable
from orders.http.static_files import StaticFile
from orders.http.swagger_ui import SwaggerUi


class DocumentedApi(Api):
    """An API that also responds to requests without a route: redirect, 204, 404 or 405.

    Earlier services had paths with a trailing slash, which API Gateway does not support: they are redirected.
    """

    def _no_route(self, _: Exception) -> Response[str]:
        method, path = self.current_event.http_method, self.current_event.path
        if path.endswith("/") and routes().methods(bare := path.rstrip("/")):
            return self._redirect(bare)
        methods = routes().methods(path)
        # The method is right if only this table matches the path, such as one with characters that no id has.
        if not methods or method in methods:
            return self._known_error(
                errors.RouteNotFound(f"There is no route {method} {path}; /docs lists all routes.")
            )
        allowed = ", ".join(sorted({*methods, "OPTIONS"}))
        if method == "OPTIONS":
            return Response(HTTPStatus.NO_CONTENT, headers={"Allow": allowed}, body="")
        answer = self._known_error(
            errors.MethodNotAllowed(f"There is no route {method} {path}; this path allows {allowed}.")
        )
        answer.headers["Allow"] = allowed
        return answer

    def _redirect(self, path: str) -> Response[str]:
        """Redirect to another path, with the same method and body (RFC 9110, section 15.4.9)."""
        query = self.current_event.raw_event.get("rawQueryString")
        # The gateway has decoded the path.
        location = quote(path) + (f"?{query}" if query else "")
        return Response(HTTPStatus.PERMANENT_REDIRECT, headers={"Location": location}, body="")


app = DocumentedApi()
swagger_ui = SwaggerUi("/docs")


@app.get("/docs")
@app.get("/orders-doc", deprecated=True)
def page() -> Response[str]:
    """Get Swagger UI."""
    return swagger_ui.page.answer(app.current_event.headers)


@app.get("/docs/<asset>")
def asset(asset: str) -> Response[str]:
    """Get a script or style of Swagger UI."""
    file = swagger_ui.assets.get(asset)
    if file is None:
        raise errors.RouteNotFound(f"There is no file /docs/{asset}; reload /docs.")
    return file.answer(app.current_event.headers)


@app.get("/openapi.json")
def openapi() -> Response[str]:
    """Get the OpenAPI document."""
    return document("openapi.json").answer(app.current_event.headers)


@app.get("/postman.json")
def postman() -> Response[str]:
    """Get the Postman collection."""
    return document("postman.json").answer(app.current_event.headers)


@cache
def document(name: str) -> StaticFile:
    """Read a document in this function's folder."""
    content = (Path(__file__).parent / name).read_bytes()
    return StaticFile(content, "application/json", "public, max-age=300")


@cache
def routes() -> RouteTable:
    """Return the routes of all functions."""
    return RouteTable(json.loads(document("openapi.json").content)["paths"])


handler = app.handler
