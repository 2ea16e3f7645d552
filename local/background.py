"""Background threads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeated(work: Callable[[], None], pause_seconds: Callable[[], float]) -> Iterator[None]:
    """Repeat some work, with a pause before each run, while the body of the `with` runs."""
    stopped = threading.Event()

    def run() -> None:
        while not stopped.wait(pause_seconds()):
            work()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
