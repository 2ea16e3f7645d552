"""How programs of the command line end when they are told to."""

import signal
from typing import NoReturn


def heed_termination() -> None:
    """Lets SIGTERM end this program as Ctrl-C does, so that what it has started is stopped."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
