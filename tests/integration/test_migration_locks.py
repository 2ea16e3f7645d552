"""Migrations while orders are placed: they wait for locks briefly, and again, so that nothing else waits for long."""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's name for its class

from local.postgres import Postgres
from orders.config import DatabaseSettings
from tests.integration.conftest import Query
from tests.support import ROOT, load_function, wait_until

type Log = Callable[[], list[dict[str, Any]]]

COLUMN = "ALTER TABLE orders ADD COLUMN color text;\n"
HAS_COLUMN = """
SELECT true AS yes FROM information_schema.columns WHERE table_name = 'orders' AND column_name = 'color'
"""
HAS_INDEX = "SELECT true AS yes FROM pg_class WHERE relname = 'orders_by_currency'"

pytestmark = pytest.mark.usefixtures("as_owner")


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, query: Query) -> Iterator[ModuleType]:
    """The function, with the migrations of a folder that a test adds its own to."""
    function = load_function("migrate_database")
    for path in function.MIGRATIONS.glob("*.sql"):
        (tmp_path / path.name).write_text(path.read_text())
    monkeypatch.setattr(function, "MIGRATIONS", tmp_path)
    yield function
    query("ALTER TABLE orders DROP COLUMN IF EXISTS color")
    query("DROP INDEX IF EXISTS orders_by_currency")
    query("DELETE FROM _yoyo_migration WHERE migration_id LIKE %(id)s", id="9%")


@pytest.fixture
def other(postgres: Postgres, function: ModuleType) -> Iterator[Connection]:
    """Somebody else's connection, whose transaction stays open and keeps its locks."""
    with closing(
        psycopg2.connect(host=postgres.host, port=postgres.port, user=postgres.user, dbname="orders")
    ) as connection:
        yield connection


@pytest.fixture
def reads(other: Connection) -> Connection:
    """A transaction that has read orders."""
    other.cursor().execute("SELECT count(*) FROM orders")
    return other


def migrate(function: ModuleType) -> list[str]:
    applied: list[str] = function.migrate(DatabaseSettings.from_environment())
    return applied


def is_waiting(query: Query) -> bool:
    return bool(query("SELECT true AS yes FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass"))


def test_given_a_table_in_use_when_migrated_then_it_is_retried_and_others_go_on(
    function: ModuleType, reads: Connection, query: Query, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    (tmp_path / "9001.color.sql").write_text(COLUMN)
    monkeypatch.setattr(function, "_LOCK_TIMEOUT", "500ms")
    monkeypatch.setattr(function, "time", Mock(wraps=time, sleep=lambda _: reads.rollback()))
    with ThreadPoolExecutor() as pool:
        migration = pool.submit(migrate, function)
        wait_until(lambda: is_waiting(query) or migration.done())
        query("SET statement_timeout = '2s'")
        query("SELECT count(*) FROM orders")  # waits behind the migration
        assert migration.result() == ["9001.color"]
    assert [line["message"] for line in log()] == ["lock not available, retrying"]
    assert query(HAS_COLUMN)


def test_given_a_table_in_use_for_long_when_migrated_then_it_gives_up_in_time(
    function: ModuleType, reads: Connection, query: Query, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "9001.color.sql").write_text(COLUMN)
    monkeypatch.setattr(function, "_LOCK_TIMEOUT", "10ms")
    slept: list[int] = []
    monkeypatch.setattr(function, "time", Mock(monotonic=lambda: sum(slept), sleep=slept.append))
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        migrate(function)
    reads.rollback()
    assert 120 < sum(slept) < 280
    assert not query(HAS_COLUMN)


def test_given_another_migration_that_runs_when_migrated_then_it_waits_for_its_end(
    function: ModuleType, other: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.cursor().execute("SELECT pg_advisory_xact_lock(hashtext('orders_migrations'))")
    monkeypatch.setattr(function, "_LOCK_TIMEOUT", "10ms")
    monkeypatch.setattr(function, "time", Mock(wraps=time, sleep=lambda _: other.rollback()))
    assert migrate(function) == []


def test_given_the_documented_index_when_migrated_then_it_waits_and_writers_go_on(
    function: ModuleType, other: Connection, query: Query, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    documented = re.search(r"^    -- transactional: false\n(    .*\n)+", text, re.MULTILINE)
    assert documented
    (tmp_path / "9002.index.sql").write_text(re.sub("^    ", "", documented[0], flags=re.MULTILINE))
    monkeypatch.setattr(function, "_LOCK_TIMEOUT", "10ms")
    write = "LOCK TABLE orders IN ROW EXCLUSIVE MODE"  # as INSERT and UPDATE do
    other.cursor().execute(write)
    with ThreadPoolExecutor() as pool:
        migration = pool.submit(migrate, function)
        wait_until(lambda: bool(query(HAS_INDEX)) or migration.done())
        query(f"BEGIN; SET LOCAL lock_timeout = '1s'; {write}; COMMIT")
        other.rollback()
        assert migration.result() == ["9002.index"]
    assert query("SELECT true AS yes FROM pg_index WHERE indexrelid = 'orders_by_currency'::regclass AND indisvalid")
