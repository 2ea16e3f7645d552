"""What every program that sends orders to a running stack begins with."""

import argparse
import os
from pathlib import Path

import httpx

from local.errors import LocalError
from local.layout import DEFAULT_STATE
from local.stack import Stack

ANSWER_SECONDS = 60.0
"""Longer than the gateway waits for a function."""
FUNCTION_SECONDS = 20.0
"""The longest that a function runs: what it has not stored by then, it never will."""
IDLE_SECONDS = 2.0
"""An idle connection is given up before the gateway closes it, which would look like a lost answer."""
INTERRUPTED = 130


def add_stack_options(parser: argparse.ArgumentParser) -> None:
    """Lets a command line name the stack."""
    parser.add_argument(
        "--state",
        type=Path,
        default=Path(os.environ.get("STATE") or DEFAULT_STATE),
        help="folder of the stack (STATE)",
    )
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or None, help="TCP port of its API (PORT)")


def require_running(stack: Stack) -> None:
    """Refuses to go on without a stack to send anything to.

    Raises:
        LocalError: A part of it does not run.
    """
    if missing := [name for name, runs in stack.status().items() if not runs]:
        raise LocalError(f"Not running: {', '.join(missing)}. `make up` first.")


def connect(stack: Stack, connections: int) -> httpx.AsyncClient:
    """Returns a client of the API, with so many connections at the most."""
    limits = httpx.Limits(max_connections=connections, keepalive_expiry=IDLE_SECONDS)
    return httpx.AsyncClient(base_url=stack.url, timeout=ANSWER_SECONDS, limits=limits, trust_env=False)
