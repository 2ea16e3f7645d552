"""The stand-in services as a process of their own, for tests and for running everything on one machine."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02


class ServiceProcess:
    """Runs `python -m local.services`, as a context manager or between `start` and `stop`.

    Started again after a stop, it goes on with the same port and state.

    Attributes:
        url: Where the services are, such as "http://127.0.0.1:9000".
    """

    def __init__(self, state: Path, port: int | None = None) -> None:
        """Prepare the process without starting it.

        Args:
            state: The SQLite file that keeps the services' state; made with the demo state when it is new.
            port: The TCP port on 127.0.0.1; any free one when left out.

        Raises:
            OSError: The port is in use.
        """
        with socket.create_server((HOST, port or 0)) as probe:
            self._port: int = probe.getsockname()[1]
        self.url = f"http://{HOST}:{self._port}"
        self._state = state
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
            RuntimeError: It ended, or did not answer in time; its own output says why.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.services", "--port", str(self._port), "--state", str(self._state.resolve())],
            cwd=ROOT,
        )
        deadline = time.monotonic() + START_SECONDS
        with httpx.Client(base_url=self.url, timeout=START_SECONDS) as client:
            while not _is_healthy(client):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    raise RuntimeError(f"The stand-in services did not start at {self.url}.")
                time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End the process in order, if it runs, and wait for its end."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the process on the spot, as a crash would, if it runs."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None


def _is_healthy(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False
