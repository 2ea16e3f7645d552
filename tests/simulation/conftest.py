"""One PostgreSQL server for all simulations, with a database for each that runs at the same time."""

import os
from collections.abc import Iterator

import pytest

from local.postgres import Postgres
from orders import telemetry
from orders.clients import catalog_inventory
from orders.config import DatabaseSettings
from orders.telemetry import logger
from tests.simulation.schedules import Schedule
from tests.simulation.stage import Stage
from tests.support import NOT_DURABLE, load_function

_STAGES = 3
_SCHEDULES = "schedules"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server without databases."""
    server = Postgres(tmp_path_factory.mktemp("postgres") / "data", settings=NOT_DURABLE)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def stages(postgres: Postgres) -> Iterator[list[Stage]]:
    """Migrated databases."""
    migrate = load_function("migrate_database").migrate
    stages = []
    for number in range(_STAGES):
        settings = DatabaseSettings(
            host=postgres.host,
            port=postgres.port,
            name=f"simulation_{number}",
            user=postgres.user,
            auth="none",
            application="simulation",
            publishes_events=True,
        )
        postgres.create_database(settings.name)
        migrate(settings)
        stages.append(Stage(settings))
    yield stages
    for stage in stages:
        stage.close()


@pytest.fixture(autouse=True)
def _in_order(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each product is a chunk of its own, so that a schedule can be repeated; warnings are not news.

    Metrics are dropped: no invocation ends here, which would write them, and to collect them takes ever longer.
    """
    monkeypatch.setattr(catalog_inventory, "_CHUNK", 1)
    monkeypatch.setattr(telemetry, "_measure", lambda *_: None)
    level = logger.log_level
    logger.setLevel("CRITICAL")
    yield
    logger.setLevel(level)


@pytest.fixture(scope="session")
def only() -> Schedule | None:
    """The only schedule to run, if there is one."""
    name = os.environ.get("SIMULATION_ONLY")
    return Schedule.parse(name) if name else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many schedules were run."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.stats.get(key, [])]
    numbers = [int(str(value)) for report in reports for name, value in report.user_properties if name == _SCHEDULES]
    if numbers:
        terminalreporter.write_line(f"simulation: {sum(numbers)} schedules")
