"""The application that serves all fakes."""

import inspect
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from http import HTTPStatus
from pathlib import Path
from types import MethodType, NoneType
from typing import Any, get_args

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from fakes import demo
from fakes.fakes import Fakes
from fakes.server.control import control_router
from fakes.server.faults import Faults, Injection
from fakes.server.injection import CALLS_KEPT, CallLog, FaultInjection, problem
from fakes.server.store import Store
from fakes.service import Fake, Operation, Refusal, Service


def create_app(state: Path) -> FastAPI:
    """Create the application, to be served by Uvicorn with `HangUpProtocol`.

    Args:
        state: The SQLite file that keeps the services' records; a new one is filled with the demo state.
    """
    store = Store(state)
    fakes = Fakes(store.table)
    faults = Faults()
    calls: CallLog = deque(maxlen=CALLS_KEPT)

    def reset() -> None:
        with store.transaction():
            store.clear()
            demo.fill(fakes)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with closing(store):
            yield

    if store.is_new:
        reset()
    app = FastAPI(title="Fakes of the downstream services", version="1", lifespan=lifespan, redirect_slashes=False)
    app.add_middleware(FaultInjection, faults=faults, calls=calls)
    app.exception_handler(Refusal)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http_error)
    for name, fake in fakes.by_name.items():
        app.include_router(_router(name, fake, fakes, store))
    app.include_router(control_router(fakes, faults, calls, reset))
    app.add_api_route("/health", _health, tags=["health"])
    return app


def _router(name: Service, fake: Fake, fakes: Fakes, store: Store) -> APIRouter:
    """Return the routes of a service's operations."""
    router = APIRouter(prefix=f"/{name}", tags=[name.value])
    for operation in fake.OPERATIONS:
        (body,) = get_args(inspect.signature(operation.function).return_annotation)
        router.add_api_route(
            operation.path,
            _endpoint(operation, fake, fakes, store),
            methods=[operation.method],
            status_code=operation.status,
            name=operation.function.__name__,
            description=inspect.getdoc(operation.function),
            response_model=None if body is NoneType else body,
        )
    return router


def _endpoint(operation: Operation, fake: Fake, fakes: Fakes, store: Store) -> Callable[..., Awaitable[Response]]:
    """Return a function that FastAPI calls with the operation's arguments and the request."""
    method = MethodType(operation.function, fake)
    signature = inspect.signature(method)

    async def endpoint(request: Request, **arguments: Any) -> Response:  # noqa: ANN401 - of the operation
        injection: Injection = request.state.injection
        fakes.payment.outcome = injection.charge_status
        fakes.shipping.refuses_cancel = injection.refuses_cancel
        with store.transaction():
            answer = method(**arguments)
        if answer.body is None:
            return Response(status_code=answer.status)
        content = answer.body.model_dump_json(exclude_none=operation.exclude_none)
        return Response(content, answer.status, media_type="application/json")

    request = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
    parameters = [request, *signature.parameters.values()]
    endpoint.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return endpoint


async def _health() -> dict[str, str]:
    """Tell that the services are up."""
    return {"status": "ok"}


async def _refused(_request: Request, error: Refusal) -> JSONResponse:
    return problem(error)


async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    errors = [{"loc": found["loc"], "msg": found["msg"], "type": found["type"]} for found in error.errors()]
    detail = "The request is not valid for this operation."
    return problem(Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "validation_error", detail, errors=errors))


async def _http_error(_request: Request, error: HTTPException) -> JSONResponse:
    status = HTTPStatus(error.status_code)
    return problem(Refusal(status, status.name.lower(), error.detail))
