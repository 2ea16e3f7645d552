"""Many writers append events while a reader follows the feed: it must see each event once and in order, and soon."""

import shutil
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from random import Random
from threading import Event as Flag
from typing import TypedDict

from local.postgres import Postgres
from orders.config import DatabaseSettings
from orders.domain.clock import Clock
from orders.domain.events import EventQuery
from orders.domain.lifecycle import Event
from orders.domain.order import Line, Order
from orders.postgres import erasures, feed, new_orders, order_changes
from orders.postgres.connection import Database
from orders.use_cases.list_events import ListEvents
from tools.benchmarks.places import BUILD
from tools.benchmarks.summary import MILLISECONDS
from tools.benchmarks.testbed import Testbed

type Key = tuple[str, int]
"""An order and its version."""

WRITERS = 50
SECONDS = 120.0
ACTOR = "system:race"
PAGE = 500
WAIT_SECONDS = 1
"""How long the reader waits for the next event at a time."""
_LIFE = (Event.PAYMENT_STARTED, Event.PAYMENT_SUCCEEDED, Event.SHIPMENT_SHIPPED, Event.SHIPMENT_DELIVERED)
_AT_ONCE = 3
"""How many orders a writer changes in turns."""


class Followed(TypedDict):
    """What a reader of the feed saw of many writers."""

    writers: int
    seconds: float
    events: int
    median_lag: float
    p99_lag: float
    """Milliseconds from the commit of an event until the reader had it."""


@dataclass(slots=True)
class Race:
    """What the writers have committed, and what the reader has seen.

    Attributes:
        committed: when each event was known to be committed, in seconds of a monotonic clock.
        seen: position and time of each event, in the order in which they came.
        erased: how many of the events were appended by transactions that change many orders.
    """

    committed: dict[Key, float] = field(default_factory=dict)
    seen: list[tuple[int, Key, float]] = field(default_factory=list)
    erased: int = 0

    @property
    def lags(self) -> list[float]:
        """Seconds from the commit of each event until the reader had it, in ascending order."""
        return sorted(max(0.0, at - self.committed[key]) for _, key, at in self.seen if key in self.committed)

    def violations(self) -> Iterator[str]:
        """Yield what must hold and does not."""
        positions = [position for position, _, _ in self.seen]
        if positions != list(range(positions[0], positions[0] + len(positions)) if positions else []):
            yield "the positions have a gap, or are out of order"
        counted = Counter(key for _, key, _ in self.seen)
        if twice := [key for key, count in counted.items() if count > 1]:
            yield f"{len(twice)} events were seen twice, such as {twice[0]}"
        if missed := self.committed.keys() - counted.keys():
            yield f"{len(missed)} of {len(self.committed)} events were missed, such as {min(missed)}"
        versions: Counter[str] = Counter()
        for _, (order_id, version), _ in self.seen:
            versions[order_id] += 1
            if version != versions[order_id]:
                yield f"version {version} of {order_id} came as the number {versions[order_id]}"


def measure(testbed: Testbed) -> Followed:
    """Run a race on a server of its own, where tables are vacuumed as in production.

    Raises:
        AssertionError: the reader missed an event, or saw one twice or out of order.
    """
    data = BUILD / "feed"
    shutil.rmtree(data, ignore_errors=True)
    postgres = Postgres(data, settings={"unix_socket_directories": str(data)})
    postgres.start()
    try:
        replace(testbed, postgres=postgres, sockets=data).create_database("feed")
        settings = DatabaseSettings(postgres.host, postgres.port, "feed", "orders_app", "none", "feed")
        race = run(settings, writers=WRITERS, seconds=SECONDS)
    finally:
        postgres.stop()
        shutil.rmtree(data, ignore_errors=True)
    wrong = list(race.violations())
    assert not wrong, wrong
    lags = [MILLISECONDS * lag for lag in race.lags]
    return {
        "writers": WRITERS,
        "seconds": SECONDS,
        "events": len(lags),
        "median_lag": statistics.median(lags),
        "p99_lag": statistics.quantiles(lags, n=100)[-1],
    }


