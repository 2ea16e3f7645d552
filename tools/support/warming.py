"""Start the functions before they are measured: MiniStack takes about a second for each environment.

If all clients met cold functions at once, the last ones would wait for longer than the gateway does.
"""

import asyncio
import contextlib
import itertools
import time
import uuid
from collections.abc import Callable

import httpx

from tools.support.api import Json

STARTED_AT_ONCE = 4
WARM_SECONDS = 1.0
"""A cold start takes longer than this, if others start at the same time."""
MAX_ROUNDS = 5
ORDER_NOTHING: Json = {"items": [{"product_id": "no-such-product", "quantity": 1}]}
CANCEL_NOTHING = f"/v1/orders/{uuid.UUID(int=0)}/cancel"


async def warm_up(http: httpx.AsyncClient, token: Callable[[str], str], clients: int) -> None:
    """Start execution environments for some clients, few at a time, with requests that are refused.

    Args:
        http: Knows the API's address.
        token: Makes a customer's token.
        clients: How many orders are going to be sent at once. Cancellations are rare.
    """
    # New ones each time: the authorizer is not asked again about a token that it has just seen.
    customers = (f"nobody-{number}" for number in itertools.count(1))

    async def call(path: str, body: Json) -> None:
        with contextlib.suppress(httpx.TransportError):
            await http.post(path, json=body, headers={"Authorization": f"Bearer {token(next(customers))}"})

    for count in range(STARTED_AT_ONCE, clients + STARTED_AT_ONCE, STARTED_AT_ONCE):
        for _ in range(MAX_ROUNDS):
            begun = time.perf_counter()
            await asyncio.gather(*(call("/v1/orders", ORDER_NOTHING) for _ in range(count)))
            if time.perf_counter() - begun < WARM_SECONDS:
                break
    await asyncio.gather(*(call(CANCEL_NOTHING, {}) for _ in range(STARTED_AT_ONCE)))
