"""One PostgreSQL connection per execution environment; it comes back by itself when the server does."""

from collections.abc import Mapping
from threading import Lock
from typing import Any

import psycopg2
import psycopg2.errors
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's name for its class
from psycopg2.extras import Json

from orders.config import DatabaseSettings
from orders.domain.errors import DatabaseUnavailable
from orders.postgres.iam_auth import login

__all__ = ["Database", "Json", "Row"]

type Row = dict[str, Any]

_CONNECT_TIMEOUT_SECONDS = 3
# The server is gone, is going, has become a replica, or refused for want of time, memory or connections.
_LOST = (psycopg2.OperationalError, psycopg2.InterfaceError, psycopg2.errors.ReadOnlySqlTransaction)


class Database:
    """Runs statements, each as a transaction of its own and in one round trip.

    The statements of this service are safe to run twice, so one that met a connection which the server had closed
    (a restart, a fail-over, a proxy that let it go) is run again over a new one.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._connection: Connection | None = None
        self._one_at_a_time = Lock()

    def connect(self) -> None:
        """Connect, unless there is a connection; the first statement would do it by itself.

        Raises:
            DatabaseUnavailable: the server cannot be reached.
        """
        with self._one_at_a_time:
            if self._connection is None:
                self._connection = self._connect()

    def fetch(self, statement: str, parameters: Mapping[str, Any] | None = None, *, rerun: bool = True) -> list[Row]:
        """Run one statement, commit it, and return its rows.

        Args:
            statement: SQL, with ``%(name)s`` where a parameter goes.
            parameters: values by name.
            rerun: False for a statement that makes sense only in the session of the one before it.

        Raises:
            DatabaseUnavailable: the server cannot be reached, or cannot do it now.
            psycopg2.Error: the statement itself was refused.
        """
        with self._one_at_a_time:
            return self._fetch(statement, parameters, rerun=rerun)

    def _fetch(self, statement: str, parameters: Mapping[str, Any] | None, *, rerun: bool) -> list[Row]:
        if self._connection is not None:
            try:
                return self._run(self._connection, statement, parameters)
            except _LOST as error:
                lost = self._connection.closed or isinstance(error, psycopg2.errors.ReadOnlySqlTransaction)
                self.close()
                if not (lost and rerun):
                    raise DatabaseUnavailable("The database cannot do this at the moment.") from error
        self._connection = self._connect()
        try:
            return self._run(self._connection, statement, parameters)
        except _LOST as error:
            self.close()
            raise DatabaseUnavailable("The database cannot do this at the moment.") from error

    def fetch_one(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Row | None:
        """Run one statement and return its only row, or None."""
        rows = self.fetch(statement, parameters)
        return rows[0] if rows else None

    def close(self) -> None:
        """Let the connection go; the next statement makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Connection:
        try:
            return connect(self._settings)
        except _LOST as error:
            raise DatabaseUnavailable("The database cannot be reached.") from error

    def _run(self, connection: Connection, statement: str, parameters: Mapping[str, Any] | None) -> list[Row]:
        # The library's own dictionaries are put together in Python, value by value: half of a list's time.
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            if cursor.description is None:
                return []
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def connect(settings: DatabaseSettings, timeout_seconds: int = _CONNECT_TIMEOUT_SECONDS) -> Connection:
    """A new connection that commits each statement by itself."""
    connection: Connection = psycopg2.connect(**connection_parameters(settings, timeout_seconds))
    connection.autocommit = True
    return connection


def connection_parameters(
    settings: DatabaseSettings, timeout_seconds: int = _CONNECT_TIMEOUT_SECONDS
) -> dict[str, Any]:
    """What libpq has to know, login included; the time-out is for connecting."""
    return {
        "host": settings.host,
        "port": settings.port,
        "dbname": settings.name,
        "user": settings.user,
        "application_name": settings.application,
        "connect_timeout": timeout_seconds,
        # Notices within five seconds that a server vanished without a word, so that a function has time to connect anew
        # and to answer. It may work on a statement for longer: its operating system answers for it meanwhile.
        "keepalives_idle": 2,
        "keepalives_interval": 1,
        "keepalives_count": 2,
        "tcp_user_timeout": 4_000,
        **login(settings),
    }
