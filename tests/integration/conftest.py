"""Real PostgreSQL and real services, started once; every test finds them in their first state."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import httpx
import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from local.postgres import Postgres
from orders.aws.connections import ssl_context
from orders.aws.task_queue import DEAD_LETTERS
from orders.config import DatabaseSettings
from orders.postgres.connection import Database
from tests.aws import mocked
from tests.fakes_process import FakesProcess
from tests.integration.certificates import self_signed
from tests.integration.cloudformation import CloudFormation, running
from tests.integration.world import World
from tests.support import NOT_DURABLE, load_function

TASK_ID = "concat_ws('.', order_id, version, kind) AS id"
"""The id of a task, for a SELECT clause."""
QUEUES = ("orders-tasks", f"orders-tasks{DEAD_LETTERS}")

type Query = Callable[..., list[dict[str, Any]]]
type SetFault = Callable[..., None]

INSERT_ORDERS = """
INSERT INTO orders (id, customer_id, status, payment_status, shipping_status, currency, total, line_count, version,
    reservation_id, created_at, updated_at)
SELECT gen_random_uuid(), '5', 'pending', 'pending', 'pending', %(currency)s, %(total)s, 1, 1, gen_random_uuid(),
    %(at)s, %(at)s
FROM generate_series(1, %(number)s)
"""
"""Stores orders as a bulk load does, without their lines, timelines and tasks."""


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server with a migrated database, where functions log in as the role that writes."""
    server = Postgres(tmp_path_factory.mktemp("postgres") / "data", settings=NOT_DURABLE)
    server.start()
    server.create_database("orders")
    os.environ.update(
        DATABASE_HOST=server.host,
        DATABASE_PORT=str(server.port),
        DATABASE_NAME="orders",
        DATABASE_USER="orders_app",
        DATABASE_AUTH="none",
    )
    load_function("migrate_database").migrate(replace(DatabaseSettings.from_environment(), user=server.user))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def service_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakesProcess]:
    """The fakes."""
    with FakesProcess(tmp_path_factory.mktemp("services") / "state.sqlite") as process:
        services = ("cart", "inventory", "notification", "payment", "shipping")
        os.environ.update({f"{service.upper()}_URL": f"{process.url}/{service}" for service in services})
        yield process


@pytest.fixture
def services(service_process: FakesProcess) -> Iterator[httpx.Client]:
    """The fakes in their demo state: 1,000,000 of each product, and a cart for customers 1 to 5."""
    with httpx.Client(base_url=service_process.url) as client:
        client.post("/control/reset?force=true").raise_for_status()
        yield client


@pytest.fixture
def query(postgres: Postgres) -> Iterator[Query]:
    """Look into the database from outside; it holds no orders when the test begins."""
    with closing(
        psycopg2.connect(
            host=postgres.host, port=postgres.port, user=postgres.user, dbname="orders", cursor_factory=RealDictCursor
        )
    ) as connection:
        connection.autocommit = True

        def run(statement: str, **parameters: Any) -> list[dict[str, Any]]:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return [dict(row) for row in cursor.fetchall()] if cursor.description else []

        run("TRUNCATE orders, order_items, order_details, order_events, order_tasks, idempotency_keys, erasures")
        run("TRUNCATE event_feed, unsequenced_events")
        run("TRUNCATE stock_holds, catalog_changes")
        run("TRUNCATE count_deltas, order_counts, order_minutes")
        yield run


@pytest.fixture
def database(query: Query) -> Iterator[Database]:
    """The database as a function sees it."""
    database = Database(DatabaseSettings.from_environment())
    yield database
    database.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for a server that a test runs, with its key."""
    return self_signed(tmp_path_factory.mktemp("certificate") / "certificate.pem")


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Functions trust the certificate, and no other one."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    # A process otherwise reads the trusted certificates once.
    ssl_context.cache_clear()
    yield
    ssl_context.cache_clear()


@pytest.fixture
def as_owner(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """Log in as the owner of the tables, as migrations do."""
    monkeypatch.setenv("DATABASE_USER", postgres.user)


@pytest.fixture(params=["reservations", "catalog"])
def inventory_api(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either kind of inventory."""
    monkeypatch.setenv("INVENTORY_API", request.param)
    return str(request.param)


@pytest.fixture(scope="session", autouse=True)
def queues() -> Iterator[None]:
    """The queue that the functions send tasks to, and its dead-letter queue."""
    with mocked():
        sqs = boto3.client("sqs")
        for name in QUEUES:
            sqs.create_queue(QueueName=name)
        yield


@pytest.fixture
def function(query: Query, services: httpx.Client) -> Callable[[str], ModuleType]:
    """Functions by name, each with a connection of its own, as an execution environment has."""
    return load_function


@pytest.fixture
def stock(services: httpx.Client) -> Callable[[str], int]:
    """How much of a product is free."""

    def free(product: str) -> int:
        return int(services.get(f"/inventory/products/{product}").raise_for_status().json()["quantity"])

    return free


@pytest.fixture
def world(query: Query, services: httpx.Client) -> World:
    """The service without its functions, over an empty database and services in their first state."""
    return World()


@pytest.fixture
def set_fault(services: httpx.Client) -> SetFault:
    """Set a fault of a service."""

    def set_fault(service: str, **settings: Any) -> None:
        services.put(f"/control/{service}", json=settings).raise_for_status()

    return set_fault


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    """CloudFormation's bucket for the reports of custom resources."""
    with running() as server:
        yield server
