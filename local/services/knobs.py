"""Knobs: how a service misbehaves, and what that means for each of its calls."""

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Annotated, Literal, Self, cast

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from local.services.service import Service

type ChargeStatus = Literal["succeeded", "declined", "processing"]
type Rate = Annotated[float, Field(ge=0, le=1)]
"""How large a part of the calls something happens to."""


class Knob(BaseModel):
    """How a service, or one of its operations, misbehaves.

    Attributes:
        operation: A method and the end of a route, such as "PUT /products/{id}"; none stands for every operation.
        latency_seconds: How long each call waits before it is carried out.
        failure_rate: Calls that are answered with `failure_status` and not carried out.
        failure_status: The HTTP status of failures.
        lost_answer_rate: Calls that are carried out, after which the connection is closed without an answer.
        decline_rate: New charges that are declined.
        pending_rate: New charges that stay processing until they are settled.
        refuse_rate: Shipments that leave at the moment they are cancelled.
        times: For how many matching calls the knob is on; none stands for no end.
        seed: Makes the same calls meet the same fate each time the knob is turned.
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


class ServiceKnob(Knob):
    """A knob that is on, with the service it belongs to."""

    service: Service


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one call.

    Attributes:
        latency_seconds: How long it waits before it is carried out.
        failure_status: The HTTP status it is answered with in place of being carried out, if it fails.
        loses_answer: Whether the connection is closed in place of an answer.
        charge_status: What becomes of the charge that it makes.
        refuses_cancel: Whether the shipment that it cancels leaves at this moment.
    """

    latency_seconds: float = 0.0
    failure_status: HTTPStatus | None = None
    loses_answer: bool = False
    charge_status: ChargeStatus = "succeeded"
    refuses_cancel: bool = False


class Knobs:
    """The knobs that are on: at most one for each service as a whole, and one for each operation.

    Attributes:
        epoch: How often everything has been reset.
    """

    def __init__(self) -> None:
        self._turned: dict[tuple[Service, str | None], _TurnedKnob] = {}
        self.epoch = 0

    def turn(self, service: Service, knob: Knob) -> ServiceKnob:
        """Turn a knob on, in place of the one of the same service and operation."""
        turned = _TurnedKnob(service, knob)
        self._turned[service, knob.operation] = turned
        return turned.show()

    def show(self) -> list[ServiceKnob]:
        """The knobs that are on, with what is left of their `times`."""
        return [turned.show() for turned in self._turned.values()]

    def off(self, service: Service | None = None) -> None:
        """Turn off a service's knobs, or all."""
        self._turned = {
            place: turned for place, turned in self._turned.items() if service not in {None, turned.service}
        }

    def reset(self) -> None:
        """Turn all knobs off and begin another epoch."""
        self.off()
        self.epoch += 1

    def decide(self, service: Service, method: str, path: str) -> Fate:
        """Decide what happens to a call. The knob with the longest matching operation does."""
        matching = [
            turned for turned in self._turned.values() if turned.service is service and turned.matches(method, path)
        ]
        if not matching:
            return Fate()
        turned = max(matching, key=lambda candidate: len(candidate.knob.operation or ""))
        fate = turned.decide()
        if turned.left == 0:
            del self._turned[service, turned.knob.operation]
        return fate


def operation_pattern(operation: str) -> re.Pattern[str]:
    """The pattern that an operation's calls match, written as "METHOD path"."""
    method, suffix = operation.split(" ", maxsplit=1)
    fixed_parts = re.split(r"\{[^/{}]*\}", suffix)
    return re.compile(rf"{method} /.*{'[^/]+'.join(map(re.escape, fixed_parts))}")


@dataclass(slots=True)
class _TurnedKnob:
    """A knob that is on."""

    service: Service
    knob: Knob
    left: int | None = field(init=False)
    _random: Random = field(init=False)
    _pattern: re.Pattern[str] | None = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.knob.times
        self._random = Random(self.knob.seed)
        self._pattern = None if self.knob.operation is None else operation_pattern(self.knob.operation)

    def show(self) -> ServiceKnob:
        return ServiceKnob.model_validate({**self.knob.model_dump(), "service": self.service, "times": self.left})

    def matches(self, method: str, path: str) -> bool:
        return self._pattern is None or self._pattern.fullmatch(f"{method} {path}") is not None

    def decide(self) -> Fate:
        """Decide the next call's fate, always by the same number of draws, so that a seed repeats a whole series."""
        if self.left is not None:
            self.left -= 1
        failure, loss, charge, refusal = (self._random.random() for _ in range(4))
        fails = failure < self.knob.failure_rate
        return Fate(
            latency_seconds=self.knob.latency_seconds,
            failure_status=self.knob.failure_status if fails else None,
            loses_answer=not fails and loss < self.knob.lost_answer_rate,
            charge_status=self._charge_status(charge),
            refuses_cancel=refusal < self.knob.refuse_rate,
        )

    def _charge_status(self, draw: float) -> ChargeStatus:
        if draw < self.knob.decline_rate:
            return "declined"
        if draw < self.knob.decline_rate + self.knob.pending_rate:
            return "processing"
        return "succeeded"


async def _knobs(request: Request) -> Knobs:
    return cast("Knobs", request.state.knobs)


async def _fate(request: Request) -> Fate:
    return cast("Fate", request.state.fate)


CurrentKnobs = Annotated[Knobs, Depends(_knobs)]
"""The application's knobs, as an endpoint's parameter."""

CurrentFate = Annotated[Fate, Depends(_fate)]
"""What happens to this call, as an endpoint's parameter."""
