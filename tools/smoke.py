"""Place, read and cancel one order through the API: `python tools/smoke.py --url https://… --product SMOKE`.

It needs nothing but Python. The token is in the environment variable TOKEN. Or it is asked for at TOKEN_URL with
CLIENT_ID and CLIENT_SECRET: the client credentials grant of OAuth 2.0 (RFC 6749, section 4.4).
"""

import argparse
import base64
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

ATTEMPTS = 3
PAUSE_SECONDS = 1.0
CANCELLED = "cancelled"
ADDRESS = {"name": "Smoke Test", "line1": "1 Test Street", "city": "Testville", "postal_code": "00000", "country": "US"}

type Json = dict[str, Any]


class Failed(Exception):
    """The service does not do what it should; the message says what was expected and what happened."""


@dataclass(frozen=True)
class Answer:
    """What the API answered.

    Attributes:
        status: The HTTP status.
        body: The JSON body; empty if it is something else.
    """

    status: int
    body: Json


@dataclass(frozen=True)
class Api:
    """The API, called with one token.

    Attributes:
        url: Base URL; it may have a path.
        token: The bearer token.
        timeout: Seconds that an answer may take.
    """

    url: str
    token: str
    timeout: float

    def call(self, method: str, path: str, body: Json | None = None, **headers: str) -> Answer:
        """Call the API. Repeat calls that got no answer, or a 429 or 5xx: each is safe to repeat.

        Raises:
            Failed: There was no answer to any attempt.
        """
        request = Request(f"{self.url.rstrip('/')}{path}", method=method)  # noqa: S310 - `web_url` has checked it
        request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        return repeated(lambda: ask(request, self.timeout), f"{method} {path}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the smoke test and print each step.

    Args:
        arguments: The command line; the process's own by default.

    Returns:
        0 if every step succeeded; 1 otherwise, with the reason on standard error.
    """
    parser = argparse.ArgumentParser(description="Place, read and cancel one order through the API.")
    parser.add_argument("--url", required=True, type=web_url, help="base URL of the API")
    parser.add_argument("--product", required=True, type=not_empty, help="id of a product that exists for tests")
    parser.add_argument("--timeout", type=float, default=30, help="seconds that an answer may take (30)")
    parser.add_argument("--wait", type=float, default=60, help="seconds that a cancellation may take (60)")
    options = parser.parse_args(arguments)
    try:
        token = bearer_token(os.environ, options.timeout)
        smoke(Api(options.url, token, options.timeout), options.product, options.wait)
    except Failed as failure:
        print(f"FAILED  {failure}", file=sys.stderr)
        return 1
    return 0


def smoke(api: Api, product: str, wait: float) -> None:
    """Place an order, read it and cancel it. It is cancelled also if it cannot be read.

    Args:
        api: The API.
        product: Id of the product to order one of.
        wait: Seconds that the cancellation may take.

    Raises:
        Failed: A step failed.
    """
    step("healthy", lambda: expect(api.call("GET", "/v1/health"), HTTPStatus.OK, "the health check"))
    key = str(uuid.uuid4())
    order = step("placed", lambda: place(api, product, key))
    path = f"/v1/orders/{quote(str(order['id']), safe='')}"
    try:
        step("read", lambda: read(api, path, order["id"]))
    finally:
        step("cancelled", lambda: cancel(api, path, wait))


def place(api: Api, product: str, key: str) -> Json:
    """Place an order for one of the product, and return it."""
    body = {
        "items": [{"product_id": product, "quantity": 1}],
        "shipping_address": ADDRESS,
        "note": "Smoke test. It cancels this order.",
    }
    try:
        answer = api.call("POST", "/v1/orders", body, Idempotency_Key=key)
    except Failed as failure:
        raise Failed(f"{failure} An order may exist all the same: look for the product {product}.") from failure
    return expect(answer, HTTPStatus.CREATED, "placing the order")


def read(api: Api, path: str, order_id: str) -> Json:
    """Read the order."""
    order = expect(api.call("GET", path), HTTPStatus.OK, f"reading {path}")
    if order.get("id") != order_id:
        raise Failed(f"Reading {path} answered with the order {order.get('id')}.")
    return order


def cancel(api: Api, path: str, wait: float) -> Json:
    """Cancel the order, and wait until it is cancelled."""
    try:
        answer = api.call("POST", f"{path}/cancel", {"reason": "Smoke test"})
        return until_cancelled(api, path, expect(answer, HTTPStatus.OK, "cancelling the order"), wait)
    except Failed as failure:
        raise Failed(f"{failure} The order is NOT cancelled: cancel {path} by hand.") from failure


def until_cancelled(api: Api, path: str, order: Json, wait: float) -> Json:
    """Read an order until it is cancelled: a shipment may have to be cancelled first."""
    deadline = time.monotonic() + wait
    while order.get("status") != CANCELLED:
        if time.monotonic() > deadline:
            raise Failed(f"Its status is {order.get('status')} after {wait:g} s instead of {CANCELLED}.")
        time.sleep(PAUSE_SECONDS)
        order = expect(api.call("GET", path), HTTPStatus.OK, f"reading {path}")
    return order


def step(name: str, run: Callable[[], Json]) -> Json:
    """Run a step, and print its name, how long it took, and the order."""
    began = time.monotonic()
    result = run()
    print(f"{name:9}  {time.monotonic() - began:6.2f} s  {result.get('id', '')}".rstrip(), flush=True)
    return result


def expect(answer: Answer, status: HTTPStatus, what: str) -> Json:
    """Return the body of an answer with the expected status.

    Raises:
        Failed: It has another one.
    """
    if answer.status != status:
        said = answer.body.get("code") or answer.body.get("message") or "no reason"
        hint = " Is the token valid for this service?" if answer.status in {401, 403} else ""
        raise Failed(f"{what[0].upper()}{what[1:]} answered {answer.status} ({said}) instead of {status}.{hint}")
    return answer.body


def bearer_token(environment: Mapping[str, str], timeout: float) -> str:
    """Return the token in TOKEN, or ask for one at TOKEN_URL.

    Raises:
        Failed: There is neither, or the user service gives none.
    """
    if token := environment.get("TOKEN"):
        return token
    missing = [name for name in ("TOKEN_URL", "CLIENT_ID", "CLIENT_SECRET") if not environment.get(name)]
    if missing:
        raise Failed(f"No token: set TOKEN, or TOKEN_URL, CLIENT_ID and CLIENT_SECRET (missing: {', '.join(missing)}).")
    credentials = ":".join(quote(environment[name], safe="") for name in ("CLIENT_ID", "CLIENT_SECRET"))
    grant = {"grant_type": "client_credentials"}
    if scope := environment.get("TOKEN_SCOPE"):
        grant["scope"] = scope
    try:
        url = web_url(environment["TOKEN_URL"])
    except argparse.ArgumentTypeError as error:
        raise Failed(f"TOKEN_URL: {error}.") from error
    request = Request(url, urlencode(grant).encode(), method="POST")  # noqa: S310 - `web_url` has checked it
    request.add_header("Authorization", f"Basic {base64.b64encode(credentials.encode()).decode()}")
    answer = repeated(lambda: ask(request, timeout), "TOKEN_URL")
    token = expect(answer, HTTPStatus.OK, "asking for a token").get("access_token", "")
    if not token:
        raise Failed("The answer of TOKEN_URL has no access_token.")
    return str(token)


def repeated(attempt: Callable[[], Answer], what: str) -> Answer:
    """Return the answer of the first attempt that is neither a 429 nor a 5xx, or that of the last one.

    Raises:
        Failed: The last attempt had no answer.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            answer = attempt()
        except OSError:
            pass
        else:
            if answer.status != HTTPStatus.TOO_MANY_REQUESTS and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                return answer
        time.sleep(PAUSE_SECONDS)
    try:
        return attempt()
    except OSError as error:
        raise Failed(f"{what} got no answer in {ATTEMPTS} attempts: {error}.") from error


def ask(request: Request, timeout: float) -> Answer:
    """Send a request, and return the answer whatever its status.

    Raises:
        OSError: There was no answer in time.
    """
    try:
        with urlopen(request, timeout=timeout) as response:  # noqa: S310 - `web_url` has checked it
            return Answer(response.status, parsed(response.read()))
    except HTTPError as error:
        with error:
            return Answer(error.code, parsed(error.read()))


def parsed(content: bytes) -> Json:
    """Return a JSON object; an empty one for any other content."""
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def web_url(text: str) -> str:
    """Return a URL of the web.

    Raises:
        argparse.ArgumentTypeError: It is not.
    """
    if not text.startswith(("https://", "http://")):
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with https://")
    return text


def not_empty(text: str) -> str:
    """Return a text.

    Raises:
        argparse.ArgumentTypeError: It is empty.
    """
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return text


if __name__ == "__main__":
    sys.exit(main())
