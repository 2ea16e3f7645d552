"""List the events of all orders, and wait for the next one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from orders.domain.caller import EVENTS, Caller
from orders.domain.errors import Forbidden, InvalidCursor
from orders.domain.events import EventPage, EventQuery
from orders.postgres import feed
from orders.postgres.connection import Database

_INTERVAL_SECONDS = 0.25
"""How often the feed is read while a caller waits."""


@dataclass(frozen=True, slots=True)
class ListEvents:
    """Read the feed, for callers with the scope `orders:events`.

    Attributes:
        database: where the events are.
        monotonic: a clock that never goes back, in seconds.
        sleep: waits for some seconds.
    """

    database: Database
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def list(self, query: EventQuery) -> EventPage:
        """Return a page of events; if there is none, wait for one as long as the query says.

        Raises:
            InvalidCursor: the feed ends before the query's position.
        """
        deadline = self.monotonic() + query.wait_seconds
        while True:
            page = feed.list_events(self.database, query)
            if page is None:
                raise InvalidCursor(
                    "The feed ends before this cursor. If the database was restored from a backup, read the feed again "
                    "from the beginning."
                )
            left = deadline - self.monotonic()
            if page.events or left <= 0:
                return page
            if page.next_position == query.after:
                self.sleep(min(_INTERVAL_SECONDS, left))
            # What was searched without a match is not searched again.
            query = replace(query, after=page.next_position)


def check_may_read_events(caller: Caller) -> None:
    """Check that the caller may read the feed.

    Raises:
        Forbidden: the caller lacks the scope `orders:events`.
    """
    if not caller.may_read_events:
        raise Forbidden(f"Reading events requires the scope {EVENTS}.")
