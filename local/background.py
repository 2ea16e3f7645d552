"""Work that goes on beside other work."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeated(work: Callable[[], None], pause_seconds: Callable[[], float]) -> Iterator[None]:
    """Does some work again and again, after a pause each, while the body of the `with` runs."""
    left = threading.Event()

    def run() -> None:
        while not left.wait(pause_seconds()):
            work()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join()
