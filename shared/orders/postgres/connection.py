"""One PostgreSQL connection per execution environment, reconnected when it is lost."""

from collections.abc import Mapping
from threading import Lock
from typing import Any, cast

import psycopg2
import psycopg2.errors
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's name for its class
from psycopg2.extras import Json

from orders.config import DatabaseSettings
from orders.domain.errors import DatabaseUnavailable
from orders.postgres.iam_auth import login_parameters

__all__ = ["Database", "Json"]

_CONNECT_TIMEOUT_SECONDS = 3
# The server is gone, is shutting down, has become a replica, or lacks time, memory or connections.
_LOST = (psycopg2.OperationalError, psycopg2.InterfaceError, psycopg2.errors.ReadOnlySqlTransaction)


class Database:
    """Run statements, each as a transaction of its own and in one round trip.

    The statements of this service are safe to run twice. One that fails because the server has closed the connection
    (a restart, a fail-over, a proxy that dropped it) is run again over a new connection.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._connection: Connection | None = None
        self._lock = Lock()

    @property
    def publishes_events(self) -> bool:
        """Whether each event of an order enqueues a task that publishes it."""
        return self._settings.publishes_events

    def connect(self) -> None:
        """Connect, unless connected already. The first statement connects too.

        Raises:
            DatabaseUnavailable: the server cannot be reached.
        """
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()

    def fetch[Row](
        self, row: type[Row], statement: str, parameters: Mapping[str, Any] | None = None, *, rerun: bool = True
    ) -> list[Row]:
        """Run one statement, commit it, and return its rows.

        Args:
            row: the TypedDict that describes a row; for the type checker only.
            statement: SQL, with ``%(name)s`` where a parameter goes.
            parameters: values by name.
            rerun: whether to run the statement again over a new connection after the old one was lost; False for one
                that makes sense only in the session of the statement before it.

        Raises:
            DatabaseUnavailable: the server cannot be reached, or cannot run the statement now.
            psycopg2.Error: the server refused the statement.
        """
        del row
        with self._lock:
            return cast("list[Row]", self._run(statement, parameters, rerun=rerun))

    def fetch_one[Row](self, row: type[Row], statement: str, parameters: Mapping[str, Any] | None = None) -> Row | None:
        """Run one statement and return its only row, or None; see `fetch`."""
        rows = self.fetch(row, statement, parameters)
        return rows[0] if rows else None

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None, *, rerun: bool = True) -> None:
        """Run one statement that returns no rows, and commit it; see `fetch`."""
        with self._lock:
            self._run(statement, parameters, rerun=rerun)

    def close(self) -> None:
        """Close the connection; the next statement makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Connection:
        try:
            return connect(self._settings)
        except _LOST as error:
            raise DatabaseUnavailable("The database cannot be reached.") from error

    def _run(self, statement: str, parameters: Mapping[str, Any] | None, *, rerun: bool) -> list[dict[str, Any]]:
        if self._connection is not None:
            try:
                return self._execute(self._connection, statement, parameters)
            except _LOST as error:
                lost = self._connection.closed or isinstance(error, psycopg2.errors.ReadOnlySqlTransaction)
                self.close()
                if not (lost and rerun):
                    raise DatabaseUnavailable("The database cannot do this at the moment.") from error
        self._connection = self._connect()
        try:
            return self._execute(self._connection, statement, parameters)
        except _LOST as error:
            self.close()
            raise DatabaseUnavailable("The database cannot do this at the moment.") from error

    def _execute(
        self, connection: Connection, statement: str, parameters: Mapping[str, Any] | None
    ) -> list[dict[str, Any]]:
        # psycopg2's own dictionaries are built in Python, value by value, which takes half of a list's time.
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            if cursor.description is None:
                return []
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def connect(settings: DatabaseSettings, timeout_seconds: int = _CONNECT_TIMEOUT_SECONDS) -> Connection:
    """Make a connection that commits each statement."""
    connection: Connection = psycopg2.connect(**connection_parameters(settings, timeout_seconds))
    connection.autocommit = True
    return connection


def connection_parameters(
    settings: DatabaseSettings, timeout_seconds: int = _CONNECT_TIMEOUT_SECONDS
) -> dict[str, Any]:
    """Return libpq's parameters, with the login; the time-out is for connecting."""
    return {
        "host": settings.host,
        "port": settings.port,
        "dbname": settings.name,
        "user": settings.user,
        "application_name": settings.application,
        "connect_timeout": timeout_seconds,
        # Detect within five seconds that a server has vanished, so that a function has time to reconnect and answer.
        # A statement may run for longer: the server's operating system acknowledges the keepalives meanwhile.
        "keepalives_idle": 2,
        "keepalives_interval": 1,
        "keepalives_count": 2,
        "tcp_user_timeout": 4_000,
        **login_parameters(settings),
    }
