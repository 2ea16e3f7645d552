"""The gateway of the local stack: serve MiniStack's HTTP API as API Gateway does.

MiniStack serves an API under another path and returns other errors than API Gateway. This gateway forwards all requests
unchanged and corrects the errors. It also issues tokens for the console (see `local.sign_in`):
`python -m local.gateway --port N --emulator-port M --api ID --state FOLDER`.
"""

import argparse
import secrets
import socket
import time
from collections.abc import Iterable
from pathlib import Path

import httpx
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from local.sign_in import SignIn

BODY_LIMIT_BYTES = 10 * 1024 * 1024
INTEGRATION_SECONDS = 30.0
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 2
HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
REPLACED = {b"content-length", b"x-forwarded-for", b"x-forwarded-port", b"x-forwarded-proto"}
Headers = list[tuple[bytes, bytes]]


class Gateway:
    """An ASGI application in front of an HTTP API of MiniStack.

    Args:
        client: The HTTP client; it must not add headers.
        emulator: MiniStack's URL.
        api: The API's id.
        port: The port that callers use.
    """

    def __init__(self, client: httpx.AsyncClient, emulator: str, api: str, port: int) -> None:
        self._client = client
        self._emulator = emulator
        self._prefix = f"/_aws/execute-api/{api}/$default".encode()
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        request = Request(scope, receive)
        try:
            body = await _read(request)
        except ClientDisconnect:
            return
        answer = _message(413, "Request Entity Too Large") if body is None else await self._forward(request, body)
        await answer(scope, receive, send)

    async def _forward(self, request: Request, body: bytes) -> Response:
        target = self._prefix + request.scope["raw_path"]
        if query := request.scope["query_string"]:
            target += b"?" + query
        forwarded = httpx.Request(
            request.method,
            self._emulator,
            headers=self._headers(request, len(body)),
            content=body,
            extensions={"target": target, "timeout": httpx.Timeout(INTEGRATION_SECONDS).as_dict()},
        )
        try:
            answer = await self._client.send(forwarded, stream=True)
            try:
                content = b"".join([chunk async for chunk in answer.aiter_raw()])
            finally:
                await answer.aclose()
        except httpx.ConnectError:
            return _message(
                503, "MiniStack is not reachable; `make status` shows what runs, `make up` starts the rest."
            )
        except httpx.TransportError:
            return _message(503, "Service Unavailable")
        if answer.status_code == httpx.codes.BAD_GATEWAY:  # the function failed; API Gateway does not expose its error
            return _message(500, "Internal Server Error")
        response = Response(content, answer.status_code)
        response.raw_headers = [(name.lower(), value) for name, value in answer.headers.raw if _is_end_to_end(name)]
        return response

    def _headers(self, request: Request, length: int) -> Headers:
        """Return the caller's headers and those that API Gateway adds."""
        headers = [
            (name, value) for name, value in request.headers.raw if _is_end_to_end(name) and name not in REPLACED
        ]
        caller = request.client.host if request.client else "127.0.0.1"
        passed = [*request.headers.getlist("x-forwarded-for"), caller]
        headers += [
            (b"x-forwarded-for", ", ".join(passed).encode("latin-1")),
            (b"x-forwarded-port", str(self._port).encode()),
            (b"x-forwarded-proto", b"http"),
        ]
        if "x-amzn-trace-id" not in request.headers:
            headers.append((b"x-amzn-trace-id", f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}".encode()))
        if length:
            headers.append((b"content-length", str(length).encode()))
        return headers


async def _read(request: Request) -> bytes | None:
    """Read the body; return None as soon as it exceeds API Gateway's limit."""
    if int(request.headers.get("content-length", 0)) > BODY_LIMIT_BYTES:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            return None
    return bytes(body)


def _is_end_to_end(name: bytes) -> bool:
    return name.lower() not in HOP_BY_HOP


def _message(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status)


def _listen(port: int) -> Iterable[socket.socket]:
    """Yield listening sockets on the IPv4 and IPv6 addresses of `localhost`."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            listener = socket.create_server((host, port), family=family)
        except OSError:
            if family == socket.AF_INET:
                raise
        else:
            # Inherited by connections; without it, each response waits for the acknowledgement of its headers.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield listener


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m local.gateway", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="TCP port to listen on")
    parser.add_argument("--emulator-port", type=int, required=True, help="TCP port of MiniStack")
    parser.add_argument("--api", required=True, help="id of the HTTP API")
    parser.add_argument("--state", type=Path, required=True, help="the stack's state folder")
    arguments = parser.parse_args()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    client = httpx.AsyncClient(trust_env=False, limits=limits, follow_redirects=False)
    gateway = Gateway(client, f"http://127.0.0.1:{arguments.emulator_port}", arguments.api, arguments.port)
    config = uvicorn.Config(
        SignIn(gateway, arguments.state),
        lifespan="off",
        ws="none",
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    uvicorn.Server(config).run(sockets=list(_listen(arguments.port)))


if __name__ == "__main__":
    main()
