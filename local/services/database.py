"""The SQLite file that holds the services' state.

Every operation is one transaction that runs on the server's event loop without awaiting anything. SQLite allows one
writer at a time anyway and an operation takes well under a millisecond, so this is both the simplest way to make
operations atomic under concurrent clients and a fast one: no thread, no lock, no retry.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request


class Database:
    """An open state file.

    Attributes:
        is_new: Whether the file had no tables when it was opened.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, autocommit=True)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("PRAGMA foreign_keys = ON")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        self.is_new = version == 0

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do everything in the block or, when it raises, nothing. The block must not await."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


async def _database(request: Request) -> Database:
    return cast("Database", request.state.database)


CurrentDatabase = Annotated[Database, Depends(_database)]
"""The application's state file, as an endpoint's parameter."""
