"""Issue tokens for the console of the local stack, in place of a user service.

Any user of this machine may have any token. A web page of another origin may not: the `Host` header must be a loopback
host, which prevents DNS rebinding, and the `Origin` header must be of the same host.
"""

import re
from http import HTTPStatus
from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from local import tokens

PATH = "/local/token"
LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")


class SignIn:
    """An ASGI application that handles `POST /local/token` and passes all other requests on.

    Args:
        inner: The application for all other requests.
        state: The stack's state folder, with the secret that signs tokens.
    """

    def __init__(self, inner: ASGIApp, state: Path) -> None:
        self._inner = inner
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["path"] != PATH:
            await self._inner(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = _refusal(request) or await self._token(request)
        except ClientDisconnect:
            return
        await answer(scope, receive, send)

    async def _token(self, request: Request) -> Response:
        try:
            body = await request.json()
        except ValueError:
            body = None
        match body:
            case {"customer": str(customer), "scope": str(scopes)} if customer:
                token = tokens.sign(tokens.shared_secret(self._state), customer, scopes)
                return JSONResponse({"token": token}, headers={"Cache-Control": "no-store"})
        return _message(HTTPStatus.BAD_REQUEST, 'The body must be like {"customer": "5", "scope": "orders:read"}.')


def _refusal(request: Request) -> Response | None:
    """Return the response to a request that may not have a token; None if it may."""
    host = request.headers.get("host", "")
    if not LOOPBACK.fullmatch(host):
        return _message(HTTPStatus.FORBIDDEN, f"The host is {host!r}; it must be localhost, 127.0.0.1 or [::1].")
    if request.method != "POST":
        return _message(
            HTTPStatus.METHOD_NOT_ALLOWED, f"The method is {request.method}; it must be POST.", Allow="POST"
        )
    origin = request.headers.get("origin")
    if origin != f"http://{host}":
        return _message(HTTPStatus.FORBIDDEN, f"The origin is {origin!r}; it must be http://{host}.")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type != "application/json":
        return _message(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"The body is {media_type!r}; it must be application/json.")
    return None


def _message(status: HTTPStatus, message: str, **headers: str) -> Response:
    return JSONResponse({"message": message}, status, headers)
