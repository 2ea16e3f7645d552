"""The connection: it recovers from restarts and outages of the server."""

import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from time import monotonic

import psycopg2
import pytest

from local.postgres import Postgres
from orders.config import DatabaseSettings
from orders.domain.errors import DatabaseUnavailable
from orders.postgres.connection import Database, connect
from tests.integration.conftest import Query
from tests.support import load_function, wait_until

FUNCTION_SECONDS = 10
SO_ATTACH_FILTER = 26
"""Linux's; Python has no name for it."""


def vanish(database: Database) -> None:
    """Let nothing more arrive over the connection, as if the server had lost its power."""
    assert database._connection is not None
    nothing = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    with socket.socket(fileno=os.dup(database._connection.fileno())) as connection:
        connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(nothing)))


def pid(database: Database) -> int:
    return int(database.fetch(dict, "SELECT pg_backend_pid() AS pid")[0]["pid"])


def test_given_one_environment_when_it_queries_twice_then_over_one_connection(database: Database) -> None:
    assert pid(database) == pid(database)


def test_given_a_restarted_server_when_queried_then_over_a_new_connection(
    database: Database, postgres: Postgres
) -> None:
    before = pid(database)
    postgres.restart()
    assert pid(database) != before


def test_given_a_terminated_connection_when_queried_then_over_a_new_one(database: Database, query: Query) -> None:
    query("SELECT pg_terminate_backend(%(pid)s)", pid=pid(database))
    assert database.fetch(dict, "SELECT 1 AS one") == [{"one": 1}]


def test_given_a_lost_session_when_the_statement_needs_it_then_it_is_not_retried(
    database: Database, query: Query
) -> None:
    query("SELECT pg_terminate_backend(%(pid)s)", pid=pid(database))
    with pytest.raises(DatabaseUnavailable):
        database.fetch(dict, "SELECT 1", rerun=False)
    assert database.fetch(dict, "SELECT 1 AS one") == [{"one": 1}]


def test_given_a_server_that_is_down_when_queried_then_it_fails_until_it_is_back(
    database: Database, postgres: Postgres
) -> None:
    pid(database)
    postgres.stop()
    try:
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable):
                database.fetch(dict, "SELECT 1")
    finally:
        postgres.start()
    assert database.fetch(dict, "SELECT 1 AS one") == [{"one": 1}]


def test_given_a_vanished_server_when_queried_then_a_new_connection_answers_in_time(database: Database) -> None:
    before = pid(database)
    vanish(database)
    begun = monotonic()
    assert pid(database) != before
    assert monotonic() - begun < FUNCTION_SECONDS


def test_given_a_server_that_vanishes_when_it_is_working_then_the_query_times_out(
    database: Database, query: Query
) -> None:
    working = "SELECT pid FROM pg_stat_activity WHERE pid = %(pid)s AND state = 'active'"
    server = pid(database)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(database.execute, "SELECT pg_sleep(30)", rerun=False)
        wait_until(lambda: bool(query(working, pid=server)))
        vanish(database)
        begun = monotonic()
        with pytest.raises(DatabaseUnavailable):
            answer.result()
        assert monotonic() - begun < FUNCTION_SECONDS


def test_given_a_statement_that_timed_out_when_executed_then_it_is_not_retried(
    database: Database, query: Query
) -> None:
    query("CREATE SEQUENCE IF NOT EXISTS attempts; GRANT USAGE ON attempts TO orders_app")
    database.execute("SET statement_timeout = '50ms'")
    with pytest.raises(DatabaseUnavailable):
        database.fetch(dict, "SELECT nextval('attempts'), pg_sleep(10)")
    assert query("SELECT last_value FROM attempts") == [{"last_value": 1}]
    query("DROP SEQUENCE attempts")


def test_given_an_invalid_statement_when_executed_then_the_connection_stays_open(
    database: Database,
) -> None:
    before = pid(database)
    with pytest.raises(psycopg2.errors.UndefinedTable):
        database.fetch(dict, "SELECT * FROM nowhere")
    assert pid(database) == before


class TestMigrations:
    """Migrations run once, whichever process is first."""

    @pytest.fixture
    def empty(self, postgres: Postgres) -> Iterator[DatabaseSettings]:
        """A database with nothing in it."""
        postgres.create_database("empty")
        settings = replace(DatabaseSettings.from_environment(), user=postgres.user, name="empty")
        yield settings
        with closing(connect(replace(settings, name="orders"))) as connection, connection.cursor() as cursor:
            cursor.execute("DROP DATABASE empty WITH (FORCE)")

    def test_given_an_empty_database_when_migrated_twice_then_the_second_is_a_no_op(
        self, empty: DatabaseSettings
    ) -> None:
        function = load_function("migrate_database")
        assert function.migrate(empty) == sorted(path.stem for path in function.MIGRATIONS.glob("*.sql"))
        assert function.migrate(empty) == []

    def test_given_an_empty_database_when_migrated_concurrently_then_once(self, empty: DatabaseSettings) -> None:
        function = load_function("migrate_database")
        with ThreadPoolExecutor(4) as pool:
            applied = list(pool.map(function.migrate, [empty] * 4))
        assert sorted(map(len, applied)) == [0, 0, 0, len(list(function.MIGRATIONS.glob("*.sql")))]
