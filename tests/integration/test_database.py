"""The connection: it survives what happens to servers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import psycopg2
import pytest

from local.postgres import Postgres
from orders.config import DatabaseSettings
from orders.database import Database, connect
from orders.errors import DatabaseUnavailable
from tests.integration.conftest import Query
from tests.support import call, load_function


def pid(database: Database) -> int:
    return int(database.fetch("SELECT pg_backend_pid() AS pid")[0]["pid"])


def test_given_one_environment_when_it_asks_twice_then_over_one_connection(database: Database) -> None:
    assert pid(database) == pid(database)


def test_given_a_server_that_was_restarted_when_asked_then_a_new_connection_answers(
    database: Database, postgres: Postgres
) -> None:
    before = pid(database)
    postgres.restart()
    assert pid(database) != before


def test_given_a_connection_that_was_ended_when_asked_then_a_new_one_answers(database: Database, query: Query) -> None:
    query("SELECT pg_terminate_backend(%(pid)s)", pid=pid(database))
    assert database.fetch("SELECT 1 AS one") == [{"one": 1}]


def test_given_a_session_that_was_lost_when_the_statement_belongs_to_it_then_it_is_not_run_elsewhere(
    database: Database, query: Query
) -> None:
    query("SELECT pg_terminate_backend(%(pid)s)", pid=pid(database))
    with pytest.raises(DatabaseUnavailable):
        database.fetch("SELECT 1", rerun=False)
    assert database.fetch("SELECT 1 AS one") == [{"one": 1}]


def test_given_a_server_that_is_down_when_asked_then_it_says_so_until_the_server_is_back(
    database: Database, postgres: Postgres
) -> None:
    health = load_function("health")
    assert call(health, "GET", "/health").json == {"status": "ok", "database": "ok"}
    pid(database)
    postgres.stop()
    try:
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable):
                database.fetch("SELECT 1")
        down = call(health, "GET", "/v1/health")
        assert (down.status, down.json["database"]) == (503, "unavailable")
    finally:
        postgres.start()
    assert database.fetch("SELECT 1 AS one") == [{"one": 1}]
    assert call(health, "GET", "/health/").status == 200


def test_given_a_statement_that_ran_out_of_time_when_asked_then_it_is_not_run_again(
    database: Database, query: Query
) -> None:
    query("CREATE SEQUENCE IF NOT EXISTS attempts")
    database.fetch("SET statement_timeout = '50ms'")
    with pytest.raises(DatabaseUnavailable):
        database.fetch("SELECT nextval('attempts'), pg_sleep(10)")
    assert query("SELECT last_value FROM attempts") == [{"last_value": 1}]
    query("DROP SEQUENCE attempts")


def test_given_a_statement_that_is_wrong_when_asked_then_the_error_is_told_and_the_connection_stays(
    database: Database,
) -> None:
    before = pid(database)
    with pytest.raises(psycopg2.errors.UndefinedTable):
        database.fetch("SELECT * FROM nowhere")
    assert pid(database) == before


class TestMigrations:
    """The schema is made by whoever comes first, once."""

    @pytest.fixture
    def empty(self, postgres: Postgres) -> Iterator[DatabaseSettings]:
        """A database with nothing in it."""
        postgres.create_database("empty")
        settings = replace(DatabaseSettings.from_environment(), name="empty")
        yield settings
        with closing(connect(DatabaseSettings.from_environment())) as connection, connection.cursor() as cursor:
            cursor.execute("DROP DATABASE empty WITH (FORCE)")

    def test_given_an_empty_database_when_migrated_twice_then_the_second_time_changes_nothing(
        self, empty: DatabaseSettings
    ) -> None:
        migrate = load_function("migrate_database").migrate
        assert migrate(empty) == ["0001.orders", "0002.tasks"]
        assert migrate(empty) == []

    def test_given_an_empty_database_when_migrated_side_by_side_then_once(self, empty: DatabaseSettings) -> None:
        migrate = load_function("migrate_database").migrate
        with ThreadPoolExecutor(4) as pool:
            applied = list(pool.map(migrate, [empty] * 4))
        assert sorted(map(len, applied)) == [0, 0, 0, 2]
