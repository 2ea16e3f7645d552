"""The testbed of all contenders: PostgreSQL with a small and a large database, and fake downstream services."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from local.console import Progress
from local.layout import ROOT
from local.postgres import Postgres
from local.processes import minimal_environment
from tools.benchmarks import customers, network
from tools.benchmarks.places import BUILD, LOG

FEWEST = 500
"""The least number of orders in the small database, so that some are in each state."""

_SMALLER_BY = 100
_SERVER = {
    "shared_buffers": "2GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",  # no checkpoint during a run
    "autovacuum": "off",  # tables are vacuumed once, after they are filled
}
_SERVICES = ("cart", "inventory", "notification", "payment", "shipping")
TASK_ID = "order_id || '.' || version || '.' || kind"
"""The id of a task in SQL, over `order_tasks`."""
_MIGRATE = "import app; from tools.benchmarks.contenders import CONTEXT; app.handler({}, CONTEXT)"


@dataclass(frozen=True, slots=True)
class Testbed:
    """A PostgreSQL server with two databases, and fake downstream services.

    Attributes:
        postgres: the server.
        sockets: the folder of the socket that functions connect to: the server's, or that of a slower way to it.
        downstream: the address of the fakes.
        few: number of orders in the small database.
        many: number of orders in the large database.
    """

    postgres: Postgres
    sockets: Path
    downstream: str
    few: int
    many: int

    def variables(self, orders: int) -> dict[str, str]:
        """Return the environment variables of a function that uses the database of that size."""
        return self.variables_of(_database(orders))

    def variables_of(self, database: str, checkout: Path = ROOT) -> dict[str, str]:
        """Return the environment variables of a function of a checkout that uses a database."""
        return {
            **minimal_environment(),
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(checkout / "shared"))),
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_ENDPOINT_URL": self.downstream,
            "AWS_LAMBDA_FUNCTION_NAME": "orders-benchmark",
            "POWERTOOLS_SERVICE_NAME": "orders",
            "POWERTOOLS_METRICS_NAMESPACE": "Orders",
            "STAGE": "dev",
            "DATABASE_HOST": str(self.sockets),
            "DATABASE_PORT": str(self.postgres.port),
            "DATABASE_NAME": database,
            "DATABASE_USER": "orders_app",
            "DATABASE_AUTH": "none",
            "JWT_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:jwt",
            **{f"{service.upper()}_URL": f"{self.downstream}/{service}" for service in _SERVICES},
            "TASK_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/orders-tasks",
            "TASK_CONCURRENCY": "50",
            "PAYMENT_TIMEOUT_HOURS": "24",
            # The inventory states no prices, so that all contenders do the same with them.
            "CALLER_PRICES": "true",
            "MAX_UNPAID_ORDERS": "20",
            # For a baseline from when each service had a queue.
            **{
                f"{service.upper()}_QUEUE_URL": f"https://sqs.eu-central-1.amazonaws.com/123456789012/orders-{service}"
                for service in _SERVICES
            },
            "PEER_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/peer",
        }

    def query(self, orders: int, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement as the owner of the database of that size, and return its rows."""
        return self.run(_database(orders), statement, parameters)

    def orders(self, number: int) -> list[tuple[str, str]]:
        """Return ids and customers of some orders with three lines, from all over the year of the large database.

        Without new orders: all contenders have these.
        """
        return [
            (order, owner)
            for order, owner in self.query(
                self.many,
                """SELECT id::text, customer_id FROM orders
                WHERE line_count = 3 AND NOT starts_with(customer_id, %(new)s)
                ORDER BY hashtext(id::text) LIMIT %(number)s""",
                number=number,
                new=customers.NEW,
            )
        ]

    def create_database(self, name: str, checkout: Path = ROOT) -> None:
        """Create an empty database with the migrations of a checkout."""
        self.postgres.create_database(name)
        variables = {
            **self.variables_of(name, checkout),
            "DATABASE_USER": self.postgres.user,
            "DATABASE_HOST": str(self.postgres.data),
        }
        folder = checkout / "functions" / "migrate_database"
        with LOG.open("a") as log:
            subprocess.run([sys.executable, "-c", _MIGRATE], cwd=folder, env=variables, stdout=log, check=True)

    def fill(self, orders: int) -> None:
        """Create a database with so many orders, the last of them placed just now."""
        name = _database(orders)
        self.create_database(name)
        self.run(name, Path(__file__).with_name("dataset.sql").read_text(), {"orders": orders})
        self.run(name, "VACUUM ANALYZE")
        self.run(name, "CHECKPOINT")

    def run(self, database: str, statement: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement as the owner of a database, and return its rows."""
        server = self.postgres
        with (
            closing(
                psycopg2.connect(host=server.host, port=server.port, user=server.user, dbname=database)
            ) as connection,
            connection.cursor() as cursor,
        ):
            connection.autocommit = True
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def set_up(many: int, network_milliseconds: float, progress: Progress) -> Iterator[Testbed]:
    """Start the testbed for the body of the `with`.

    Args:
        many: number of orders in the large database.
        network_milliseconds: round-trip time to add between functions and database.
        progress: where steps are reported.
    """
    data = BUILD / "postgres"
    postgres = Postgres(data, settings={**_SERVER, "unix_socket_directories": str(data)})
    way = network.slow_way(data, postgres.port, network_milliseconds) if network_milliseconds else nullcontext(data)
    with _downstream() as address, way as sockets:
        try:
            with progress.step("PostgreSQL"):
                _clear(postgres)
                postgres.start()
            testbed = Testbed(postgres, sockets, address, max(FEWEST, many // _SMALLER_BY), many)
            for orders in (testbed.few, testbed.many):
                with progress.step(f"{orders:,} orders"):
                    testbed.fill(orders)
            yield testbed
        finally:
            _clear(postgres)


def _clear(postgres: Postgres) -> None:
    """Stop a server, also one of a killed run, and delete its data."""
    postgres.stop()
    shutil.rmtree(postgres.data, ignore_errors=True)


def _database(orders: int) -> str:
    return f"orders_{orders}"


@contextmanager
def _downstream() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "tools.benchmarks.downstream"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()
