"""Privileges in the database, migrated as on RDS, by an owner who is no superuser."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's name for its class

from local.postgres import Postgres
from orders.config import DatabaseSettings
from tests.support import call, load_function, wait_until

type Run = Callable[[str, str], list[tuple[Any, ...]]]

OWNER = "owner"


@contextmanager
def new_server(folder: Path) -> Iterator[Postgres]:
    """A server without migrations, with RDS's role for logging in by token."""
    server = Postgres(folder / "data")
    server.start()
    try:
        server.create_database("orders", owner=OWNER)
        with closing(connect(server, server.user)) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE ROLE rds_iam; GRANT rds_iam TO owner WITH ADMIN OPTION")
        yield server
    finally:
        server.stop()


def connect(server: Postgres, user: str) -> Connection:
    connection: Connection = psycopg2.connect(host=server.host, port=server.port, user=user, dbname="orders")
    connection.autocommit = True
    return connection


def migrate(server: Postgres) -> list[str]:
    settings = DatabaseSettings(server.host, server.port, "orders", OWNER, auth="none", application="migrate-database")
    applied: list[str] = load_function("migrate_database").migrate(settings)
    return applied


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Run a statement in a migrated database, as a role of it."""
    with new_server(tmp_path_factory.mktemp("roles")) as server:
        migrate(server)

        def run_as(role: str, statement: str) -> list[tuple[Any, ...]]:
            with closing(connect(server, role)) as connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

        yield run_as


def test_given_a_concurrent_migration_when_migrated_then_it_waits_and_succeeds(
    tmp_path: Path,
) -> None:
    with (
        new_server(tmp_path) as server,
        closing(connect(server, OWNER)) as other,
        closing(connect(server, OWNER)) as watcher,
    ):
        other.autocommit = False
        other.cursor().execute("CREATE ROLE orders_app LOGIN")
        applied: list[str] = []
        migration = Thread(target=lambda: applied.extend(migrate(server)))
        migration.start()

        def waits() -> bool:
            cursor = watcher.cursor()
            cursor.execute("SELECT FROM pg_stat_activity WHERE wait_event = 'transactionid'")
            return cursor.rowcount > 0

        wait_until(waits)
        other.commit()
        migration.join()
    assert applied == sorted(path.stem for path in load_function("migrate_database").MIGRATIONS.glob("*.sql"))


def test_given_the_tables_when_migrated_then_the_functions_role_may_read_each(run: Run) -> None:
    forgotten = run(
        OWNER,
        """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname !~ 'yoyo'
          AND NOT has_table_privilege('orders_app', oid, 'SELECT')
        """,
    )
    assert forgotten == []


def test_given_reading_functions_when_they_log_in_as_the_reader_then_they_answer(
    function: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = call(function("create_order"), "POST", "/v1/orders", {"items": [{"sku": "SKU123", "quantity": 1}]})
    monkeypatch.setenv("DATABASE_USER", "orders_reader")
    order = placed.json["links"]["self"]
    read = call(function("get_order"), "GET", order, query={"include": "timeline"})
    assert (read.status, len(read.json["timeline"])) == (200, 1)
    assert call(function("list_orders"), "GET", "/v1/orders").json["count"] == 1
    assert call(function("list_customer_orders"), "GET", "/v1/customers/5/orders").json["count"] == 1
    assert call(function("health"), "GET", "/v1/health").json["status"] == "ok"
    assert call(function("metrics"), "GET", "/metrics", scope="orders:metrics").status == 200


@pytest.mark.parametrize("role", ["orders_app", "orders_reader"])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE loot (id integer)",
        "ALTER TABLE orders ADD COLUMN loot text",
        "DROP TABLE order_events",
        "TRUNCATE orders CASCADE",
        "DELETE FROM orders",
        "DELETE FROM order_items",
        "DELETE FROM order_events",
        "DELETE FROM order_tasks",
        "UPDATE order_items SET unit_price = 0",
        "UPDATE order_events SET event = 'order.cancelled'",
        "DELETE FROM order_details",
        "UPDATE orders SET total = 0",
        "UPDATE orders SET customer_id = '6'",
        "UPDATE order_details SET adjustments = NULL",
        "UPDATE order_tasks SET kind = 'refund_payment'",
        "UPDATE idempotency_keys SET caller = '6'",
        "UPDATE stock_holds SET quantity = 1",
        "UPDATE erasures SET customer_id = '6'",
        "CREATE TEMPORARY TABLE orders (id uuid)",
        "SELECT FROM _yoyo_migration",
        "DELETE FROM yoyo_lock",
        "CREATE ROLE loot",
    ],
)
def test_given_a_functions_role_when_it_does_anything_else_then_it_is_refused(
    run: Run, role: str, statement: str
) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run(role, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO orders SELECT * FROM orders",
        "UPDATE orders SET total = 0",
        "SELECT FROM orders FOR UPDATE",
        "SELECT FROM idempotency_keys",
        "SELECT FROM stock_holds",
        "DELETE FROM erasures",
        "SELECT erase_orders_2(NULL, now(), 1, 'customer:5', now(), NULL)",
        "UPDATE order_tasks SET state = 'done'",
    ],
)
def test_given_the_reader_when_it_writes_or_reads_other_tables_then_it_is_refused(run: Run, statement: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run("orders_reader", statement)


@pytest.mark.parametrize(("role", "seconds"), [("orders_app", 8), ("orders_reader", 5)])
def test_given_a_functions_role_when_it_logs_in_then_its_session_limits_are_set(
    run: Run, role: str, seconds: int
) -> None:
    assert run(role, "SHOW statement_timeout") == [(f"{seconds}s",)]
    assert run(role, "SHOW lock_timeout") == [("5s",)]
    assert run(role, "SHOW idle_in_transaction_session_timeout") == [("10s",)]
    assert run(role, "SHOW search_path") == [("public, pg_temp",)]
    assert run(OWNER, "SHOW statement_timeout") == [("0",)]


@pytest.mark.parametrize("role", ["orders_app", "orders_reader"])
def test_given_a_server_of_rds_when_migrated_then_the_roles_log_in_with_tokens(run: Run, role: str) -> None:
    assert run(OWNER, f"SELECT pg_has_role('{role}', 'rds_iam', 'MEMBER')") == [(True,)]
