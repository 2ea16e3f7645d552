"""Start, update, inspect and stop the local stack."""

import contextlib
import datetime as dt
import fcntl
import sys
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local import build, deployed, emulator, environment, folder, logs, ports, processes, tokens
from local.console import Progress
from local.errors import LocalError
from local.interrupts import ignoring_signals
from local.layout import DEFAULT_STATE, EMULATOR, GATEWAY, POSTGRES, SERVICES, Layout
from local.logs import LogLine, Source
from local.parameters import DATABASE
from local.postgres import Postgres
from local.processes import Program
from local.template import Json

if TYPE_CHECKING:
    import subprocess


@dataclass(frozen=True)
class Database:
    """The address and user of the stack's database; there is no password."""

    host: str
    port: int
    name: str
    user: str


class Stack:
    """PostgreSQL, the fake services, MiniStack with the deployed template, and the gateway.

    Args:
        root: The project's folder.
        state: Folder for everything the stack writes, absolute or relative to `root`.
        port: TCP port of the API; the next three are used, too. By default that of the running stack, or 8001.
        progress: Prints each step; nothing is printed by default.
    """

    def __init__(
        self, root: Path, state: Path = DEFAULT_STATE, port: int | None = None, progress: Progress | None = None
    ) -> None:
        self.layout = Layout.find(root, state, port)
        self.postgres = Postgres(
            self.layout.state / "postgres", self.layout.database_port, self.layout.log("postgresql")
        )
        self.database = Database(self.postgres.host, self.postgres.port, DATABASE, DATABASE)
        self._progress = progress or Progress()
        self._children: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        """The URL of the API."""
        return self.layout.url

    @property
    def services_url(self) -> str:
        """The URL of the fake services."""
        return self.layout.services_url

    def up(self, parameters: Mapping[str, str] | None = None) -> bool:
        """Start all parts that are not running, and deploy the stack if it is not deployed.

        Args:
            parameters: Values of template parameters that override the default ones.

        Returns:
            Whether anything was started.

        Raises:
            LocalError: It could not be started; all parts have been stopped again.
        """
        environment.require(self.layout.root)
        with self._lock():
            self._require_same_port()
            missing = self._missing()
            if not missing and deployed.is_deployed(self.layout):
                return False
            self._progress.say(f"Starting the local stack in {self.layout.state} …")
            ports.require_free({name: self.layout.ports[name] for name in missing})
            try:
                self._start(missing, parameters or {})
            except BaseException:
                self._stop()
                raise
            return True

    def down(self) -> bool:
        """Stop all parts; keep the data.

        Returns:
            Whether anything was running.
        """
        if not folder.is_own(self.layout.state):
            return False
        with self._lock(wait=True):
            return self._stop()

    def clean(self) -> list[str]:
        """Stop all parts and delete the data.

        Returns:
            The names of files in the stack's folder that are not the stack's; they stay.

        Raises:
            LocalError: The folder is not a stack's.
        """
        if not self.layout.state.exists():
            return []
        self.down()
        return folder.delete(self.layout.state)

    def deploy(self, parameters: Mapping[str, str] | None = None) -> bool:
        """Build and deploy again.

        Args:
            parameters: Values of template parameters that override the default ones, for this deployment.

        Returns:
            Whether anything had changed.

        Raises:
            LocalError: The stack is not running, or the deployment failed and was rolled back.
        """
        environment.require(self.layout.root)
        with self._lock():
            if missing := self._missing():
                raise LocalError(f"Not running: {', '.join(missing)}. Run `make up` first.")
            self.build()
            return self._deploy(parameters or {})

    def build(self) -> None:
        """Build functions and layers, unless nothing has changed since the last build.

        Raises:
            LocalError: `sam build` failed.
        """
        folder.prepare(self.layout.state)
        with self._building():
            pass

    def status(self) -> dict[str, bool]:
        """Return whether each part is running, by its name."""
        missing = self._missing()
        return {name: name not in missing for name in self.layout.ports}

    def call(self, function: str, event: Json) -> Json:
        """Invoke a deployed function and return its result.

        Args:
            function: Name of the function's folder, `relay_outbox`.
            event: The event to invoke it with.

        Raises:
            LocalError: Nothing is deployed, there is no such function, or it failed.
        """
        return deployed.call(self.layout, function, event)

    def token(self, customer: str, scope: str = "") -> str:
        """Return a bearer token for a customer, valid for twelve hours; works without a running stack.

        Args:
            customer: The caller.
            scope: Scopes, separated by spaces.
        """
        folder.prepare(self.layout.state)
        return tokens.sign(tokens.shared_secret(self.layout.state), customer, scope)

    def logs(self, function: str | None = None, since: dt.datetime | None = None) -> list[LogLine]:
        """Return log lines, sorted by time.

        Args:
            function: Name of the function's folder, `create_order`; all functions by default.
            since: Earliest time; the beginning by default.

        Raises:
            LocalError: Nothing is deployed, or there is no such function.
        """
        return logs.fetch(self._log_sources(function, since))

    def follow(self, function: str | None = None) -> Iterator[LogLine]:
        """Yield new log lines, until the caller stops or MiniStack ends; see `logs`."""
        return logs.follow(self._log_sources(function, dt.datetime.now(dt.UTC)))

    def _log_sources(self, function: str | None, since: dt.datetime | None) -> list[Source]:
        names = deployed.function_names(self.layout)
        if function is not None:
            names = {function: deployed.choose_function(names, function)}
        return deployed.log_sources(self.layout, names, since)

    def _start(self, missing: Collection[str], parameters: Mapping[str, str]) -> None:
        if EMULATOR in missing:
            emulator.wipe(self.layout)
        self.layout.save()
        if EMULATOR in missing or not deployed.is_deployed(self.layout):
            with self._building():
                self._start_parts(missing)
            self._deploy(parameters)
        else:
            self._start_parts(missing)

    def _start_parts(self, names: Collection[str]) -> None:
        """Start parts concurrently."""
        with ThreadPoolExecutor() as pool:
            starts = [
                pool.submit(self._start_program, program) for program in self._programs() if program.name in names
            ]
            if POSTGRES in names:
                starts.append(pool.submit(self._start_postgres))
        for start in starts:
            start.result()

    def _start_program(self, program: Program) -> None:
        with self._progress.step(program.name):
            self._children.append(processes.start(program, self.layout.state))

    def _start_postgres(self) -> None:
        with self._progress.step(POSTGRES):
            self.postgres.start()
            self.postgres.create_database(DATABASE, owner=DATABASE)

    @contextlib.contextmanager
    def _building(self) -> Iterator[None]:
        """Build functions and layers while the body of the `with` runs."""
        with self._progress.step("functions and layers"), build.in_background(self.layout, environment.architecture()):
            yield
            import local.deployment  # noqa: F401 - the import takes a second; do it while the build runs

    def _deploy(self, parameters: Mapping[str, str]) -> bool:
        from local import deployment

        with self._progress.step("deployment"):
            return deployment.deploy(self.layout, parameters)

    def _stop(self) -> bool:
        with ignoring_signals():
            running = self.postgres.running or bool(processes.owned(self.layout.state))
            processes.stop(self.layout.state)
            self.postgres.stop()
            for child in self._children:
                child.wait()
            self._children.clear()
            emulator.clear(self.layout)
            self.layout.record.unlink(missing_ok=True)
            return running

    def _missing(self) -> list[str]:
        """Return the names of the parts that are not running."""
        stopped = [program.name for program in self._programs() if not processes.find(program, self.layout.state)]
        return stopped if self.postgres.running else [*stopped, POSTGRES]

    def _programs(self) -> list[Program]:
        layout = self.layout
        return [
            Program(
                name=SERVICES,
                command=(
                    *(sys.executable, "-m", "fakes", "--port", str(layout.services_port)),
                    *("--state", str(layout.state / "fakes.sqlite")),
                ),
                folder=layout.root,
                log=layout.log("services"),
                health=f"{layout.services_url}/health",
            ),
            emulator.program(layout),
            Program(
                name=GATEWAY,
                command=(
                    *(sys.executable, "-m", "local.gateway", "--port", str(layout.port)),
                    *("--emulator-port", str(layout.emulator_port), "--api", emulator.API_ID),
                    *("--state", str(layout.state)),
                ),
                folder=layout.root,
                log=layout.log("gateway"),
                health=f"http://127.0.0.1:{layout.port}/",
            ),
        ]

    def _require_same_port(self) -> None:
        """Check that the stack is not already running on other ports."""
        running = Layout.find(self.layout.root, self.layout.state)
        if running.port != self.layout.port and processes.owned(self.layout.state):
            raise LocalError(
                f"{self.layout.state} is in use by a stack on port {running.port}; run `make down` first, "
                f"or use another folder for the other stack: STATE=.local-{self.layout.port}."
            )

    @contextlib.contextmanager
    def _lock(self, *, wait: bool = False) -> Iterator[None]:
        """Lock the stack against concurrent changes by other commands."""
        folder.prepare(self.layout.state)
        with (self.layout.state / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise LocalError("Another command is changing this stack; try again when it has finished.") from None
            yield
