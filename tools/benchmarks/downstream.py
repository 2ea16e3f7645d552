"""Fast fakes of everything that a function calls: the downstream services, SQS, Secrets Manager.

The callers are measured: the local stack's fakes would take longer to answer than a function takes for its request.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any, override

type Json = dict[str, Any]

SECRET = "a-secret-of-32-bytes-or-more-for-HS256"  # noqa: S105 - of the benchmarks only
_END_OF_HEAD = b"\r\n\r\n"


def _reserve(request: Json) -> Json:
    return {"lines": [{**line, "unit_price": None, "currency": None} for line in request["lines"]]}


def _send_messages(request: Json) -> Json:
    sent = [{"Id": entry["Id"], "MessageId": entry["Id"]} for entry in request["Entries"]]
    return {"Successful": sent, "Failed": []}


def _charge(request: Json) -> Json:
    return {"id": "charge", "status": "succeeded", "amount": request["amount"], "currency": request["currency"]}


def _create_shipment(_: Json) -> Json:
    return {"id": "shipment", "tracking_number": "TRACK", "status": "ready"}


def _secret(_: Json) -> Json:
    return {"SecretString": SECRET}


def _nothing(_: Json) -> Json:
    return {}


_ANSWERS: tuple[tuple[str, Callable[[Json], Json]], ...] = (
    ("put /inventory/reservations/", _reserve),
    ("post /payment/charges ", _charge),
    ("post /shipping/shipments ", _create_shipment),
    ("x-amz-target: amazonsqs.sendmessagebatch", _send_messages),
    ("x-amz-target: secretsmanager.getsecretvalue", _secret),
)
"""Answers by a part of the request's head; any other request is answered with an empty object."""


class Downstream(asyncio.Protocol):
    """A connection that stays open and answers requests in order."""

    def __init__(self) -> None:
        self._received = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        while _END_OF_HEAD in self._received:
            raw_head, _, rest = self._received.partition(_END_OF_HEAD)
            head = raw_head.decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
            if len(rest) < length:
                return
            self._received = rest[length:]
            self._answer(head, json.loads(rest[:length] or b"{}"))

    def _answer(self, head: str, request: Json) -> None:
        answer = next((answer for part, answer in _ANSWERS if part in head), _nothing)
        body = json.dumps(answer(request)).encode()
        headers = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(headers.encode() + body)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Downstream, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Serve until the parent process closes our standard input.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
