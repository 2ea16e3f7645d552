"""Publish events on the event bus, several in one call: at least once, and in no order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from orders import telemetry
from orders.domain.clock import Clock
from orders.domain.errors import Unavailable
from orders.domain.events import BusEntry, EventRow
from orders.domain.order import TaskId
from orders.postgres import event_outbox
from orders.postgres.connection import Database
from orders.postgres.event_outbox import ClaimedEvent
from orders.schemas.events import event_document
from orders.telemetry import logger
from orders.use_cases.retries import DONE, MessageDisposition, Retries

MAX_DETAIL_BYTES = 200_000
"""The greatest document that is published with the lines of its order."""


class EventBus(Protocol):
    """Where events are published."""

    def put(self, entries: Sequence[BusEntry]) -> list[str | None]:
        """Put events on the bus; return for each why it was refused, or None.

        Raises:
            DownstreamUnavailable: the bus does not answer. It may have taken some of them.
        """


@dataclass(frozen=True, slots=True)
class PublishEvents:
    """Process the tasks that publish events.

    Attributes:
        bus: where to publish them; None if there is no bus any more.
        concurrency: how many calls to the bus may be in progress at a time, over all workers.
    """

    database: Database
    bus: EventBus | None
    retries: Retries
    concurrency: int
    clock: Clock

    def publish(self, task_ids: Sequence[TaskId]) -> dict[TaskId, MessageDisposition]:
        """Publish the events of some tasks; return what to do with the message of each."""
        begun = perf_counter()
        dispositions = dict.fromkeys(task_ids, DONE)
        claims = event_outbox.claim(self.database, list(dispositions), self.clock.now(), self.concurrency)
        for unknown in dispositions.keys() - {claim.id for claim in claims}:
            logger.warning("no such task", task_id=str(unknown))
        claimed: list[ClaimedEvent] = []
        for claim in claims:
            if not claim.claimed:
                dispositions[claim.id] = self.retries.unclaimed(claim)
            elif claim.is_exhausted:
                dispositions[claim.id] = self.retries.exhausted(claim)
            else:
                claimed.append(claim)
        if claimed:
            dispositions |= self._publish(claimed, begun)
        return dispositions

    def _publish(self, claims: Sequence[ClaimedEvent], begun: float) -> dict[TaskId, MessageDisposition]:
        if self.bus is None:
            cause = "There is no event bus; set EventBusName again, and redrive the task."
            return {claim.id: self.retries.fail(claim, cause) for claim in claims}
        try:
            causes = self.bus.put([_entry(claim.event) for claim in claims])
        except Unavailable as error:
            reasons = telemetry.reasons(error)
            return {claim.id: self.retries.retry(claim, error.detail, reasons) for claim in claims}
        except Exception as error:  # noqa: BLE001 - what nobody expects must not be retried for ever
            logger.exception("unexpected error")
            cause = f"Unexpected {type(error).__name__}; the log says more."
            return {claim.id: self.retries.retry(claim, cause) for claim in claims}
        outcomes = list(zip(claims, causes, strict=True))
        published = [claim for claim, cause in outcomes if cause is None]
        if published:
            event_outbox.finish(self.database, [claim.id for claim in published], self.clock.now())
        for claim in published:
            telemetry.time("TaskDuration", perf_counter() - begun, kind=claim.kind)
            telemetry.count("Tasks", kind=claim.kind, outcome="done")
            logger.info("task done", task_id=str(claim.id), order_id=claim.order_id, kind=claim.kind)
        return dict.fromkeys((claim.id for claim in published), DONE) | {
            claim.id: self.retries.retry(claim, cause) for claim, cause in outcomes if cause is not None
        }


def _entry(row: EventRow) -> BusEntry:
    document = event_document(row)
    detail = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    if len(detail.encode()) > MAX_DETAIL_BYTES:
        detail = json.dumps({**document, "items": None}, ensure_ascii=False, separators=(",", ":"))
    return BusEntry(row["event"], row["occurred_at"], detail)
