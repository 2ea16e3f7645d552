"""The poller follows a feed over HTTP. Wherever it is killed, and whatever fails, each event has its effect once."""

import importlib.util
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from tests.examples.feed import TOKEN, Fault, Feed, nothing, served
from tests.examples.samples import Books, books, feed
from tests.support import ROOT

POLLER = ROOT / "examples" / "consumer" / "poller.py"
EVENTS = feed(seed=17, orders=12)
LIMIT_SECONDS = 30.0
MOST_LINES = 45
"""What a reader takes in at once; docstrings and empty lines do not count."""


@pytest.fixture
def source() -> Iterator[Feed]:
    with served(EVENTS) as feed:
        yield feed


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@contextmanager
def polling(source: Feed, database: Path, token: str = TOKEN) -> Iterator[subprocess.Popen[bytes]]:
    """Run the poller as a process while the body of the `with` runs."""
    settings = {"ORDERS_URL": source.url, "ORDERS_TOKEN": token, "ORDERS_DATABASE": str(database)}
    with subprocess.Popen([sys.executable, POLLER], env=settings, stderr=subprocess.PIPE) as process:  # noqa: S603 - ours
        try:
            yield process
        finally:
            process.kill()


def kept(database: Path) -> Books:
    """What the poller has stored."""
    with closing(sqlite3.connect(database)) as connection:
        orders = {
            order_id: (
                *state,
                Decimal(total),
                tuple((each["product_id"], each["quantity"]) for each in json.loads(lines)),
            )
            for order_id, *state, total, lines in connection.execute("SELECT * FROM orders")
        }
        revenue = {name: Decimal(amount) for name, amount in connection.execute("SELECT * FROM revenue")}
    result = Books(orders)
    result.revenue.update(revenue)
    return result


def load(source: Feed, database: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The poller as a module, for tests of what it does with one page."""
    for name, value in (("URL", source.url), ("TOKEN", TOKEN), ("DATABASE", str(database))):
        monkeypatch.setenv(f"ORDERS_{name}", value)
    spec = importlib.util.spec_from_file_location("poller", POLLER)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_given_a_feed_when_followed_then_each_order_and_the_revenue_are_kept(source: Feed, database: Path) -> None:
    with polling(source, database):
        assert source.read.wait(LIMIT_SECONDS)
        # An empty page leaves the cursor as it is; what comes then is read at once.
        source.events = [*EVENTS, *feed(seed=18, orders=1, after=len(EVENTS))]
        source.read.clear()
        source.more.set()
        assert source.read.wait(LIMIT_SECONDS)
    assert kept(database) == books(source.events)
    assert kept(database).revenue.keys() == {"GBP", "USD"}


def test_given_a_poller_when_killed_at_each_request_then_nothing_counts_twice(source: Feed, database: Path) -> None:
    source.page = 20
    for number in range(1, 9):
        with polling(source, database) as process:
            hook = "before_answer" if number % 2 else "after_answer"
            setattr(source, hook, process.kill)
            process.wait(LIMIT_SECONDS)
        source.before_answer = source.after_answer = nothing
    assert len(source.requests) == 8
    with polling(source, database):
        assert source.read.wait(LIMIT_SECONDS)
    assert kept(database) == books(EVENTS)


def test_given_a_page_when_the_process_ends_within_then_it_has_no_effect(
    source: Feed, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poller = load(source, database, monkeypatch)
    session, connection = poller.connect()
    apply = poller.apply
    applied: list[object] = []

    def crash(database: sqlite3.Connection, event: dict[str, object]) -> None:
        if len(applied) == 3:
            raise KeyboardInterrupt
        applied.append(event)
        apply(database, event)

    with closing(connection), session:
        monkeypatch.setattr(poller, "apply", crash)
        with pytest.raises(KeyboardInterrupt):
            poller.follow(session, connection)
        assert kept(database) == Books()
        monkeypatch.setattr(poller, "apply", apply)
        poller.follow(session, connection)
    assert kept(database) == books(EVENTS[: source.page])


def test_given_two_pollers_when_both_read_a_page_then_one_applies_it(
    source: Feed, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poller = load(source, database, monkeypatch)

    def another() -> None:
        source.before_answer = nothing
        session, connection = poller.connect()
        with closing(connection), session:
            poller.follow(session, connection)

    session, connection = poller.connect()
    with closing(connection), session:
        # While this one waits for its page, another one reads the same page and applies it.
        source.before_answer = another
        poller.follow(session, connection)
    assert source.requests == ["0", "0"]
    assert kept(database) == books(EVENTS[: source.page])


@pytest.mark.parametrize(
    "fault",
    [
        Fault(500),
        Fault(502),
        Fault(503, {"Retry-After": "1"}),
        Fault(429),
        Fault(429, {"Retry-After": "1"}),
        Fault(200, is_cut=True),
    ],
    ids=lambda fault: f"{fault.status} {fault.headers} {fault.is_cut}",
)
def test_given_a_failing_feed_when_followed_then_the_poller_goes_on(fault: Fault, source: Feed, database: Path) -> None:
    times: list[float] = []
    source.before_answer = lambda: times.append(time.monotonic())
    source.faults = [fault]
    with polling(source, database):
        assert source.read.wait(LIMIT_SECONDS)
    assert times[1] - times[0] >= float(fault.headers.get("Retry-After", 0))
    assert kept(database) == books(EVENTS)


def test_given_a_refused_token_when_followed_then_the_poller_ends(source: Feed, database: Path) -> None:
    with polling(source, database, token="expired") as process:
        assert process.wait(LIMIT_SECONDS) == 1
        assert process.stderr
        assert b"401 Client Error" in process.stderr.read()
    assert len(source.requests) == 1


def test_given_the_poller_when_read_then_it_is_short() -> None:
    lines = [line.strip() for line in POLLER.read_text().splitlines()]
    assert len([line for line in lines if line and not line.startswith('"""')]) <= MOST_LINES
