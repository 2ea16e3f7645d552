"""Check that the stack's ports are free, and name the processes that use them."""

import contextlib
import errno
import socket
from collections.abc import Callable, Mapping

import psutil

from local.errors import LocalError

LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
COMMAND_CHARACTERS = 80


def require_free(
    ports: Mapping[str, int],
    *,
    is_free: Callable[[int], bool] | None = None,
    listener: Callable[[int], str | None] | None = None,
) -> None:
    """Check that no process listens on the given ports.

    Args:
        ports: TCP ports, by the names of the parts that need them.
        is_free: Tells whether a port is free; by default by binding it.
        listener: Describes the process on a port; None if it is unknown.

    Raises:
        LocalError: A port is in use; the message names the process and a solution.
    """
    is_free = is_free or can_bind
    listener = listener or describe_listener
    taken = [
        f"Port {port} ({name}) is in use by {listener(port) or 'an unknown process'}."
        for name, port in ports.items()
        if not is_free(port)
    ]
    if taken:
        raise LocalError(
            "\n".join([*taken, "Stop that process, or use other ports (four in a row): PORT=9001 make run"])
        )


def can_bind(port: int) -> bool:
    """Tell whether a server can listen on a TCP port of the loopback interface, IPv4 and IPv6."""
    return all(_can_bind(family, host, port) for family, host in LOOPBACKS)


def describe_listener(port: int) -> str | None:
    """Describe the process that listens on a TCP port: its command and id."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[-1:] == (port,) and connection.pid:
                process = psutil.Process(connection.pid)
                command = " ".join(" ".join(process.cmdline()).split())
                return f"{command[:COMMAND_CHARACTERS] or process.name()} (pid {process.pid})"
    return None


def free_port() -> int:
    """Return a TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _can_bind(family: socket.AddressFamily, host: str, port: int) -> bool:
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        return error.errno != errno.EADDRINUSE
    return True
