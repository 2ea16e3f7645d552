"""An event bus that loses answers, refuses some events, and takes others twice."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from orders.domain.errors import DownstreamUnavailable
from orders.domain.events import BusEntry
from orders.schemas.events import EventDocument
from tests.simulation.effects import Effects, Fault, Kind


@dataclass(slots=True)
class Bus:
    """The events that the bus has taken, in the order of their arrival."""

    documents: list[EventDocument] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SimulatedBus:
    """The bus of one process; see `orders.use_cases.publish_events.EventBus`."""

    bus: Bus
    effects: Effects
    random: Random

    def put(self, entries: Sequence[BusEntry]) -> list[str | None]:
        fault = self.effects.meet(Kind.CALL, f"bus put {len(entries)} events")
        refused: list[str | None] = [None] * len(entries)
        if fault is Fault.UNAVAILABLE:
            # At least one of them.
            refused[self.random.randrange(len(entries))] = "The bus refused the event: ThrottlingException."
        taken = [entry for entry, cause in zip(entries, refused, strict=True) if cause is None]
        self.bus.documents += [json.loads(entry.detail) for entry in taken]
        match fault:
            case Fault.CRASH_AFTER:
                self.effects.crash()
            case Fault.LOST_ANSWER | Fault.LATE | Fault.DUPLICATE:
                raise DownstreamUnavailable("The event bus does not take events.", service="events")
        return refused
