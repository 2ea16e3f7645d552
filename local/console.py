"""What the command line tells a person while it works."""

import contextlib
import time
from collections.abc import Iterator
from typing import TextIO

NAME_WIDTH = 22


class Progress:
    """Writes one line per step with the seconds it took; as readable in a CI log as in a terminal.

    Args:
        stream: Where to write; nowhere by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times the body of the `with` and writes its line when it has succeeded."""
        begun = time.monotonic()
        yield
        self.say(f"  {name:<{NAME_WIDTH}} {time.monotonic() - begun:5.1f} s")

    def say(self, text: str) -> None:
        """Writes a line, at once."""
        if self._stream:
            print(text, file=self._stream, flush=True)
