"""The log of the calls that the services received."""

from collections import deque
from dataclasses import dataclass
from typing import Annotated, Literal, cast

from fastapi import Depends, Request

from local.services.service import Service

LIMIT = 10_000
"""How many calls the log keeps."""


@dataclass(slots=True)
class Call:
    """A call, as it arrived and as it ended.

    Attributes:
        trace_id: The trace that it says it belongs to.
        at: When it arrived.
        status: The HTTP status of its answer, "lost" if it got none on purpose, or null as long as it is running.
    """

    service: Service
    method: str
    path: str
    idempotency_key: str | None
    trace_id: str | None
    at: str
    status: int | Literal["lost"] | None = None


class Calls:
    """The last calls, in the order in which they arrived."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=LIMIT)

    def add(self, call: Call) -> None:
        """Log a call."""
        self._calls.append(call)

    def find(self, *, service: Service | None, path_contains: str, limit: int) -> list[Call]:
        """The last calls of a service, or of all, whose path contains a text."""
        matching = [call for call in self._calls if service in {None, call.service} and path_contains in call.path]
        return matching[-limit:]

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()


async def _calls(request: Request) -> Calls:
    return cast("Calls", request.state.calls)


CurrentCalls = Annotated[Calls, Depends(_calls)]
"""The application's log of calls, as an endpoint's parameter."""
