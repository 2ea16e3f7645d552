"""The control operations: set faults, read the log of calls, and go back to the demo state."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from fakes.fakes import Fakes
from fakes.server.faults import Fault, Faults, ServiceFault, operation_pattern
from fakes.server.injection import CALLS_KEPT, Call, CallLog
from fakes.service import Refusal, Service


class ActiveFaults(BaseModel):
    """The active faults, with what is left of their `times`."""

    faults: list[ServiceFault]


class LoggedCalls(BaseModel):
    """Calls in the order in which they arrived."""

    calls: list[Call]


def control_router(fakes: Fakes, faults: Faults, calls: CallLog, reset_records: Callable[[], None]) -> APIRouter:
    """Return the routes under `/control`.

    Args:
        fakes: The services.
        faults: The active faults.
        calls: The log.
        reset_records: Puts the demo state in place of all records.
    """
    router = APIRouter(prefix="/control", tags=["control"])

    @router.get("")
    async def show_faults() -> ActiveFaults:
        """Show the active faults."""
        return ActiveFaults(faults=faults.show())

    @router.delete("", status_code=HTTPStatus.NO_CONTENT)
    async def clear_faults() -> None:
        """Remove all faults."""
        faults.clear()

    @router.post("/reset", status_code=HTTPStatus.NO_CONTENT)
    async def reset(force: Annotated[bool, Query()] = False) -> None:  # noqa: FBT002 - a parameter of the query
        """Go back to the demo state, without faults and without logged calls.

        Refused if there are reservations, charges or shipments: orders could not be paid, shipped or refunded any more.
        `force` deletes them all the same.
        """
        if not force and any(fakes.records_of_orders.values()):
            raise _would_strand_orders(fakes.records_of_orders)
        reset_records()
        faults.reset()
        calls.clear()

    @router.get("/calls")
    async def list_calls(
        service: Service | None = None,
        path_contains: str = "",
        limit: Annotated[int, Query(ge=1, le=CALLS_KEPT)] = CALLS_KEPT,
    ) -> LoggedCalls:
        """List the last calls to a service, or to all, whose path contains a text."""
        matching = [call for call in calls if service in {None, call.service} and path_contains in call.path]
        return LoggedCalls(calls=matching[-limit:])

    @router.delete("/calls", status_code=HTTPStatus.NO_CONTENT)
    async def clear_calls() -> None:
        """Delete the log of calls."""
        calls.clear()

    @router.put("/{service}")
    async def set_fault(service: Service, body: Fault) -> ServiceFault:
        """Set a fault of a service or of one of its operations. A fault that cannot have an effect is refused."""
        _refuse_without_effect(fakes, service, body)
        return faults.set(service, body)

    @router.delete("/{service}", status_code=HTTPStatus.NO_CONTENT)
    async def clear_faults_of_service(service: Service) -> None:
        """Remove a service's faults."""
        faults.clear(service)

    return router


def _refuse_without_effect(fakes: Fakes, service: Service, fault: Fault) -> None:
    if service is not Service.PAYMENT and (fault.decline_rate or fault.pending_rate):
        raise _without_effect("Only payment has a decline_rate and a pending_rate.")
    if service is not Service.SHIPPING and fault.refuse_rate:
        raise _without_effect("Only shipping has a refuse_rate.")
    if fault.operation is not None:
        pattern = operation_pattern(fault.operation)
        operations = fakes.by_name[service].OPERATIONS
        if not any(pattern.fullmatch(f"{each.method} /{service}{each.path}") for each in operations):
            raise _without_effect(f"The {service} service has no operation {fault.operation!r}.")


def _would_strand_orders(records: Mapping[str, int]) -> Refusal:
    kept = ", ".join(f"{number} {kind}" for kind, number in records.items())
    detail = (
        f"There are {kept}. Without them, existing orders cannot be paid, shipped or refunded. To start from nothing: "
        "`make clean`. To set the stock: PUT /inventory/products. To delete them: POST /control/reset?force=true."
    )
    return Refusal(HTTPStatus.CONFLICT, "orders_exist", detail)


def _without_effect(detail: str) -> Refusal:
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "fault_without_effect", detail)
