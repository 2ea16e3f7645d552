"""The faults of the runbook, played with real functions, and the alarms that they raise by their own expressions.

A minute with a fault is played once; its metrics are repeated for as long as the fault lasts. Functions print their own
metrics. Those that AWS would add are recorded: of each invocation, of each answer of the gateway, and of a queue.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import boto3
import httpx
import pytest

from local import emulator
from local import template as sam
from local.dashboard.measured import Metric, Point, embedded
from local.ports import free_port
from orders.aws.client import AwsService
from orders.aws.task_queue import DEAD_LETTERS
from tests import monitored
from tests.evaluation import Alarms
from tests.integration.conftest import QUEUES, TASK_ID, Query, SetFault
from tests.signing import OTHER_RSA_KEY, RSA_KEY, SECRET, claims, jwk, jwks, signed
from tests.support import ROOT, Context, http_event, task_message

type Load = Callable[[str], ModuleType]
type Minute = Mapping[Metric, list[float]]

TOKEN = signed(claims())
ITEMS = {"items": [{"sku": "SKU123", "quantity": 1}]}
RESOURCES = monitored.resources()
CANARY = {
    alarm["Fn::Sub"].removeprefix("${AWS::StackName}-")
    for alarm in sam.read(ROOT / "template.yaml")["Globals"]["Function"]["DeploymentPreference"]["Alarms"]["Fn::If"][1]
}
ORDERING, TASKS, STORAGE = "page-ordering-down", "page-tasks-down", "page-database-storage"
PACES = {"busy": (1, 25), "quiet": (5, 1)}
"""How often a minute's requests come, in minutes, and how often each of them."""


class Stage:
    """The functions behind a gateway, with what AWS measures of them."""

    def __init__(self, load: Load, query: Query, printed: Callable[[], str]) -> None:
        self._load = load
        self._query = query
        self._printed = printed
        self._loaded: dict[str, ModuleType] = {}
        self._aws: defaultdict[Metric, list[float]] = defaultdict(list)

    def restart(self) -> None:
        """Let all functions start anew."""
        self._loaded.clear()

    def function(self, name: str) -> ModuleType:
        """A function that stays warm."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def invoke(self, name: str, event: dict[str, Any]) -> Any:
        """Call a function. One that raises, or cannot start, is an error of its invocation."""
        deployed = f"{monitored.STACK}-{name.replace('_', '-')}"
        context = Context()
        context.function_name = deployed
        began = time.monotonic()
        errors = 1.0
        try:
            answer = self.function(name).handler(event, context)
            errors = 0.0
        except Exception:  # noqa: BLE001 - as Lambda does
            answer = None
        for metric, value in (
            ("Invocations", 1.0),
            ("Errors", errors),
            ("Throttles", 0.0),
            ("Duration", 1000 * (time.monotonic() - began)),
        ):
            self.measure("AWS/Lambda", metric, value, FunctionName=deployed)
        return answer

    def request(self, name: str, event: dict[str, Any], authorization: str = TOKEN) -> int:
        """Send a request as the gateway does, after it has asked the authorizer, and return the status."""
        asked = self.invoke("authorizer", {"headers": {"authorization": authorization}, "routeKey": event["routeKey"]})
        if asked is None:
            status = 500
        elif not asked["isAuthorized"]:
            status = 403
        else:
            answer = self.invoke(name, event)
            status = 500 if answer is None else answer["statusCode"]
        for metric, is_counted in (("Count", True), ("4xx", 400 <= status < 500), ("5xx", status >= 500)):
            self.measure("AWS/ApiGateway", metric, float(is_counted), ApiId=emulator.API_ID)
        return int(status)

    def place(self, body: object = ITEMS, authorization: str = TOKEN) -> int:
        """Place an order."""
        return self.request("create_order", http_event("POST", "/v1/orders", body), authorization)

    def work(self) -> None:
        """Process the tasks that are due, and those that follow from them."""
        free = f"SELECT {TASK_ID} FROM order_tasks WHERE state = 'pending' AND available_at <= now()"  # noqa: S608
        while tasks := self._query(free):
            self.invoke("process_task", {"Records": [task_message(row["id"]) for row in tasks]})

    def measure(self, namespace: str, name: str, value: float, **dimensions: str) -> None:
        """Record a metric of AWS."""
        self._aws[Metric(namespace, name, frozenset(dimensions.items()))].append(value)

    def minute(self) -> Minute:
        """What was measured since the last minute."""
        measured, self._aws = self._aws, defaultdict(list)
        for line in self._printed().splitlines():
            for metric, point in embedded(line):
                measured[metric].extend(point.values)
        return measured


@pytest.fixture
def stage(
    function: Load,
    services: httpx.Client,
    query: Query,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Stage:
    secret = boto3.client("secretsmanager").create_secret(Name=f"jwt-{time.time_ns()}", SecretString=SECRET)
    monkeypatch.setenv("JWT_SECRET_ARN", secret["ARN"])
    monkeypatch.setenv("JWT_ALGORITHMS", "HS256")
    return Stage(function, query, lambda: capsys.readouterr().out)


@pytest.fixture
def relay(stage: Stage) -> Minute:
    """What the relay's run of each minute measures."""
    stage.invoke("relay_outbox", {})
    stage.minute()
    stage.invoke("relay_outbox", {})
    return stage.minute()


