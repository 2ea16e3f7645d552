"""Start, find and stop background programs.

No process ids are stored. Each program has its stack's state folder in its environment, so the process table shows
which processes belong to a stack, and a reused process id is never mistaken for one of them.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from local.errors import LocalError

MARKER = "ORDERS_LOCAL_STATE"
START_SECONDS = 30.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.05
INHERITED = ("HOME", "LD_LIBRARY_PATH")  # LD_LIBRARY_PATH, because some Python builds do not start without it
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
LOG_TAIL_LINES = 15


@dataclass(frozen=True)
class Program:
    """A program that runs in the background and serves HTTP.

    Attributes:
        name: Its name in messages.
        command: Its command line, with an absolute path to the interpreter.
        folder: Its working directory.
        log: The file for its output.
        health: URL that returns a status below 500 once it is ready.
        environment: Variables on top of a minimal environment; nothing else is inherited.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    log: Path
    health: str
    environment: Mapping[str, str] = field(default_factory=dict)


def minimal_environment() -> dict[str, str]:
    """Return a minimal environment: without credentials, proxies and Python settings of the caller."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**inherited, "PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "TZ": "UTC"}


def owned(state: Path) -> list[psutil.Process]:
    """Return all processes of the stack with this state folder, and all their children."""
    processes = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARKER) == str(state):
                processes.append(process)
    return processes


def find(program: Program, state: Path) -> psutil.Process | None:
    """Return the running process of a program; None if it is not running."""
    for process in owned(state):
        with contextlib.suppress(psutil.Error):
            if process.cmdline()[1:] == list(program.command[1:]):  # an interpreter has several names
                return process
    return None


def start(program: Program, state: Path) -> subprocess.Popen[bytes]:
    """Start a program in its own session, so that Ctrl-C in the terminal does not reach it.

    Returns:
        The process, once it is ready.

    Raises:
        LocalError: It ended, or was not ready in time; the message ends with its last log lines.
    """
    program.log.parent.mkdir(parents=True, exist_ok=True)
    with program.log.open("wb") as log:
        process = subprocess.Popen(
            program.command,
            cwd=program.folder,
            env={**minimal_environment(), **program.environment, MARKER: str(state)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(program.health):
        if process.poll() is not None:
            raise LocalError(f"{program.name} ended with code {process.returncode}.\n{tail(program.log)}")
        if time.monotonic() > deadline:
            raise LocalError(f"{program.name} was not ready within {START_SECONDS:.0f} s.\n{tail(program.log)}")
        time.sleep(POLL_SECONDS)
    return process


def stop(state: Path) -> None:
    """End all processes of a stack with SIGTERM, and after five seconds with SIGKILL.

    Raises:
        LocalError: A process survives SIGKILL.
    """
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for process in owned(state):
            with contextlib.suppress(psutil.NoSuchProcess):
                end(process)
        if await_end(lambda: owned(state), STOP_SECONDS):
            return
    raise LocalError(f"These processes could not be ended: {', '.join(str(process.pid) for process in owned(state))}.")


def await_end(remaining: Callable[[], object], seconds: float) -> bool:
    """Wait until no processes remain.

    Args:
        remaining: Returns a true value while there is something to wait for.
        seconds: The time-out.

    Returns:
        Whether none remain; False after the time-out.
    """
    deadline = time.monotonic() + seconds
    while remaining():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def tail(log: Path) -> str:
    """Return the last lines of a log, under a heading with its path."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"Last lines of {log}:", *(f"  {line}" for line in lines[-LOG_TAIL_LINES:])])


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=1).status_code < httpx.codes.INTERNAL_SERVER_ERROR
    except httpx.HTTPError:
        return False
