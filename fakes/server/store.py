"""The SQLite file that keeps the services' records.

The services work on dictionaries. Each of these also writes its changes to the file, so that they survive the process.
An operation runs on the server's event loop without awaiting anything and writes in one transaction: operations are
atomic under concurrent clients, and without a lock.
"""

import sqlite3
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import override

from fakes.values import Record

# An update in place keeps the row's id, and with it the order in which records were created.
_WRITE = """
INSERT INTO records (kind, id, content) VALUES (?, ?, ?)
ON CONFLICT (kind, id) DO UPDATE SET content = excluded.content
"""


class Store:
    """An open file.

    Args:
        path: The file; created if there is none.

    Attributes:
        is_new: Whether there were no records.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, autocommit=True)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS records "
            "(kind TEXT NOT NULL, id TEXT NOT NULL, content TEXT NOT NULL, UNIQUE (kind, id)) STRICT"
        )
        self.is_new = self._connection.execute("SELECT 1 FROM records").fetchone() is None
        self._tables: list[MutableMapping[str, Record]] = []

    def table[R: Record](self, kind: type[R]) -> MutableMapping[str, R]:
        """Return the records of one kind, by id."""
        rows = self._connection.execute(
            "SELECT id, content FROM records WHERE kind = ? ORDER BY rowid", (kind.__name__,)
        )
        records = {row_id: kind.model_validate_json(content) for row_id, content in rows}
        table = _Table(self._connection, kind.__name__, records)
        self._tables.append(table)  # type: ignore[arg-type]  # is only cleared
        return table

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all changes of the block or, when the process ends, none. The block must not await."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    def clear(self) -> None:
        """Delete all records."""
        for table in self._tables:
            table.clear()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class _Table[R: Record](dict[str, R]):
    """A dictionary that writes its changes to the file."""

    def __init__(self, connection: sqlite3.Connection, kind: str, records: dict[str, R]) -> None:
        super().__init__(records)
        self._connection = connection
        self._kind = kind

    @override
    def __setitem__(self, record_id: str, record: R) -> None:
        super().__setitem__(record_id, record)
        self._connection.execute(_WRITE, (self._kind, record_id, record.model_dump_json()))

    @override
    def clear(self) -> None:
        super().clear()
        self._connection.execute("DELETE FROM records WHERE kind = ?", (self._kind,))
