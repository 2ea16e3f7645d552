"""Background programs: start them, find them again, stop them.

No process ids are written down. Every program carries its stack's state folder in its environment, so the process
table itself says what belongs to a stack, and a process id that the system has reused can never be mistaken for it.
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
INHERITED = ("HOME", "LD_LIBRARY_PATH")  # the second because some Pythons do not start without it
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
LOG_TAIL_LINES = 15


@dataclass(frozen=True)
class Program:
    """A program that runs in the background and answers over HTTP.

    Attributes:
        name: What messages call it.
        command: Its command line, with an absolute path to the interpreter.
        folder: Where it runs.
        log: The file that takes its output.
        health: URL that answers with any status below 500 once it is ready.
        environment: Variables on top of a minimal environment; nothing else is inherited.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    log: Path
    health: str
    environment: Mapping[str, str] = field(default_factory=dict)


def minimal_environment() -> dict[str, str]:
    """Returns what a program needs of the caller's environment: no credentials, no proxies, no Python settings."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**inherited, "PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "TZ": "UTC"}


def owned(state: Path) -> list[psutil.Process]:
    """Returns every process of the stack with this state folder, and all that those have started."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARKER) == str(state):
                found.append(process)
    return found


def find(program: Program, state: Path) -> psutil.Process | None:
    """Returns the running process of a program, if there is one."""
    for process in owned(state):
        with contextlib.suppress(psutil.Error):
            if process.cmdline()[1:] == list(program.command[1:]):  # an interpreter goes by several names
                return process
    return None


def start(program: Program, state: Path) -> subprocess.Popen[bytes]:
    """Starts a program in a session of its own, so that Ctrl-C in the terminal does not reach it.

    Returns:
        The process, once it answers.

    Raises:
        LocalError: It ended or stayed silent; the message ends with its last log lines.
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
    while not _answers(program.health):
        if process.poll() is not None:
            raise LocalError(f"{program.name} ended with code {process.returncode}.\n{tail(program.log)}")
        if time.monotonic() > deadline:
            raise LocalError(f"{program.name} did not answer within {START_SECONDS:.0f} s.\n{tail(program.log)}")
        time.sleep(POLL_SECONDS)
    return process


def stop(state: Path) -> None:
    """Ends every process of a stack: SIGTERM, five seconds of patience, then SIGKILL.

    Raises:
        LocalError: Something survives even that.
    """
    for request in (psutil.Process.terminate, psutil.Process.kill):
        for process in owned(state):
            with contextlib.suppress(psutil.NoSuchProcess):
                request(process)
        if await_end(lambda: owned(state), STOP_SECONDS):
            return
    raise LocalError(f"These processes do not end: {', '.join(str(process.pid) for process in owned(state))}.")


def await_end(remaining: Callable[[], object], seconds: float) -> bool:
    """Waits until nothing remains; a zombie counts as nothing, so this works where nobody reaps them.

    Args:
        remaining: Returns something true as long as there is something to wait for.
        seconds: How long to wait at most.

    Returns:
        Whether it has come to that.
    """
    deadline = time.monotonic() + seconds
    while remaining():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def tail(log: Path) -> str:
    """Returns a log's last lines under a heading that names the file."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"Last lines of {log}:", *(f"  {line}" for line in lines[-LOG_TAIL_LINES:])])


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=1).status_code < httpx.codes.INTERNAL_SERVER_ERROR
    except httpx.HTTPError:
        return False