@pytest.fixture
def healthy(stage: Stage, relay: Minute) -> Minute:
    """A minute in which an order is placed and processed, while all functions are warm."""
    for _ in range(2):
        stage.minute()
        assert stage.place() == 201
        stage.work()
    return stage.minute()


@pytest.fixture(params=PACES)
def pace(request: pytest.FixtureRequest) -> tuple[int, int]:
    return PACES[request.param]


class History:
    """What was measured minute by minute, and the alarms that were on after each."""

    def __init__(self, pace: tuple[int, int], always: Minute) -> None:
        self._every, self._times = pace
        self._always = always
        self._points: defaultdict[Metric, list[Point]] = defaultdict(list)
        self._minutes = 0

    def last(self, minutes: int, *happens: Minute, always: Minute | None = None) -> None:
        """Let some minutes' requests come for a while, and the relay run each minute."""
        for _ in range(minutes):
            at = 60.0 * self._minutes
            self._minutes += 1
            for minute in happens:
                if self._minutes % self._every == 0:
                    self._add(at, minute, self._times)
            self._add(at, self._always if always is None else always, 1)

    def _add(self, at: float, minute: Minute, times: int) -> None:
        for metric, values in minute.items():
            self._points[metric].append(Point(at, values * times))

    def on(self) -> set[str]:
        """The alarms that are on now."""
        return Alarms(RESOURCES, self._points).on(60.0 * self._minutes)

    def pages(self) -> set[str]:
        """The pages that somebody has been sent."""
        notifying = Alarms(RESOURCES, self._points).notifying(60.0 * self._minutes)
        return {name for name in notifying if name.startswith("page-")}


@pytest.fixture
def history(pace: tuple[int, int], relay: Minute, healthy: Minute) -> History:
    """Two hours without a fault, after which no alarm is on."""
    history = History(pace, relay)
    history.last(120, healthy)
    assert history.on() == set()
    return history


def recovers(history: History, healthy: Minute) -> None:
    """After the fault has ended, all alarms end by themselves."""
    history.last(61, healthy)
    assert history.on() == set()


def test_given_payment_down_when_for_half_an_hour_then_it_pages(
    stage: Stage, history: History, healthy: Minute, set_fault: SetFault
) -> None:
    set_fault("payment", failure_rate=1)
    assert stage.place() == 201
    stage.work()
    down = stage.minute()
    history.last(15, down)
    assert history.pages() == {TASKS}
    assert {"cause-payment-down", "ticket-payment-trouble"} <= history.on()
    history.last(15, down)
    assert history.pages() == {TASKS}
    recovers(history, healthy)


@contextmanager
def database_away(stage: Stage) -> Iterator[None]:
    """A database that nobody can connect to."""
    with pytest.MonkeyPatch.context() as away:
        away.setenv("DATABASE_PORT", str(free_port()))
        stage.restart()
        yield
    stage.restart()


@pytest.mark.parametrize(("minutes", "pages"), [(2, set[str]()), (15, {ORDERING})])
def test_given_a_failover_when_it_lasts_then_it_pages_but_not_for_two_minutes(
    stage: Stage, history: History, healthy: Minute, minutes: int, pages: set[str]
) -> None:
    with database_away(stage):
        assert stage.place() == 503
        away = stage.minute()
        stage.invoke("relay_outbox", {})
    history.last(minutes, away, always=stage.minute())
    assert history.pages() == pages
    # The relay fails as well, but it is one outage.
    assert "ticket-functions-fail" in history.on()
    assert (TASKS in history.on()) is (minutes > 5)
    recovers(history, healthy)


