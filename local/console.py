"""Output of the command line, and its progress."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import NoReturn, TextIO, override

from rich.console import Console

NAME_WIDTH = 22
REPEAT_SECONDS = 5.0
"""How often a step that takes long is reported."""


class Output(Console):
    """Rich's console, which leaves a closed pipe to `local.interrupts`."""

    @override
    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


class Progress:
    """Print a line for each step when it is done, with its duration, and every few seconds while it goes on.

    Args:
        stream: Where to print; nowhere by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the body of the `with` and print a line when it has succeeded."""
        begun = time.monotonic()
        ended = threading.Event()

        def repeat() -> None:
            while not ended.wait(REPEAT_SECONDS):
                self.say(f"  {name:<{NAME_WIDTH}} {time.monotonic() - begun:5.0f} s …")

        threading.Thread(target=repeat, daemon=True).start()
        try:
            yield
        finally:
            ended.set()
        self.say(f"  {name:<{NAME_WIDTH}} {time.monotonic() - begun:5.1f} s")

    def say(self, text: str) -> None:
        """Print a line and flush it."""
        if self._stream:
            print(text, file=self._stream, flush=True)
