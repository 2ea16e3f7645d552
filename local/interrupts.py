"""Signal handling of command-line programs."""

import signal
from typing import NoReturn


def heed_termination() -> None:
    """Treat SIGTERM like Ctrl-C, so that the programs which this one has started are stopped, too."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