def test_given_no_connection_left_when_asked_for_then_it_pages_as_an_outage(
    stage: Stage, history: History, healthy: Minute, query: Query
) -> None:
    """The refusal of PostgreSQL itself; the metrics of RDS Proxy are as AWS documents them."""
    query("ALTER ROLE orders_app CONNECTION LIMIT 0")
    try:
        stage.restart()
        assert stage.place() == 503
    finally:
        query("ALTER ROLE orders_app CONNECTION LIMIT -1")
        stage.restart()
    for name, value in (("DatabaseConnectionsCurrentlyBorrowed", 190), ("MaxDatabaseConnectionsAllowed", 200)):
        stage.measure("AWS/RDS", name, float(value), ProxyName="orders-proxy")
    stage.measure("AWS/RDS", "DatabaseConnectionsBorrowLatency", 250_000, ProxyName="orders-proxy")
    exhausted = stage.minute()
    rds = {metric: values for metric, values in exhausted.items() if metric.namespace == "AWS/RDS"}
    history.last(15, exhausted, always=rds)
    assert history.pages() >= {ORDERING}
    assert {"ticket-database-connections", "ticket-database-borrow-latency"} <= history.on()


def test_given_little_storage_when_measured_then_it_pages_before_it_is_full(
    stage: Stage, history: History, healthy: Minute, relay: Minute
) -> None:
    """Only read: the metric of RDS is as AWS documents it."""
    stage.measure("AWS/RDS", "FreeStorageSpace", 1e9, DBInstanceIdentifier="orders-database")
    history.last(15, healthy, always={**relay, **stage.minute()})
    assert history.pages() == {STORAGE}


def test_given_a_poison_message_when_dead_lettered_then_a_ticket_and_no_page(
    stage: Stage, history: History, healthy: Minute, relay: Minute
) -> None:
    sqs = boto3.client("sqs")
    name = f"{QUEUES[0]}{DEAD_LETTERS}"
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])
    dead = sqs.create_queue(QueueName=name)["QueueUrl"]
    message = {**task_message("x"), "body": "not one of ours"}
    refused = stage.invoke("process_task", {"Records": [message]})
    assert [each["itemIdentifier"] for each in refused["batchItemFailures"]] == [message["messageId"]]
    # SQS moves it after the tenth time.
    sqs.send_message(QueueUrl=dead, MessageBody=message["body"])
    told = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    depth = float(told["ApproximateNumberOfMessages"])
    stage.measure("AWS/SQS", "ApproximateNumberOfMessagesVisible", depth, QueueName=name)
    poisoned = stage.minute()
    history.last(10, healthy, always={**relay, **poisoned})
    assert history.on() == {"cause-dead-letter-queue-depth", "ticket-tasks-failed"}
    [unknown] = stage.invoke("relay_outbox", {"failed": "list"})["unknown"]
    assert message["body"] in json.dumps(unknown, default=str)
    sqs.delete_queue(QueueUrl=dead)
    sqs.create_queue(QueueName=name)


