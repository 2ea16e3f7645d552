"""The one place where knobs act and calls are logged: an ASGI middleware around all services."""

import asyncio
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.services.calls import Call, Calls
from local.services.clock import timestamp
from local.services.connection import HANG_UP
from local.services.knobs import Knobs
from local.services.problems import ProblemError
from local.services.service import Service


class Interference:
    """Lets each call to a service meet its fate: delays it, fails it, carries it out, loses its answer.

    A call is read whole before it is delayed, so that it is carried out even if the client gives up waiting. One that
    is still delayed when everything is reset or the server shuts down is dropped: what it was meant for is gone.
    """

    def __init__(self, app: ASGIApp, *, knobs: Knobs, calls: Calls) -> None:
        self._app = app
        self._knobs = knobs
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        service = Service.of_path(scope["path"]) if scope["type"] == "http" else None
        if service is None:
            await self._app(scope, receive, send)
            return
        call = Call(
            service=service,
            method=scope["method"],
            path=scope["path"],
            idempotency_key=Headers(scope=scope).get("idempotency-key"),
            trace_id=Headers(scope=scope).get("x-amzn-trace-id"),
            at=timestamp(),
        )
        self._calls.add(call)
        fate = self._knobs.decide(service, call.method, call.path)
        body = await _read_body(receive)
        if not await self._delay(fate.latency_seconds):
            scope["state"][HANG_UP]()
            return

        async def receive_again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = "lost" if fate.loses_answer else message["status"]
            if not fate.loses_answer:
                await send(message)

        scope["state"]["fate"] = fate
        app = self._app if fate.failure_status is None else _failure(fate.failure_status)
        await app(scope, receive_again, answer)
        if fate.loses_answer:
            scope["state"][HANG_UP]()

    async def _delay(self, seconds: float) -> bool:
        """Wait, and tell whether the call is still to be carried out."""
        if seconds == 0:
            return True
        epoch = self._knobs.epoch
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:  # The server shuts down.
            return False
        return epoch == self._knobs.epoch


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _failure(status: HTTPStatus) -> ASGIApp:
    return ProblemError(status, status.name.lower(), "The service fails as its knobs tell it to.").response()
