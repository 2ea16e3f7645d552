"""Signals, errors and exit codes of command-line programs."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from local.errors import LocalError

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


def exit_code(command: Callable[[], int], interrupted: str = "Interrupted.") -> int:
    """Run a command and return its exit code; print an error as a sentence.

    A command whose output nobody reads any more, as in `make events | head`, ends with 0.

    Args:
        command: Returns the exit code.
        interrupted: What to print after Ctrl-C.
    """
    try:
        return _completed(command)
    except BrokenPipeError:
        # Python flushes what is left when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except LocalError as error:
        print(error, file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"MiniStack failed; `make status` shows what runs: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        return INTERRUPTED
    return 1


def _completed(command: Callable[[], int]) -> int:
    """Run a command, and write out what it printed while errors are still heeded."""
    code = command()
    sys.stdout.flush()
    return code


def heed_termination() -> None:
    """Treat SIGTERM like Ctrl-C, so that the programs which this one has started are stopped, too."""
    signal.signal(signal.SIGTERM, _interrupt)


@contextlib.contextmanager
def ignoring_signals() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM, so that a second Ctrl-C does not leave parts of the stack running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(number, signal.SIG_IGN) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, previous, strict=True):
            signal.signal(number, handler)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