def test_given_a_rotated_key_set_when_tokens_are_denied_then_it_pages(
    stage: Stage, history: History, healthy: Minute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET_ARN", "")
    monkeypatch.setenv("JWT_JWKS_URL", "https://users.example/keys")
    monkeypatch.setenv("JWT_ALGORITHMS", "RS256")
    monkeypatch.setattr("orders.auth.key_sources.download", lambda *_: jwks(jwk(RSA_KEY, kid="old", alg="RS256")))
    stage.restart()
    assert stage.place(authorization=signed(claims(), RSA_KEY, "RS256", kid="old")) == 201
    stage.minute()
    assert stage.place(authorization=signed(claims(), OTHER_RSA_KEY, "RS256", kid="new")) == 403
    denied = stage.minute()
    history.last(15, denied)
    assert history.pages() == {ORDERING}
    assert "cause-tokens-denied" in history.on()
    recovers(history, healthy)


def test_given_a_clock_that_is_ahead_when_tokens_are_not_valid_yet_then_it_pages(
    stage: Stage, history: History, healthy: Minute
) -> None:
    ahead = int(time.time()) + 300
    assert stage.place(authorization=signed(claims(iat=ahead, nbf=ahead))) == 403
    history.last(15, stage.minute())
    assert history.pages() == {ORDERING}
    assert "cause-tokens-denied" in history.on()
    recovers(history, healthy)


def test_given_an_app_left_open_when_its_token_has_expired_then_nobody_is_woken(
    stage: Stage, history: History, pace: tuple[int, int]
) -> None:
    """It asks again and again all night, while nobody else is there."""
    assert stage.request("list_orders", http_event("GET", "/v1/orders"), signed(claims(exp=1))) == 403
    expired = stage.minute()
    history.last(60, expired)
    assert history.pages() == set()


def test_given_the_relay_disabled_when_it_does_not_run_then_it_pages(
    stage: Stage, history: History, healthy: Minute
) -> None:
    history.last(6, healthy, always={})
    assert history.on() == {TASKS, "cause-relay-not-running"}
    recovers(history, healthy)


def test_given_a_client_in_a_loop_when_refused_then_a_ticket_and_its_pseudonym(
    stage: Stage, history: History, healthy: Minute, log: Callable[[], list[dict[str, Any]]]
) -> None:
    loop = http_event("POST", "/v1/orders", {"items": []}, customer="loop")
    for _ in range(120):
        assert 400 <= stage.request("create_order", loop) < 500
    assert {line["caller"] for line in log()} == {"customer:90f4c1d2a7b3e658"}
    refused = stage.minute()
    history.last(15, healthy, refused)
    assert history.on() == {"ticket-client-errors"}
    recovers(history, healthy)


def test_given_an_authorizer_that_raises_when_deployed_then_the_canary_stops(
    stage: Stage, history: History, healthy: Minute, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as wrong:
        wrong.setenv("JWT_ALGORITHMS", "none")
        stage.restart()
        assert stage.place() == 500
    stage.restart()
    raised = stage.minute()
    # A tenth of the calls: one of them in ten minutes is enough.
    history.last(5, healthy)
    assert not history.on() & CANARY
    history.last(1, healthy, always=raised)
    assert history.on() & CANARY == {"cause-authorizer-failures"}
    assert "ticket-functions-fail" in history.on()
    assert history.pages() == set()
    history.last(15, raised)
    assert history.pages() == {ORDERING}
    recovers(history, healthy)


def test_given_sqs_away_when_tasks_are_not_sent_then_it_pages(
    stage: Stage, history: History, healthy: Minute, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no route to host")

    with monkeypatch.context() as away:
        away.setattr(AwsService, "_post", refuse)
        # The keys are there already.
        assert stage.place() == 201
        query("UPDATE order_tasks SET available_at = now() - interval '6 minutes' WHERE state = 'pending'")
        stage.minute()
        stage.invoke("relay_outbox", {})
    late = stage.minute()
    history.last(3, healthy, always=late)
    assert history.pages() == {TASKS}
    assert "cause-task-lag" in history.on()
    recovers(history, healthy)


def test_given_a_secret_too_short_when_stored_then_a_ticket_and_then_a_page(
    stage: Stage, history: History, healthy: Minute, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = boto3.client("secretsmanager").create_secret(Name=f"jwt-{time.time_ns()}", SecretString="too short")
    cache = stage.function("authorizer").verifier()._keys._keys
    with monkeypatch.context() as stored:
        stored.setattr(cache, "_fetch", lambda: _keys_of(stored, short["ARN"]))
        stored.setattr(cache, "_fetched_at", cache._fetched_at - 300)
        stored.setattr(cache, "_tried_at", cache._tried_at - 300)
        # An environment that has keys.
        assert stage.place() == 201
        stage.work()
        cached = stage.minute()
        # A new one.
        stored.setenv("JWT_SECRET_ARN", short["ARN"])
        stage.restart()
        assert stage.place() == 500
        new = stage.minute()
    stage.restart()
    history.last(15, cached)
    assert history.on() == {"ticket-keys-not-refreshed"}
    history.last(15, cached, new)
    assert history.pages() == {ORDERING}
    assert "ticket-functions-fail" in history.on()
    recovers(history, healthy)


def _keys_of(patch: pytest.MonkeyPatch, arn: str) -> Any:
    from orders.auth.key_sources import fetch_keys
    from orders.auth.token_settings import TokenSettings

    patch.setenv("JWT_SECRET_ARN", arn)
    return fetch_keys(TokenSettings.from_environment())


def test_given_nobody_who_orders_when_quiet_hours_are_over_then_it_pages(history: History) -> None:
    """Two hours here. At night there are neither requests nor errors, so nothing else notices an outage."""
    history.last(119)
    assert history.pages() == set()
    history.last(10)
    assert history.on() == {ORDERING, "cause-no-orders-for-hours"}
