"""Faults: what goes wrong with a service, and what that means for each of its calls."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fakes.payment import ChargeStatus
from fakes.service import Service

type Rate = Annotated[float, Field(ge=0, le=1)]
"""The share of the calls that a fault affects."""


class Fault(BaseModel):
    """What goes wrong with a service, or with one of its operations.

    Attributes:
        operation: A method and the end of a route, such as "PUT /products/{id}"; None stands for every operation.
        latency_seconds: How long each call waits before it is processed.
        failure_rate: Calls that are answered with `failure_status` and not processed.
        failure_status: The HTTP status of failures.
        lost_answer_rate: Calls that are processed, after which the connection is closed without an answer.
        decline_rate: New charges that are declined.
        pending_rate: New charges that stay processing until they are settled.
        refuse_rate: Shipments that are dispatched at the moment when they are cancelled.
        times: How many matching calls the fault applies to; None stands for no limit.
        seed: Makes the fault affect the same calls each time it is set.
    """

    model_config = ConfigDict(extra="forbid")

    operation: Annotated[str, Field(pattern=r"^(GET|PUT|POST|DELETE) /\S+$")] | None = None
    latency_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    failure_rate: Rate = 0.0
    failure_status: Annotated[HTTPStatus, Field(ge=400)] = HTTPStatus.SERVICE_UNAVAILABLE
    lost_answer_rate: Rate = 0.0
    decline_rate: Rate = 0.0
    pending_rate: Rate = 0.0
    refuse_rate: Rate = 0.0
    times: Annotated[int, Field(ge=1)] | None = None
    seed: int | None = None

    @model_validator(mode="after")
    def _charges_end_one_way(self) -> Self:
        if self.decline_rate + self.pending_rate > 1:
            raise ValueError("decline_rate and pending_rate are more than 1 together")
        return self


class ServiceFault(Fault):
    """An active fault with the service that it belongs to."""

    service: Service


@dataclass(frozen=True, slots=True)
class Injection:
    """What goes wrong with one call.

    Attributes:
        latency_seconds: How long it waits before it is processed.
        failure_status: The HTTP status that it is answered with in place of being processed, if it fails.
        loses_answer: Close the connection in place of answering.
        charge_status: The status of the charge that it creates.
        refuses_cancel: Dispatch the shipment that it cancels.
    """

    latency_seconds: float = 0.0
    failure_status: HTTPStatus | None = None
    loses_answer: bool = False
    charge_status: ChargeStatus = "succeeded"
    refuses_cancel: bool = False


class Faults:
    """The active faults: at most one for each service as a whole, and one for each operation.

    Attributes:
        epoch: How often everything was reset.
    """

    def __init__(self) -> None:
        self._active: dict[tuple[Service, str | None], _ActiveFault] = {}
        self.epoch = 0

    def set(self, service: Service, fault: Fault) -> ServiceFault:
        """Activate a fault in place of the one of the same service and operation."""
        active = self._active[service, fault.operation] = _ActiveFault(service, fault)
        return active.show()

    def show(self) -> list[ServiceFault]:
        """Return the active faults, with what is left of their `times`."""
        return [active.show() for active in self._active.values()]

    def clear(self, service: Service | None = None) -> None:
        """Remove a service's faults, or all."""
        self._active = {key: active for key, active in self._active.items() if service not in {None, active.service}}

    def reset(self) -> None:
        """Remove all faults and begin another epoch."""
        self.clear()
        self.epoch += 1

    def decide(self, service: Service, method: str, path: str) -> Injection:
        """Decide what goes wrong with a call. The fault with the longest matching operation applies."""
        matching = [
            active for active in self._active.values() if active.service is service and active.matches(method, path)
        ]
        if not matching:
            return Injection()
        active = max(matching, key=lambda candidate: len(candidate.fault.operation or ""))
        injection = active.decide()
        if active.left == 0:
            del self._active[service, active.fault.operation]
        return injection


def operation_pattern(operation: str) -> re.Pattern[str]:
    """Return the pattern that an operation's calls match, written as "METHOD path"."""
    method, suffix = operation.split(" ", maxsplit=1)
    fixed_parts = re.split(r"\{[^/{}]*\}", suffix)
    return re.compile(rf"{method} /.*{'[^/]+'.join(map(re.escape, fixed_parts))}")


class _ActiveFault:
    """A fault that applies to calls."""

    def __init__(self, service: Service, fault: Fault) -> None:
        self.service = service
        self.fault = fault
        self.left = fault.times
        self._random = Random(fault.seed)
        self._pattern = operation_pattern(fault.operation) if fault.operation else None

    def show(self) -> ServiceFault:
        return ServiceFault.model_validate({**self.fault.model_dump(), "service": self.service, "times": self.left})

    def matches(self, method: str, path: str) -> bool:
        return self._pattern is None or self._pattern.fullmatch(f"{method} {path}") is not None

    def decide(self) -> Injection:
        """Decide about the next call, always by the same number of draws, so that a seed repeats a whole series."""
        if self.left is not None:
            self.left -= 1
        failure, loss, charge, refusal = (self._random.random() for _ in range(4))
        fails = failure < self.fault.failure_rate
        return Injection(
            latency_seconds=self.fault.latency_seconds,
            failure_status=self.fault.failure_status if fails else None,
            loses_answer=not fails and loss < self.fault.lost_answer_rate,
            charge_status=self._charge_status(charge),
            refuses_cancel=refusal < self.fault.refuse_rate,
        )

    def _charge_status(self, draw: float) -> ChargeStatus:
        if draw < self.fault.decline_rate:
            return "declined"
        if draw < self.fault.decline_rate + self.fault.pending_rate:
            return "processing"
        return "succeeded"
