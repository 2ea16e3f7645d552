"""The ASGI middleware that logs the calls to all services and injects faults into them."""

import asyncio
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fakes.fakes import utc_now
from fakes.server.connection import HANG_UP
from fakes.server.faults import Faults
from fakes.service import Refusal, Service
from fakes.values import timestamp

CALLS_KEPT = 10_000
"""How many calls the log keeps."""


@dataclass(slots=True)
class Call:
    """A call to a service.

    Attributes:
        trace_id: The trace that the caller names.
        at: When it arrived.
        status: The HTTP status of its answer, "lost" if a fault lost it, null while the call is being processed.
    """

    service: Service
    method: str
    path: str
    idempotency_key: str | None
    trace_id: str | None
    at: str
    status: int | Literal["lost"] | None = None


type CallLog = deque[Call]
"""The last calls in the order in which they arrived."""


class FaultInjection:
    """Delay a call, fail it, process it, or lose its answer, as the active faults say.

    A call is read whole before it is delayed, so that it is processed even if the client gives up waiting. One that is
    still delayed when everything is reset or the server shuts down is dropped.
    """

    def __init__(self, app: ASGIApp, *, faults: Faults, calls: CallLog) -> None:
        self._app = app
        self._faults = faults
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        service = Service.of_path(scope["path"]) if scope["type"] == "http" else None
        if service is None:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        call = Call(
            service=service,
            method=scope["method"],
            path=scope["path"],
            idempotency_key=headers.get("idempotency-key"),
            trace_id=headers.get("x-amzn-trace-id"),
            at=timestamp(utc_now()),
        )
        self._calls.append(call)
        injection = self._faults.decide(service, call.method, call.path)
        body = await _read_body(receive)
        if not await self._delay(injection.latency_seconds):
            scope["state"][HANG_UP]()
            return

        async def receive_again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = "lost" if injection.loses_answer else message["status"]
            if not injection.loses_answer:
                await send(message)

        scope["state"]["injection"] = injection
        app = self._app if injection.failure_status is None else _failure(injection.failure_status)
        await app(scope, receive_again, answer)
        if injection.loses_answer:
            scope["state"][HANG_UP]()

    async def _delay(self, seconds: float) -> bool:
        """Wait; return whether the call is still to be processed."""
        if seconds == 0:
            return True
        epoch = self._faults.epoch
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:  # The server shuts down.
            return False
        return epoch == self._faults.epoch


def problem(refusal: Refusal) -> JSONResponse:
    """Return the answer to a call that is refused: a problem document."""
    return JSONResponse(refusal.document, status_code=refusal.status, media_type="application/problem+json")


def _failure(status: HTTPStatus) -> ASGIApp:
    return problem(Refusal(status, status.name.lower(), "The service fails because a fault is set."))


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)
