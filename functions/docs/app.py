"""The API's documentation: Swagger UI and its documents, and the responses to unknown routes.

With ``DOCS=false`` there is no documentation, and its paths are unknown, too.
"""

from functools import cache
from pathlib import Path

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from orders.config import has_docs
from orders.domain import errors
from orders.domain.quoting import quoted
from orders.http.api import Api
from orders.http.static_files import StaticFile
from orders.http.swagger_ui import SwaggerUi

app = Api(documented=has_docs())
documentation = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # of Powertools
swagger_ui = SwaggerUi("/docs")


@documentation.get("/docs")
@documentation.get("/orders-doc", deprecated=True)
@documentation.get("/orders-doc/", deprecated=True)
def page() -> Response[str]:
    """Get Swagger UI."""
    return swagger_ui.page.answer(app.current_event.headers)


@documentation.get("/docs/<asset>")
def asset(asset: str) -> Response[str]:
    """Get a script or style of Swagger UI."""
    file = swagger_ui.assets.get(asset)
    if file is None:
        raise errors.RouteNotFound(f"There is no file {quoted(asset)} below /docs; reload /docs.")
    return file.answer(app.current_event.headers)


@documentation.get("/openapi.json")
def openapi() -> Response[str]:
    """Get the OpenAPI document."""
    return document("openapi.json").answer(app.current_event.headers)


@documentation.get("/postman.json")
def postman() -> Response[str]:
    """Get the Postman collection."""
    return document("postman.json").answer(app.current_event.headers)


@cache
def document(name: str) -> StaticFile:
    """Read a document in this function's folder."""
    content = (Path(__file__).parent / name).read_bytes()
    return StaticFile(content, "application/json", "public, max-age=300")


if has_docs():
    app.include_router(documentation)
handler = app.handler
