"""What the models of the downstream services have in common; their contract is that of the local stand-ins."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """A call: method and path, as in ``POST /charges``, its JSON body and its `Idempotency-Key`."""

    method: str
    path: tuple[str, ...]
    body: Any
    key: str | None

    def __str__(self) -> str:
        return f"{self.method} /{'/'.join(self.path)}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and a JSON body."""

    status: int
    body: Any = None


class Refusal(Exception):
    """The service refuses a call, as a problem document says."""

    def __init__(self, status: int, code: str, **members: Any) -> None:
        super().__init__(code)
        self.answer = Answer(status, {"code": code, **members})


class Service(Protocol):
    """A downstream service."""

    def handle(self, request: Request) -> Answer:
        """Carry a call out.

        Raises:
            Refusal: it cannot be.
        """


class BadCall(AssertionError):
    """A call that the service does not have: the client is wrong."""

    def __init__(self, request: Request) -> None:
        super().__init__(f"there is no {request}")


@dataclass(slots=True)
class Once:
    """Requests that are carried out once for each key."""

    _seen: dict[str, tuple[object, str]] = field(default_factory=dict)

    def do(self, key: str | None, request: object, create: Callable[[], str]) -> tuple[str, bool]:
        """Carry a request out unless its key has been seen; returns the id of what it made, and whether it was now."""
        if not key:
            raise Refusal(400, "idempotency_key_missing")
        if key in self._seen:
            known, made = self._seen[key]
            if known != request:
                raise Refusal(422, "idempotency_key_reused")
            return made, False
        made = create()
        self._seen[key] = (request, made)
        return made, True
