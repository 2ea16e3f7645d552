"""What the tests share: functions loaded as Lambda loads them, and events as API Gateway sends them."""

import base64
import importlib.util
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).parent.parent
FUNCTIONS = ROOT / "functions"
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings of PostgreSQL for tests: nothing is lost unless the machine itself crashes."""
REAL_ORDERS = ROOT.parent / "shared" / "data" / "online-retail-2010-12.csv"


SETTINGS = {
    "AWS_REGION": "eu-central-1",
    "CART_URL": "http://cart.invalid",
    "DATABASE_HOST": "/nowhere",
    "DATABASE_NAME": "orders",
    "DATABASE_USER": "orders",
    "DATABASE_AUTH": "none",
    "INVENTORY_URL": "http://inventory.invalid",
    "JWT_JWKS_URL": "https://keys.invalid/jwks.json",
    "JWT_ALGORITHMS": "RS256",
    "NOTIFICATION_URL": "http://notification.invalid",
    "PAYMENT_URL": "http://payment.invalid",
    "SHIPPING_URL": "http://shipping.invalid",
    "STAGE": "dev",
    "TASK_CONCURRENCY": "20",
    "PAYMENT_TIMEOUT_HOURS": "24",
    "TASK_QUEUE_URL": "https://sqs.invalid/queue",
}
"""Settings with which every function starts; nothing answers at these addresses."""


def load_function(name: str) -> ModuleType:
    """Load a function's module anew, as in a new execution environment."""
    spec = importlib.util.spec_from_file_location(f"function_{name}", FUNCTIONS / name / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Context:
    """As much of Lambda's context as the functions use."""

    function_name = "orders-test"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders-test"
    aws_request_id = "6bc28136-xmpl-4365-b021-0ce6b2e64ab0"
    log_stream_name = "2026/11/20/[$LATEST]0"


class Answer:
    """What a function answered."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.status: int = raw["statusCode"]
        self.headers: dict[str, str] = {name.lower(): value for name, value in raw["headers"].items()}
        self.content = base64.b64decode(raw["body"]) if raw["isBase64Encoded"] else (raw["body"] or "").encode()

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def json(self) -> Any:
        """The body as JSON; None where there is none."""
        return json.loads(self.content) if self.content else None


def http_event(
    method: str,
    path: str,
    body: object = None,
    *,
    customer: str | None = "5",
    scope: str = "",
    actor: str | None = None,
    email: str | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A request as an HTTP API sends it to a function (payload format 2.0); a body that is no text is sent as JSON."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": {"content-type": "application/json", **(headers or {})},
        "requestContext": {
            "http": {"method": method, "path": path},
            "requestId": "request-1",
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if customer is not None:
        named = {name: value for name, value in (("actor", actor), ("email", email)) if value is not None}
        context = {"customer_id": customer, "scope": scope, "pseudonym": "customer:90f4c1d2a7b3e658", **named}
        event["requestContext"]["authorizer"] = {"lambda": context}
    if query:
        event["queryStringParameters"] = query
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    return event


def call(function: ModuleType, *args: Any, **kwargs: Any) -> Answer:
    """Send a request to a function; the arguments are those of `http_event`."""
    return Answer(function.handler(http_event(*args, **kwargs), Context()))


def post_at_once(functions: Sequence[ModuleType], path: str, body: object = None, *, has_key: bool) -> list[int]:
    """Post the same to several functions at once, each with a key of its own or none; return the statuses."""
    start = Barrier(len(functions))

    def post(numbered: tuple[int, ModuleType]) -> int:
        number, function = numbered
        headers = {"idempotency-key": f"key-{number}"} if has_key else None
        start.wait()
        return call(function, "POST", path, body, headers=headers).status

    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(post, enumerate(functions)))


def wait_until(holds: Callable[[], bool], seconds: float = 5) -> None:
    """Wait until something holds that is about to, or fail after that long."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.01)


def task_message(task: str) -> dict[str, Any]:
    """A task's message, as Lambda hands it to a function."""
    return sqs_record({"MessageId": task, "ReceiptHandle": "handle", "Body": json.dumps({"task_id": task})})


def sqs_record(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message received from SQS, as Lambda hands it to a function."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:orders-tasks",
    }
