"""The gateway passes bytes on and answers as API Gateway does."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from local.gateway import BODY_LIMIT_BYTES, Gateway

URL = "http://localhost:8001"


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


class Emulator:
    """A fake of MiniStack: records requests, and returns the configured answer."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.status = 200
        self.headers: list[tuple[str, str]] = []
        self.error: Exception | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.error:
            raise self.error
        return httpx.Response(self.status, headers=self.headers, content=chunks(b"an ", b"answer"))


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture
def send(emulator: Emulator) -> Callable[..., httpx.Response]:
    """Send a request through a gateway in front of the fake."""

    def run(method: str = "GET", target: str = "/", **request: object) -> httpx.Response:
        async def answer() -> httpx.Response:
            async with (
                httpx.AsyncClient(transport=httpx.MockTransport(emulator)) as client,
                httpx.AsyncClient(transport=httpx.ASGITransport(Gateway(client, "http://ms", "abcd", 8001))) as caller,
            ):
                return await caller.request(method, URL + target, **request)  # type: ignore[arg-type]

        return asyncio.run(answer())

    return run


def test_given_any_target_when_forwarded_then_its_bytes_do_not_change(
    emulator: Emulator, send: Callable[..., httpx.Response]
) -> None:
    send("GET", "/v1/orders/a%2Fb%20c/?q=%2B+x&y=1&y=2")
    assert (
        emulator.requests[0].extensions["target"]
        == b"/_aws/execute-api/abcd/$default/v1/orders/a%2Fb%20c/?q=%2B+x&y=1&y=2"
    )


def test_given_a_request_when_forwarded_then_api_gateways_headers_are_added(
    emulator: Emulator, send: Callable[..., httpx.Response]
) -> None:
    send("PUT", headers={"X-Own": "1", "X-Forwarded-For": "203.0.113.9", "Connection": "close"}, content=b"body")
    (request,) = emulator.requests
    assert (request.method, request.content) == ("PUT", b"body")
    assert request.headers["x-own"] == "1"
    assert request.headers["host"] == "localhost:8001"
    assert request.headers["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
    assert request.headers["x-forwarded-port"] == "8001"
    assert request.headers["x-forwarded-proto"] == "http"
    assert request.headers["x-amzn-trace-id"].startswith("Root=1-")
    assert "connection" not in request.headers


def test_given_an_answer_when_forwarded_then_only_hop_by_hop_headers_are_removed(
    emulator: Emulator, send: Callable[..., httpx.Response]
) -> None:
    emulator.status = 201
    emulator.headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Connection", "keep-alive"), ("ETag", '"v1"')]
    answer = send("POST")
    assert (answer.status_code, answer.content) == (201, b"an answer")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["etag"] == '"v1"'
    assert "connection" not in answer.headers


def test_given_a_function_that_failed_when_called_then_its_error_is_hidden(
    emulator: Emulator, send: Callable[..., httpx.Response]
) -> None:
    emulator.status = 502
    answer = send()
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize("error", [httpx.ReadTimeout("30 s"), httpx.RemoteProtocolError("hung up")])
def test_given_no_answer_when_called_then_503(
    emulator: Emulator, send: Callable[..., httpx.Response], error: Exception
) -> None:
    emulator.error = error
    answer = send()
    assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})


def test_given_no_ministack_when_called_then_the_error_says_how_to_start_it(
    emulator: Emulator, send: Callable[..., httpx.Response]
) -> None:
    emulator.error = httpx.ConnectError("refused")
    answer = send()
    assert answer.status_code == 503
    assert "make up" in answer.json()["message"]


@pytest.mark.parametrize("declared", [True, False])
def test_given_a_body_over_the_limit_when_sent_then_413_and_not_forwarded(
    emulator: Emulator, send: Callable[..., httpx.Response], *, declared: bool
) -> None:
    body = b"x" * (BODY_LIMIT_BYTES + 1)
    answer = send("POST", content=body if declared else chunks(body))
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})
    assert not emulator.requests


def test_given_a_body_at_the_limit_when_sent_then_it_is_forwarded(
    emulator: Emulator, send: Callable[..., httpx.Response]
) -> None:
    assert send("POST", content=b"x" * BODY_LIMIT_BYTES).status_code == 200
    assert len(emulator.requests[0].content) == BODY_LIMIT_BYTES
