"""Tokens for the console, made at the local stack's own address in place of a user service's sign-in.

Who can reach the loopback of this machine may have any token. A web page from elsewhere may not: the request must name
a loopback host, which a foreign name that leads here is not, and must come from a page of that same host.
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
    """An ASGI application that answers `POST /local/token`, and hands everything else on.

    Args:
        inner: What answers everything else.
        state: The stack's state folder, with the secret that signs tokens.
    """

    def __init__(self, inner: ASGIApp, state: Path) -> None:
        self._inner = inner
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
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
        return _message(HTTPStatus.BAD_REQUEST, 'The body is to be like {"customer": "5", "scope": "orders:read"}.')


def _refusal(request: Request) -> Response | None:
    """Returns the answer to a request that is to have no token; None where it may have one."""
    host = request.headers.get("host", "")
    if not LOOPBACK.fullmatch(host):
        return _message(HTTPStatus.FORBIDDEN, f"The host is {host!r}; it can be localhost, 127.0.0.1 or [::1].")
    if request.method != "POST":
        return _message(HTTPStatus.METHOD_NOT_ALLOWED, f"The method is {request.method}; it can be POST.", Allow="POST")
    origin = request.headers.get("origin")
    if origin != f"http://{host}":
        return _message(HTTPStatus.FORBIDDEN, f"The origin is {origin!r}; tokens are made for pages of http://{host}.")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type != "application/json":
        return _message(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"The body is {media_type!r}; it can be application/json.")
    return None


def _message(status: HTTPStatus, message: str, **headers: str) -> Response:
    return JSONResponse({"message": message}, status, headers)
