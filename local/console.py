"""Progress output of the command line."""

import contextlib
import time
from collections.abc import Iterator
from typing import TextIO

NAME_WIDTH = 22


class Progress:
    """Print a line for each step, with its duration.

    Args:
        stream: Where to print; nowhere by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the body of the `with` and print a line when it has succeeded."""
        begun = time.monotonic()
        yield
        self.say(f"  {name:<{NAME_WIDTH}} {time.monotonic() - begun:5.1f} s")

    def say(self, text: str) -> None:
        """Print a line and flush it."""
        if self._stream:
            print(text, file=self._stream, flush=True)
