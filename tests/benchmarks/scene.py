"""What the contenders stand on: PostgreSQL with few and with many orders, and everything that functions call."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from local.console import Progress
from local.postgres import Postgres
from local.processes import minimal_environment
from orders.config import DatabaseSettings
from tests.benchmarks.places import BUILD
from tests.support import ROOT, load_function

SMALLER_BY = 100
"""How many times fewer orders the small database has,"""
FEWEST = 500
"""and how many at least, so that there are some in each state."""

_SERVER = {
    "shared_buffers": "2GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",  # none in between
    "autovacuum": "off",  # nor this: tables are vacuumed once they are filled
}
_SERVICES = ("cart", "inventory", "notification", "payment", "shipping")


@dataclass(frozen=True, slots=True)
class Scene:
    """A server with two databases, and everything that functions call.

    Attributes:
        postgres: the server.
        downstream: the address of everything else.
        few: how many orders the one database has.
        many: how many the other one has.
    """

    postgres: Postgres
    downstream: str
    few: int
    many: int

    def variables(self, orders: int) -> dict[str, str]:
        """The environment of a function over the database of that size."""
        return {
            **minimal_environment(),
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "shared"))),
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_ENDPOINT_URL": self.downstream,
            "AWS_LAMBDA_FUNCTION_NAME": "orders-benchmark",
            "POWERTOOLS_SERVICE_NAME": "orders",
            "POWERTOOLS_METRICS_NAMESPACE": "Orders",
            "DATABASE_HOST": str(self.postgres.data),
            "DATABASE_PORT": str(self.postgres.port),
            "DATABASE_NAME": database_name(orders),
            "DATABASE_USER": "orders_app",
            "DATABASE_AUTH": "none",
            "JWT_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:jwt",
            **{f"{service.upper()}_URL": f"{self.downstream}/{service}" for service in _SERVICES},
            **{
                f"{service.upper()}_QUEUE_URL": f"https://sqs.eu-central-1.amazonaws.com/123456789012/orders-{service}"
                for service in _SERVICES
            },
        }

    def query(self, orders: int, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement as the owner of the database of that size, and return its rows."""
        return _run(self.postgres, database_name(orders), statement, parameters)

    def orders(self, number: int) -> list[tuple[str, str]]:
        """Some orders of three lines, of the many and from all over the year, and whose they are."""
        found = self.query(
            self.many,
            """SELECT id::text, customer_id FROM orders WHERE line_count = 3
            ORDER BY hashtext(id::text) LIMIT %(number)s""",
            number=number,
        )
        return [(order, owner) for order, owner in found]


@contextmanager
def set_up(many: int, progress: Progress) -> Iterator[Scene]:
    """Start all of it, with as many orders; the body of the `with` finds them filled and vacuumed."""
    data = BUILD / "postgres"
    settings = {**_SERVER, "unix_socket_directories": str(data)}
    postgres = Postgres(data, settings=settings)
    with _downstream() as address:
        try:
            with progress.step("PostgreSQL"):
                _clear(postgres)
                postgres.start()
            scene = Scene(postgres, address, max(FEWEST, many // SMALLER_BY), many)
            for orders in (scene.few, scene.many):
                with progress.step(f"{orders:,} orders"):
                    _fill(postgres, orders)
            yield scene
        finally:
            _clear(postgres)


def _clear(postgres: Postgres) -> None:
    """Stop a server and delete its data, those of a run that was killed too."""
    postgres.stop()
    shutil.rmtree(postgres.data, ignore_errors=True)


def database_name(orders: int) -> str:
    """The name of the database with so many orders."""
    return f"orders_{orders}"


def _fill(postgres: Postgres, orders: int) -> None:
    """Make a database by our migrations, with orders as of now."""
    name = database_name(orders)
    postgres.create_database(name)
    settings = DatabaseSettings(postgres.host, postgres.port, name, postgres.user, "none", "benchmark")
    load_function("migrate_database").migrate(settings)
    _run(postgres, name, Path(__file__).with_name("dataset.sql").read_text(), {"orders": orders})
    _run(postgres, name, "VACUUM ANALYZE")
    _run(postgres, name, "CHECKPOINT")


def _run(
    postgres: Postgres, database: str, statement: str, parameters: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    with (
        closing(
            psycopg2.connect(host=postgres.host, port=postgres.port, user=postgres.user, dbname=database)
        ) as connection,
        connection.cursor() as cursor,
    ):
        connection.autocommit = True
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def _downstream() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.downstream"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()
