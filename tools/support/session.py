"""The connection to a running stack."""

import httpx

from local.errors import LocalError
from local.stack import Stack

ANSWER_SECONDS = 60.0
"""Longer than the gateway waits for a function."""
FUNCTION_SECONDS = 20.0
"""The longest that a function runs: what it has not stored by then, it never will."""
IDLE_SECONDS = 2.0
"""An idle connection is given up before the gateway closes it, which would look like a lost answer."""


def require_running(stack: Stack) -> None:
    """Require that every part of a stack runs.

    Raises:
        LocalError: A part of it does not run.
    """
    if missing := [name for name, runs in stack.status().items() if not runs]:
        raise LocalError(f"Not running: {', '.join(missing)}. `make up` first.")


def connect(stack: Stack, connections: int) -> httpx.AsyncClient:
    """Return a client of the API with at most so many connections."""
    limits = httpx.Limits(max_connections=connections, keepalive_expiry=IDLE_SECONDS)
    return httpx.AsyncClient(base_url=stack.url, timeout=ANSWER_SECONDS, limits=limits, trust_env=False)
