"""Secrets of downstream services: sent with each call, refreshed when they change, and never logged."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest

from orders import bootstrap
from orders.aws.client import AwsError, AwsService
from orders.clients.bearer import bearer
from orders.clients.catalog import CatalogClient
from orders.clients.http import Session
from orders.clients.payment import PaymentClient
from orders.domain.errors import DownstreamRefused, DownstreamUnavailable
from orders.telemetry import logger
from tests.integration.conftest import Query
from tests.integration.world import World
from tests.signing import Clock

ORDER = "01a1f804-f676-7425-8d36-c12d7c86e4b3"
SERVICES = ("inventory", "cart", "payment", "shipping", "notification")
OLD, NEW = "old-secret.0123", "new-secret+/~_=="
type Log = Callable[[], list[dict[str, Any]]]


class Service(ThreadingHTTPServer):
    """Answers calls with a known secret, and others with 401.

    Attributes:
        known: the values of ``Authorization`` that it accepts; empty to accept any call.
        calls: the paths and the values that it got.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.known: set[str] = set()
        self.calls: list[tuple[str, str | None]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        authorization = self.headers["Authorization"]
        self.server.calls.append((self.path, authorization))
        self.send_response(200 if not self.server.known or authorization in self.server.known else 401)
        body = b'{"charges": [], "items": [], "id": "1", "lines": [], "quantity": 1}'
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Secret:
    """A secret in Secrets Manager."""

    def __init__(self, name: str, text: str) -> None:
        self._client = boto3.client("secretsmanager")
        self.arn: str = self._client.create_secret(Name=name, SecretString=text)["ARN"]

    def rotate(self, text: str) -> None:
        self._client.put_secret_value(SecretId=self.arn, SecretString=text)


@pytest.fixture
def secret(request: pytest.FixtureRequest) -> Secret:
    return Secret(request.node.name, OLD)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations of AWS that were called."""
    call, called = AwsService.call, []

    def record(service: AwsService, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        called.append(operation)
        return call(service, operation, request)

    monkeypatch.setattr(AwsService, "call", record)
    return called


@pytest.fixture
def payments(service: Service, secret: Secret, clock: Clock) -> PaymentClient:
    return PaymentClient(Session(), service.url, bearer("payment", secret.arn, clock))


def sent(service: Service) -> list[str | None]:
    return [authorization for _, authorization in service.calls]


def deny(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> dict[str, Any]:
        raise AwsError("GetSecretValue returned 400 AccessDeniedException")

    monkeypatch.setattr(AwsService, "call", denied)


def test_given_a_secret_for_each_service_when_called_then_each_gets_its_own(
    service: Service, monkeypatch: pytest.MonkeyPatch, postgres: object
) -> None:
    for name in SERVICES:
        monkeypatch.setenv(f"{name.upper()}_URL", f"{service.url}/{name}")
        monkeypatch.setenv(f"{name.upper()}_SECRET_ARN", Secret(f"each/{name}", f"of-{name}").arn)
    place, tasks, relay = bootstrap.place_order(), bootstrap.process_task(), bootstrap.relay_outbox()
    place.carts.get("5")
    for inventory in (place.inventory, tasks.inventory, relay.inventory):
        inventory.release("r")
    tasks.carts.mark_ordered("5", "v", {})
    tasks.payments.find(ORDER)
    tasks.shipping.cancel("s")
    tasks.notifications.send("key", "order_received", {}, None)
    assert {(path.split("/")[1], authorization) for path, authorization in service.calls} == {
        (name, f"Bearer of-{name}") for name in SERVICES
    }
    assert len(service.calls) == 8


def test_given_a_catalog_with_a_secret_when_called_then_it_gets_it(service: Service, secret: Secret) -> None:
    CatalogClient(Session(), service.url, bearer("inventory", secret.arn)).get("1")
    assert sent(service) == [f"Bearer {OLD}"]


def test_given_no_secret_when_called_then_nothing_is_sent_or_read(service: Service, reads: list[str]) -> None:
    PaymentClient(Session(), service.url).find(ORDER)
    assert sent(service) == [None]
    assert reads == []


def test_given_a_secret_when_called_often_then_it_is_read_once_in_five_minutes(
    payments: PaymentClient, service: Service, clock: Clock, reads: list[str]
) -> None:
    for _ in range(6):
        payments.find(ORDER)
        clock.advance(60)
    assert sent(service) == [f"Bearer {OLD}"] * 6
    assert reads == ["GetSecretValue"] * 2


def test_given_a_new_secret_when_the_old_is_refused_then_the_call_is_repeated_once(
    payments: PaymentClient, service: Service, secret: Secret, clock: Clock
) -> None:
    payments.find(ORDER)
    secret.rotate(f"{NEW}\n")
    service.known = {f"Bearer {NEW}"}
    clock.advance(60)
    payments.find(ORDER)
    payments.find(ORDER)
    assert sent(service) == [f"Bearer {each}" for each in (OLD, OLD, NEW, NEW)]


def test_given_a_service_that_refuses_all_when_called_then_one_read_a_minute(
    payments: PaymentClient, service: Service, clock: Clock, reads: list[str]
) -> None:
    service.known = {"Bearer of-another"}
    for _ in range(120):
        with pytest.raises(DownstreamUnavailable) as raised:
            payments.find(ORDER)
        # A refused secret says nothing about the order, so the task is tried again.
        assert not isinstance(raised.value, DownstreamRefused)
        assert raised.value.__notes__ == ["it returned 401 for GET /charges"]
        clock.advance(1)
    assert len(service.calls) == 120
    assert len(reads) == 2


def test_given_an_unreadable_secret_when_called_then_the_service_is_unavailable(
    payments: PaymentClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch)
    with pytest.raises(DownstreamUnavailable) as raised:
        payments.find(ORDER)
    assert raised.value.detail == "The payment service is unavailable."
    [note] = raised.value.__notes__
    assert note.startswith("its secret cannot be read: Secrets Manager does not return the secret: GetSecretValue")
    assert service.calls == []


def test_given_an_outage_when_called_then_the_stale_secret_is_sent(
    payments: PaymentClient, service: Service, clock: Clock, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    payments.find(ORDER)
    deny(monkeypatch)
    clock.advance(300)
    payments.find(ORDER)
    assert sent(service) == [f"Bearer {OLD}"] * 2
    assert [line["message"] for line in log()] == ["payment secret not refreshed, using stale payment secret"]


@pytest.mark.parametrize("text", ["", " ", '{"token": "hidden"}', "hid den", "hidden\r\nX-Admin: 1", "hidd\u00e9n"])
def test_given_a_secret_that_is_no_token_when_called_then_it_is_not_sent_or_shown(
    text: str, secret: Secret, payments: PaymentClient, service: Service
) -> None:
    secret.rotate(text or " ")
    with pytest.raises(DownstreamUnavailable) as raised:
        payments.find(ORDER)
    assert "is not a bearer token" in raised.value.__notes__[0]
    assert "hid" not in str(raised.value.__notes__)
    assert service.calls == []


def test_given_a_secret_when_calls_fail_then_no_log_line_has_it(
    payments: PaymentClient, service: Service, clock: Clock, log: Log
) -> None:
    service.known = {"Bearer of-another"}
    for _ in range(2):
        with pytest.raises(DownstreamUnavailable) as raised:
            payments.find(ORDER)
        logger.warning("call failed", exc_info=raised.value)
        clock.advance(60)
    assert log()
    assert OLD not in json.dumps(log())


def test_given_an_unreadable_secret_when_a_task_runs_then_it_is_tried_again(
    query: Query, services: object, secret: Secret, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    monkeypatch.setenv("PAYMENT_SECRET_ARN", secret.arn.replace("secret:", "secret:no-"))
    world = World()
    order = world.place_cart()
    world.drain(timedelta(0))
    [line] = [line for line in log() if line["message"] == "task rescheduled" and line["kind"] == "charge_payment"]
    assert line["causes"][0].startswith("its secret cannot be read: Secrets Manager does not return the secret")
    [stored] = query("SELECT status FROM orders WHERE id = %(order)s", order=order)
    assert stored["status"] == "pending"
