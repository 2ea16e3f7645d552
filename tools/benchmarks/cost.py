"""What an order costs: CPU time of the function and of the server, and write-ahead log."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NamedTuple, TypedDict

import psutil

from tools.benchmarks import events
from tools.benchmarks.environments import Environment, environment
from tools.benchmarks.summary import Summary, summarize
from tools.benchmarks.testbed import Testbed

CALLS = 100
"""Orders of one contender before the next one's turn."""


class Contender(NamedTuple):
    """Who creates orders: a contender as `contenders.load` takes it, and its environment variables."""

    name: str
    variables: Mapping[str, str]


class Cost(TypedDict):
    """The cost of an order."""

    function: Summary
    server: Summary
    total: Summary
    """CPU time of the function's process, of all processes of the server, and their sum."""
    log_bytes: float
    log_bytes_after_checkpoint: float
    """Write-ahead log: records only, and with the images of pages that follow a checkpoint."""


def measure(testbed: Testbed, contenders: Mapping[str, Contender], rounds: int) -> dict[str, Cost]:
    """Measure the cost of creating orders, by contender; the contenders take turns."""
    times: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        environments = {
            key: stack.enter_context(environment(contender.name, contender.variables))
            for key, contender in contenders.items()
        }
        for each in environments.values():
            _create(each)
        for _ in range(rounds):
            for key, each in environments.items():
                function, server = _cpu_of_an_order(testbed, each)
                times[key]["function"].append(function)
                times[key]["server"].append(server)
                times[key]["total"].append(function + server)
        after_checkpoint = {key: _log_bytes(testbed, each) for key, each in environments.items()}
        with _without_page_images(testbed):
            log = {key: _log_bytes(testbed, each) for key, each in environments.items()}
    return {
        key: {
            "function": summarize(of["function"]),
            "server": summarize(of["server"]),
            "total": summarize(of["total"]),
            "log_bytes": log[key],
            "log_bytes_after_checkpoint": after_checkpoint[key],
        }
        for key, of in times.items()
    }


def _create(environment: Environment) -> None:
    environment.call("create_order", [events.create() for _ in range(CALLS)])


def _cpu_of_an_order(testbed: Testbed, environment: Environment) -> tuple[float, float]:
    """Return the CPU time that the function and the server spend on an order."""
    function, server = [environment.process.pid], server_processes(testbed)
    before = cpu_seconds(function), cpu_seconds(server)
    _create(environment)
    return (cpu_seconds(function) - before[0]) / CALLS, (cpu_seconds(server) - before[1]) / CALLS


def server_processes(testbed: Testbed, database: str | None = None) -> list[int]:
    """Return the ids of the server's processes, or of those that serve a database's functions."""
    rows = testbed.query(
        testbed.many,
        """SELECT pid FROM pg_stat_activity
        WHERE usename IS DISTINCT FROM current_user AND (%(database)s IS NULL OR datname = %(database)s)""",
        database=database,
    )
    return [pid for (pid,) in rows]


def cpu_seconds(processes: Iterable[int]) -> float:
    """Return the CPU time, user and system, that processes have used."""
    return sum(times.user + times.system for times in (psutil.Process(pid).cpu_times() for pid in processes))


def _log_bytes(testbed: Testbed, environment: Environment) -> float:
    """Return what each order of a turn after a checkpoint appends to the write-ahead log."""
    statement = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"
    testbed.query(testbed.many, "CHECKPOINT")
    [(before,)] = testbed.query(testbed.many, statement)
    _create(environment)
    [(after,)] = testbed.query(testbed.many, statement)
    return float(after - before) / CALLS


@contextmanager
def _without_page_images(testbed: Testbed) -> Iterator[None]:
    """Log no images of pages, whose number depends on the time since the last checkpoint and on the database's size.

    The checkpoint before a measurement is made by the process that applies the setting, and so ends after that.
    """
    testbed.query(testbed.many, "ALTER SYSTEM SET full_page_writes = off")
    testbed.query(testbed.many, "SELECT pg_reload_conf()")
    yield
    testbed.query(testbed.many, "ALTER SYSTEM RESET full_page_writes")
    testbed.query(testbed.many, "SELECT pg_reload_conf()")
