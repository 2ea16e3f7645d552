"""A value from a source that changes it, read by several threads; `test_keys` has the rest."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from orders.aws.refreshed import Refreshed, SourceUnavailable
from tests.signing import Clock
from tests.support import wait_until

CALLERS = 8


class CountingLock:
    """A lock that counts who has asked for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.asked = 0

    def __enter__(self) -> None:
        with self._lock_of_count:
            self.asked += 1
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    _lock_of_count = Lock()


def test_given_many_callers_when_the_source_is_down_then_they_share_one_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise the calls of a batch would wait for one time-out after the other."""
    all_wait, attempts = Event(), []

    def unanswered() -> str:
        attempts.append(1)
        assert all_wait.wait(timeout=5)
        raise SourceUnavailable("the source does not answer in time")

    value, lock = Refreshed("value", unanswered, Clock()), CountingLock()
    monkeypatch.setattr(value, "_lock", lock)

    def get() -> None:
        with pytest.raises(SourceUnavailable, match="does not answer in time"):
            value.get()

    with ThreadPoolExecutor(CALLERS) as pool:
        calls = [pool.submit(get) for _ in range(CALLERS)]
        wait_until(lambda: lock.asked == CALLERS)
        all_wait.set()
        for call in calls:
            call.result(timeout=5)
    assert len(attempts) == 1
    get()
    assert len(attempts) == 2


def test_given_an_outdated_value_when_already_replaced_then_it_is_not_read_again() -> None:
    clock, read = Clock(), iter(["old", "new"])
    value = Refreshed("value", lambda: next(read), clock)
    old = value.get()
    clock.advance(60)
    assert value.newer_than(old) == "new"
    assert value.newer_than(old) == "new"
