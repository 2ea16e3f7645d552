"""The fakes as a process of their own."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from local import processes
from local.processes import Program
from tests.support import ROOT

HOST = "127.0.0.1"
STOP_SECONDS = 10.0


class FakesProcess:
    """Run `python -m fakes`, as a context manager or between `start` and `stop`.

    Started again after a stop, it goes on with the same port and state.

    Attributes:
        url: Where the fakes are, such as "http://127.0.0.1:9000".

    Args:
        state: The SQLite file that keeps the records; filled with the demo state when it is new.
        port: The TCP port on 127.0.0.1; any free one when left out.

    Raises:
        OSError: The port is in use.
    """

    def __init__(self, state: Path, port: int | None = None) -> None:
        with socket.create_server((HOST, port or 0)) as probe:
            port = probe.getsockname()[1]
        self.url = f"http://{HOST}:{port}"
        self._state = state.resolve()
        self._program = Program(
            name="fakes",
            command=(sys.executable, "-m", "fakes", "--port", str(port), "--state", str(self._state)),
            folder=ROOT,
            log=self._state.with_suffix(".log"),
            health=f"{self.url}/health",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it answers.

        Raises:
            LocalError: It ended, or did not answer in time.
        """
        self._process = processes.start(self._program, self._state)

    def stop(self) -> None:
        """Stop the process cleanly, if it runs, and wait for its end."""
        self._end(subprocess.Popen.terminate)

    def kill(self) -> None:
        """Kill the process, as a crash would, if it runs."""
        self._end(subprocess.Popen.kill)

    def _end(self, end: Callable[[subprocess.Popen[bytes]], None]) -> None:
        if self._process is not None:
            end(self._process)
            self._process.wait(STOP_SECONDS)
            self._process = None
