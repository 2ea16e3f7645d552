"""The controls: how the services misbehave, what was asked of them, and the way back to the demo state."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request
from pydantic import BaseModel

from local.services import demo
from local.services.calls import LIMIT, Call, CurrentCalls
from local.services.database import CurrentDatabase
from local.services.knobs import CurrentKnobs, Knob, ServiceKnob, operation_pattern
from local.services.problems import ProblemError
from local.services.service import Service

router = APIRouter(prefix="/control", tags=["control"])


class TurnedKnobs(BaseModel):
    """The knobs that are on, with what is left of their `times`."""

    knobs: list[ServiceKnob]


class LoggedCalls(BaseModel):
    """Calls in the order in which they arrived."""

    calls: list[Call]


@router.get("")
async def show_knobs(knobs: CurrentKnobs) -> TurnedKnobs:
    """Show all knobs that are on."""
    return TurnedKnobs(knobs=knobs.show())


@router.delete("", status_code=HTTPStatus.NO_CONTENT)
async def turn_all_off(knobs: CurrentKnobs) -> None:
    """Turn all knobs off."""
    knobs.off()


@router.post("/reset", status_code=HTTPStatus.NO_CONTENT)
async def reset(database: CurrentDatabase, knobs: CurrentKnobs, calls: CurrentCalls) -> None:
    """Go back to the demo state, with no knob on and no call logged."""
    with database.transaction() as connection:
        demo.build(connection)
    knobs.reset()
    calls.clear()


@router.get("/calls")
async def list_calls(
    calls: CurrentCalls,
    service: Service | None = None,
    path_contains: str = "",
    limit: Annotated[int, Query(ge=1, le=LIMIT)] = LIMIT,
) -> LoggedCalls:
    """List the last calls."""
    return LoggedCalls(calls=calls.find(service=service, path_contains=path_contains, limit=limit))


@router.delete("/calls", status_code=HTTPStatus.NO_CONTENT)
async def clear_calls(calls: CurrentCalls) -> None:
    """Forget all calls."""
    calls.clear()


@router.put("/{service}")
async def turn(service: Service, body: Knob, knobs: CurrentKnobs, request: Request) -> ServiceKnob:
    """Turn a knob on. It must be one that can have an effect."""
    if service is not Service.PAYMENT and (body.decline_rate or body.pending_rate):
        raise _useless("Only payment has a decline_rate and a pending_rate.")
    if service is not Service.SHIPPING and body.refuse_rate:
        raise _useless("Only shipping has a refuse_rate.")
    if body.operation is not None and not _has_operation(request.app, service, body.operation):
        raise _useless(f"The {service} service has no operation {body.operation!r}.")
    return knobs.turn(service, body)


@router.delete("/{service}", status_code=HTTPStatus.NO_CONTENT)
async def turn_off(service: Service, knobs: CurrentKnobs) -> None:
    """Turn a service's knobs off."""
    knobs.off(service)


def _useless(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "useless_knob", detail)


def _has_operation(app: FastAPI, service: Service, operation: str) -> bool:
    pattern = operation_pattern(operation)
    return any(
        pattern.fullmatch(f"{method.upper()} {path}")
        for path, methods in app.openapi()["paths"].items()
        if Service.of_path(path) is service
        for method in methods
    )
