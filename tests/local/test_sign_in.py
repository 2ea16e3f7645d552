"""Tokens are issued only to pages of this machine."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import jwt
import pytest
from starlette.responses import PlainTextResponse

from local import tokens
from local.sign_in import SignIn

type Send = Callable[..., httpx.Response]

HOST = "localhost:8001"
ASKED = {"customer": "5", "scope": "orders:read"}


@pytest.fixture
def send(tmp_path: Path) -> Send:
    """Send a request, by default as a page of the console does."""

    def run(method: str = "POST", path: str = "/local/token", body: object = ASKED, **headers: str) -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(SignIn(PlainTextResponse("inner"), tmp_path))
            async with httpx.AsyncClient(transport=transport) as caller:
                usual = {"host": HOST, "origin": f"http://{headers.get('host', HOST)}"}
                return await caller.request(method, f"http://{HOST}{path}", json=body, headers=usual | headers)

        return asyncio.run(answer())

    return run


@pytest.mark.parametrize("host", [HOST, "127.0.0.1:8001", "[::1]:8001", "localhost"])
def test_given_a_local_page_when_it_requests_a_token_then_it_gets_one(send: Send, tmp_path: Path, host: str) -> None:
    answer = send(host=host)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    claims = jwt.decode(answer.json()["token"], tokens.shared_secret(tmp_path), ["HS256"])
    assert (claims["customer_id"], claims["scope"]) == ("5", "orders:read")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "shop.example"}, 403),
        ({"host": "localhost.shop.example:8001"}, 403),
        ({"host": "localhost:8001:8001"}, 403),
        ({"origin": "https://shop.example"}, 403),
        ({"origin": "http://localhost:9001"}, 403),
        ({"origin": "null"}, 403),
        ({"content-type": "text/plain"}, 415),
    ],
)
def test_given_another_origin_when_it_requests_a_token_then_it_is_refused(
    send: Send, headers: dict[str, str], status: int
) -> None:
    answer = send(**headers)
    assert (answer.status_code, list(answer.json())) == (status, ["message"])


def test_given_another_method_when_called_then_405_with_the_allowed_one(send: Send) -> None:
    answer = send("GET")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "body", ["5", [], {"customer": "5"}, {"customer": "", "scope": ""}, {"customer": 5, "scope": ""}]
)
def test_given_an_invalid_body_when_sent_then_400_shows_a_valid_one(send: Send, body: object) -> None:
    answer = send(body=body)
    assert answer.status_code == 400
    assert '{"customer": "5"' in answer.json()["message"]


def test_given_another_path_when_called_then_it_is_forwarded(send: Send) -> None:
    assert send("GET", "/console", host="shop.example").text == "inner"