def run(settings: DatabaseSettings, *, writers: int, seconds: float) -> Race:
    """Let writers change orders for so long, and a reader follow the feed until it has seen all of it.

    Args:
        settings: a database that nobody else uses.
        writers: how many write at once, each over a connection of its own.
        seconds: how long they write.
    """
    race, done = Race(), Flag()
    deadline = time.monotonic() + seconds
    with closing(Database(settings)) as database:
        start = _end(database)
    with ThreadPoolExecutor(writers + 2) as pool:
        reading = pool.submit(_read, settings, race, start, done)
        writing = [pool.submit(_write, settings, race, deadline, number) for number in range(writers)]
        erasing = pool.submit(_erase, settings, race, deadline)
        try:
            for each in (*writing, erasing):
                each.result()
        finally:
            done.set()
        reading.result()
    return race


def _end(database: Database) -> int:
    """Return the last position of the feed."""
    after = 0
    while page := feed.list_events(database, EventQuery(after, PAGE)):
        if page.next_position == after:
            break
        after = page.next_position
    return after


def _read(settings: DatabaseSettings, race: Race, start: int, done: Flag) -> None:
    with closing(Database(replace(settings, user="orders_reader"))) as database:
        query = EventQuery(start, PAGE, wait_seconds=WAIT_SECONDS)
        while True:
            is_last = done.is_set()
            page = ListEvents(database).list(query)
            at = time.monotonic()
            race.seen += [(position, (row["order_id"], row["version"]), at) for position, row in page.events]
            query = replace(query, after=page.next_position)
            if is_last and not page.events:
                return


def _write(settings: DatabaseSettings, race: Race, deadline: float, number: int) -> None:
    """Take orders through their life, several in turns."""
    clock, random = Clock(), Random(number)
    with closing(Database(settings)) as database:
        lives: list[Iterator[Key]] = []
        while time.monotonic() < deadline:
            if len(lives) < _AT_ONCE:
                lives.append(_live(database, clock, number))
            life = random.choice(lives)
            key = next(life, None)
            if key is None:
                lives.remove(life)
            else:
                race.committed[key] = time.monotonic()


def _live(database: Database, clock: Clock, customer: int) -> Iterator[Key]:
    """Place an order and deliver it, one event at a time."""
    at = clock.now()
    order_id = clock.new_order_id(at)
    order = Order(
        id=order_id,
        customer_id=str(customer),
        customer_name=None,
        customer_email=None,
        currency="USD",
        lines=(Line("SKU123", 2, 7999), Line("SKU456", 1, 500)),
        cart_version=None,
        reservation_id=order_id,
        created_at=at,
    )
    new_orders.place_order(database, order, (), actor=ACTOR)
    yield order_id, 1
    for event in _LIFE:
        result = order_changes.apply_event(database, event, order_id, actor=ACTOR, at=clock.now())
        if result and result.applied:
            yield order_id, result.row["version"]
    # Nobody processes its tasks, and an order is erased only without pending ones.
    database.execute("UPDATE order_tasks SET state = 'done' WHERE order_id = %(id)s", {"id": order_id})


def _erase(settings: DatabaseSettings, race: Race, deadline: float) -> None:
    """Erase ended orders in batches: one transaction appends events of many orders."""
    clock = Clock()
    # So that it tells which orders it has erased.
    settings = replace(settings, publishes_events=True)
    with closing(Database(settings)) as database:
        while time.monotonic() < deadline:
            at = clock.now()
            erased = erasures.erase_ended(database, before=at, actor=ACTOR, at=at, limit=100)
            known = time.monotonic()
            race.erased += len(erased.tasks)
            race.committed |= {(task.order_id, task.version): known for task in erased.tasks}
            time.sleep(0.01)
