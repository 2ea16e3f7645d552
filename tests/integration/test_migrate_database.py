"""The custom resource: CloudFormation gets an answer whatever happens."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import psycopg2
import pytest

from local import template as sam
from local.postgres import Postgres
from orders.domain.clock import Clock
from tests.integration.cloudformation import CloudFormation
from tests.integration.conftest import Query
from tests.support import ROOT, Context, load_function

type Log = Callable[[], list[dict[str, Any]]]

EVENTS = ROOT / "events" / "migrate_database"

pytestmark = pytest.mark.usefixtures("as_owner")


class Time:
    """Replaces the module `time`: sleeping advances it at once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.while_waiting: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.while_waiting()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def migrations(time: Time, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The function, with simulated time."""
    function = load_function("migrate_database")
    monkeypatch.setattr(function, "time", time)
    return function


def sample(request_type: str) -> dict[str, Any]:
    """The sample event of a kind of request."""
    event: dict[str, Any] = json.loads((EVENTS / f"{request_type.lower()}.json").read_text())
    return event


def deploy(
    server: CloudFormation, request_type: str, function: ModuleType | None = None, **properties: object
) -> dict[str, Any]:
    event = sample(request_type) | {"ResponseURL": server.url}
    event["ResourceProperties"] |= properties
    (function or load_function("migrate_database")).handler(event, Context())
    return server.answers.pop()


@pytest.mark.usefixtures("query")
@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
def test_given_a_database_when_deployed_or_deleted_then_success(
    cloudformation: CloudFormation, request_type: str
) -> None:
    answer = deploy(cloudformation, request_type)
    assert answer.pop("Data").get("Applied", "") == ""
    assert answer == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "orders-schema",
        **{name: sample(request_type)[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }


@pytest.mark.usefixtures("query")
def test_given_settings_when_deployed_then_the_release_changes_only_with_them(
    cloudformation: CloudFormation,
) -> None:
    first, same, other = (
        deploy(cloudformation, "Update", Settings=settings)["Data"]["Release"]
        for settings in (["INFO", "USD"], ["INFO", "USD"], ["INFO", "EUR"])
    )
    assert re.fullmatch(r"[0-9a-f]{12}", first)
    assert first == same != other


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
@pytest.mark.parametrize("service", ["InventoryUrl", "CartUrl", "PaymentUrl", "ShippingUrl", "NotificationUrl"])
def test_given_a_service_without_tls_when_deployed_then_it_fails_outside_dev(
    cloudformation: CloudFormation, query: Query, service: str, stage: str
) -> None:
    services = sample("Create")["ResourceProperties"]["Services"] | {service: "http://user:hidden@services.example"}
    answer = deploy(cloudformation, "Create", Stage=stage, Services=services, AllowedOrigins="https://shop.example")
    if stage == "dev":
        assert answer["Status"] == "SUCCESS"
    else:
        assert answer["Status"] == "FAILED"
        reason = f"ConfigurationError: {service} begins with http://; outside the stage dev it must begin with https://"
        assert answer["Reason"].startswith(reason)


@pytest.mark.parametrize(
    ("stage", "origins", "status"),
    [
        ("prod", "*", "FAILED"),
        ("prod", "https://shop.example,*", "FAILED"),
        ("prod", "https://shop.example,https://other.example", "SUCCESS"),
        ("staging", "*", "SUCCESS"),
        ("dev", "*", "SUCCESS"),
    ],
)
def test_given_origins_when_deployed_then_prod_has_to_name_them(
    cloudformation: CloudFormation, query: Query, stage: str, origins: str, status: str
) -> None:
    answer = deploy(cloudformation, "Update", Stage=stage, AllowedOrigins=origins)
    assert answer["Status"] == status
    if status == "FAILED":
        assert answer["Reason"].startswith("ConfigurationError: AllowedOrigins is *; prod must name its origins")


def test_given_no_url_of_a_service_when_deployed_then_it_fails(cloudformation: CloudFormation) -> None:
    answer = deploy(cloudformation, "Create", Services={"CartUrl": "https:cart.example"})
    assert answer["Reason"].startswith("ConfigurationError: CartUrl is not a URL; it must be https://<host>/<path>")


def test_given_the_template_when_deployed_then_all_services_are_checked() -> None:
    template = sam.read(ROOT / "template.yaml")
    urls = [name for name in template["Parameters"] if re.fullmatch(r"(?!Jwt)\w+Url", name)]
    properties = template["Resources"]["DatabaseSchema"]["Properties"]
    assert properties["Services"] == {name: {"Ref": name} for name in urls}
    assert properties["Stage"] == {"Ref": "Stage"}
    assert properties["AllowedOrigins"] == {"Fn::Join": [",", {"Ref": "AllowedOrigins"}]}
    assert set(sample("Create")["ResourceProperties"]["Services"]) == set(urls)


def test_given_a_stack_with_orders_when_it_is_deleted_then_they_are_kept(
    cloudformation: CloudFormation, query: Query
) -> None:
    deploy(cloudformation, "Delete")
    assert query("SELECT count(*) AS n FROM orders") == [{"n": 0}]


def test_given_no_database_when_deployed_then_it_fails_in_two_minutes_and_says_why(
    cloudformation: CloudFormation, migrations: ModuleType, time: Time, monkeypatch: pytest.MonkeyPatch, query: Query
) -> None:
    monkeypatch.setenv("DATABASE_PORT", "1")
    answer = deploy(cloudformation, "Create", migrations)
    assert answer["Status"] == "FAILED"
    assert "OperationalError" in answer["Reason"]
    assert "log: " in answer["Reason"]
    assert time.seconds == 120


def test_given_a_database_that_starts_late_when_deployed_then_it_waits_and_logs_why(
    cloudformation: CloudFormation,
    migrations: ModuleType,
    time: Time,
    postgres: Postgres,
    query: Query,
    log: Log,
) -> None:
    time.while_waiting = lambda: postgres.start() if time.seconds > 30 else None
    postgres.stop()
    try:
        answer = deploy(cloudformation, "Create", migrations)
    finally:
        postgres.start()
    assert answer["Status"] == "SUCCESS"
    assert 30 < time.seconds < 120
    lines = log()
    assert len(lines) > 1
    assert all(line["level"] == "WARNING" and "Connection refused" in line["cause"] for line in lines)


def test_given_a_second_login_that_is_refused_when_deployed_then_it_is_retried_too(
    cloudformation: CloudFormation, migrations: ModuleType, monkeypatch: pytest.MonkeyPatch, query: Query
) -> None:
    connect, refuses = psycopg2.connect, iter([False, True])

    def connect_later(**parameters: Any) -> object:
        if next(refuses, False):
            raise psycopg2.OperationalError("PAM authentication failed")
        return connect(**parameters)

    monkeypatch.setattr("psycopg2.connect", connect_later)
    assert deploy(cloudformation, "Create", migrations)["Status"] == "SUCCESS"
    assert list(refuses) == []


def test_given_a_delayed_permission_when_deployed_then_each_attempt_has_a_new_token(
    cloudformation: CloudFormation, migrations: ModuleType, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = datetime.now(UTC)
    connect = Mock(side_effect=psycopg2.OperationalError("PAM authentication failed"))
    monkeypatch.setenv("DATABASE_AUTH", "iam")
    monkeypatch.setattr("psycopg2.connect", connect)
    monkeypatch.setattr(Clock, "now", lambda _: begun + timedelta(seconds=time.seconds))
    assert "PAM authentication failed" in deploy(cloudformation, "Create", migrations)["Reason"]
    tokens = [call.kwargs["password"] for call in connect.call_args_list]
    assert len(set(tokens)) == len(tokens) > 2


def test_given_no_credentials_when_deployed_then_it_fails_without_a_retry(
    cloudformation: CloudFormation, migrations: ModuleType, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_AUTH", "iam")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert deploy(cloudformation, "Create", migrations)["Reason"].startswith("ConfigurationError: ")
    assert time.seconds == 0


def test_given_a_very_long_error_when_deployed_then_it_is_truncated(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("psycopg2.connect", Mock(side_effect=OSError("ü" * 100_000)))
    answer = deploy(cloudformation, "Update")
    assert answer["Status"] == "FAILED"
    assert re.match(r"OSError: ü{100,} \(log: ", answer["Reason"])
