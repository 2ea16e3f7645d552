"""Functions are warmed up a few at a time, with requests that change nothing, and whatever the answers are."""

import asyncio
from collections import Counter

import httpx

from tools.support.warming import CANCEL_NOTHING, warm_up


def test_given_clients_when_warmed_up_then_each_request_has_a_new_customer() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        tokens.append(request.headers["authorization"])
        paths[request.url.path] += 1
        raise httpx.ReadError("hung up")

    async def run() -> None:
        async with httpx.AsyncClient(base_url="http://orders.invalid", transport=httpx.MockTransport(answer)) as http:
            await warm_up(http, str, clients=6)

    tokens: list[str] = []
    paths: Counter[str] = Counter()
    asyncio.run(run())
    assert paths == {"/v1/orders": 4 + 8, CANCEL_NOTHING: 4}
    assert len(set(tokens)) == len(tokens)
