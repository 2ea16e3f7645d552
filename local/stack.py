"""The whole local cloud as one object: bring it up, change it, look into it, take it down."""

import contextlib
import datetime as dt
import fcntl
import signal
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local import build, deployed, emulator, environment, logs, ports, processes, tokens
from local.console import Progress
from local.errors import LocalError
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
    """How to reach the stack's database; there is no password."""

    host: str
    port: int
    name: str
    user: str


class Stack:
    """PostgreSQL, the stand-in services, MiniStack with the deployed template, and the gateway.

    Args:
        root: The project's folder.
        state: Folder for everything the stack writes; relative to `root`, unless absolute.
        port: TCP port of the API; the next three are taken as well. Where it runs, or 8001, by default.
        progress: Hears about each step; nobody does by default.
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
        """Where the API answers."""
        return self.layout.url

    @property
    def services_url(self) -> str:
        """Where the stand-in services answer."""
        return self.layout.services_url

    def up(self, parameters: Mapping[str, str] | None = None) -> bool:
        """Starts whatever does not run, and deploys when MiniStack has never had the stack, or has lost it.

        Args:
            parameters: Values for parameters of the template, on top of the usual ones.

        Returns:
            Whether there was anything to do.

        Raises:
            LocalError: It cannot be started as things are, or something failed and all was taken down again.
        """
        environment.require(self.layout.root)
        with self._lock():
            self._require_same_port()
            missing = self._missing()
            if not missing and deployed.is_deployed(self.layout):
                return False
            self._progress.say(f"Starting the local cloud in {self.layout.state} …")
            ports.require_free({name: self.layout.ports[name] for name in missing})
            try:
                self._start(missing, parameters or {})
            except BaseException:
                self._stop()
                raise
            return True

    def down(self) -> bool:
        """Stops everything; the data stays.

        Returns:
            Whether anything ran.
        """
        with self._lock(wait=True):
            return self._stop()

    def deploy(self, parameters: Mapping[str, str] | None = None) -> bool:
        """Builds and deploys again.

        Args:
            parameters: Values for parameters of the template, on top of the usual ones, for this deployment.

        Returns:
            Whether anything had changed.

        Raises:
            LocalError: The stack does not run, or the deployment failed and has been rolled back.
        """
        environment.require(self.layout.root)
        with self._lock():
            if missing := self._missing():
                raise LocalError(f"Not running: {', '.join(missing)}. `make up` first.")
            self.build()
            return self._deploy(parameters or {})

    def build(self) -> None:
        """Builds functions and layers, unless nothing has changed since the last time.

        Raises:
            LocalError: `sam build` failed.
        """
        with self._building():
            pass

    def status(self) -> dict[str, bool]:
        """Returns whether each part runs, by its name."""
        missing = self._missing()
        return {name: name not in missing for name in self.layout.ports}

    def call(self, function: str, event: Json) -> Json:
        """Calls a deployed function directly, as AWS's command line would, and returns its answer.

        Args:
            function: Name of the function's folder, `relay_outbox`.
            event: What the function is handed.

        Raises:
            LocalError: Nothing is deployed, there is no such function, or it failed.
        """
        return deployed.call(self.layout, function, event)

    def token(self, customer: str, scope: str = "") -> str:
        """Returns a bearer token for a customer that is good for twelve hours; the stack need not run.

        Args:
            customer: Who calls.
            scope: Scopes, separated by spaces.
        """
        return tokens.sign(tokens.shared_secret(self.layout.state), customer, scope)

    def logs(self, function: str | None = None, since: dt.datetime | None = None) -> list[LogLine]:
        """Returns log lines in the order of their times.

        Args:
            function: Name of the function's folder, `create_order`; all functions by default.
            since: Earliest time; the beginning by default.

        Raises:
            LocalError: Nothing is deployed, or there is no such function.
        """
        return logs.fetch(self._log_sources(function, since))

    def follow(self, function: str | None = None) -> Iterator[LogLine]:
        """Yields log lines from now on, until the caller has had enough or MiniStack is gone; see `logs`."""
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
        """Starts parts side by side."""
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
        """Builds functions and layers while the body of the `with` runs."""
        with self._progress.step("functions and layers"), build.in_background(self.layout, environment.architecture()):
            yield
            import local.deployment  # noqa: F401 - takes a second, which costs nothing here

    def _deploy(self, parameters: Mapping[str, str]) -> bool:
        from local import deployment

        with self._progress.step("deployment"):
            return deployment.deploy(self.layout, parameters)

    def _stop(self) -> bool:
        with _undisturbed():
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
        """Returns the names of the parts that do not run."""
        stopped = [program.name for program in self._programs() if not processes.find(program, self.layout.state)]
        return stopped if self.postgres.running else [*stopped, POSTGRES]

    def _programs(self) -> list[Program]:
        layout = self.layout
        return [
            Program(
                name=SERVICES,
                command=(
                    *(sys.executable, "-m", "local.services", "--port", str(layout.services_port)),
                    *("--state", str(layout.state / "services.sqlite")),
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
        """Refuses to start the stack a second time on other ports."""
        running = Layout.find(self.layout.root, self.layout.state)
        if running.port != self.layout.port and processes.owned(self.layout.state):
            raise LocalError(
                f"{self.layout.state} is in use by a stack on port {running.port}: `make down` first, "
                f"or give the other stack a folder of its own: STATE=.local-{self.layout.port}."
            )

    @contextlib.contextmanager
    def _lock(self, *, wait: bool = False) -> Iterator[None]:
        """Keeps other commands from changing the same stack at the same time."""
        self.layout.state.mkdir(parents=True, exist_ok=True)
        with (self.layout.state / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise LocalError("Another command is at work on this stack; try again when it is done.") from None
            yield


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Puts off SIGINT and SIGTERM, so that an impatient second Ctrl-C does not leave half a stack behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(number, signal.SIG_IGN) for number in wanted]
    try:
        yield
    finally:
        for number, handler in zip(wanted, previous, strict=True):
            signal.signal(number, handler)
