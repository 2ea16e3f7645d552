"""The options that name a stack, the same for every command."""

import argparse
import os
from pathlib import Path

from local.layout import DEFAULT_STATE

HIGHEST_PORT = 65535 - 3
"""The stack also uses the three ports above."""


def add_stack_options(parser: argparse.ArgumentParser) -> None:
    """Add `--state` and `--port`."""
    parser.add_argument(
        "--state",
        type=Path,
        default=Path(os.environ.get("STATE") or DEFAULT_STATE),
        help="folder for everything the stack writes (STATE)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=os.environ.get("PORT") or None,
        help="TCP port of the API; the next three are used, too (PORT)",
    )


def count(text: str) -> int:
    """Read a number that is at least 1.

    Raises:
        argparse.ArgumentTypeError: It is not.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of at least 1")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 1 to {HIGHEST_PORT}")
    return int(text)
