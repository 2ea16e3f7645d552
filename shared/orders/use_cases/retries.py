"""What becomes of a task that was not done, and of its message: another attempt later, or the dead-letter queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from orders import telemetry
from orders.domain.clock import Clock
from orders.postgres import outbox
from orders.postgres.connection import Database
from orders.postgres.task_claims import BUSY_DELAY, Claim
from orders.telemetry import logger
from orders.use_cases.publish import TaskQueue

_FIRST_DELAY_SECONDS = 2.0
_MAX_DELAY_SECONDS = 600.0
_MAX_POLL_SECONDS = 3600.0
"""The longest interval at which a service is asked whether it has decided."""
_MAX_SEND_DELAY_SECONDS = 900.0
"""The longest delay of a message."""


@dataclass(frozen=True, slots=True)
class MessageDisposition:
    """What to do with the message that named the task.

    Attributes:
        retry_seconds: the delay until it is received again; None to delete it.
        failed: whether it goes to the dead-letter queue.
    """

    retry_seconds: float | None = None
    failed: bool = False


DONE = MessageDisposition()
FAILED = MessageDisposition(retry_seconds=0, failed=True)


@dataclass(frozen=True, slots=True)
class Retries:
    """Reschedule tasks that were not done, with growing delays; fail those that have had all their attempts."""

    database: Database
    queue: TaskQueue
    clock: Clock
    random: Random

    def unclaimed(self, claim: Claim) -> MessageDisposition:
        """Leave a task that could not be claimed: it has ended, another worker holds it, or its service is busy."""
        if claim.busy:
            return self._send_later(claim)
        match claim.state:
            case "done":
                return DONE
            case "failed":
                return FAILED
            case "pending":
                seconds = (claim.available_at - self.clock.now()).total_seconds()
                return MessageDisposition(retry_seconds=max(1.0, seconds))

    def exhausted(self, claim: Claim) -> MessageDisposition:
        """Fail a task that was claimed once more after its last attempt, which left no result."""
        return self.fail(claim, "Its workers ended without a result; their logs say why.")

    def retry(self, claim: Claim, cause: str, reasons: Sequence[str] = ()) -> MessageDisposition:
        """Reschedule a task after a failed attempt; fail it after the last one."""
        if claim.attempts >= claim.max_attempts:
            return self.fail(claim, cause)
        delay = self._delay(claim.attempts, _MAX_DELAY_SECONDS)
        telemetry.count("Tasks", kind=claim.kind, outcome="rescheduled")
        logger.warning("task rescheduled", **_ids(claim), cause=cause, causes=reasons, retry_seconds=delay)
        return self._reschedule(claim, cause, delay, counts=True)

    def poll(self, claim: Claim, cause: str) -> MessageDisposition:
        """Reschedule a task whose service has not decided yet, however often."""
        delay = self._delay(claim.claims, _MAX_POLL_SECONDS)
        telemetry.count("Tasks", kind=claim.kind, outcome="not_settled")
        logger.info("task rescheduled", **_ids(claim), cause=cause, retry_seconds=delay)
        return self._reschedule(claim, cause, delay, counts=False)

    def fail(self, claim: Claim, cause: str) -> MessageDisposition:
        """Give a task up; a person sees it, and may redrive it."""
        outbox.reschedule(self.database, claim, cause, self.clock.now(), final=True)
        telemetry.count("Tasks", kind=claim.kind, outcome="failed")
        logger.error("task failed", **_ids(claim), cause=cause)
        return FAILED

    def _send_later(self, claim: Claim) -> MessageDisposition:
        """Send a task again, after about as long as it has been waiting for a free slot of its service.

        It is a new message: one that returned to the queue would be dead-lettered after too many receives.
        """
        waited = min(BUSY_DELAY, self.clock.now() - claim.available_at).total_seconds()
        delay = self._jitter(max(_FIRST_DELAY_SECONDS, waited))
        self.queue.send([claim.id], delay)
        telemetry.count("Tasks", kind=claim.kind, outcome="busy")
        logger.info("service busy", **_ids(claim), retry_seconds=delay)
        return DONE

    def _reschedule(self, claim: Claim, cause: str, delay: float, *, counts: bool) -> MessageDisposition:
        """Make the task available after a delay, and send it again for then.

        It is a new message: one that returned to the queue would be dead-lettered after too many receives.
        """
        # The task is available a moment before its message is, so that the message does not come too early.
        available_at = self.clock.now() + timedelta(seconds=max(0.0, delay - 1))
        outbox.reschedule(self.database, claim, cause, available_at, counts=counts)
        self.queue.send([claim.id], min(delay, _MAX_SEND_DELAY_SECONDS))
        return DONE

    def _delay(self, count: int, maximum: float) -> float:
        """Return the seconds until the next attempt: exponential backoff with jitter."""
        return self._jitter(min(maximum, _FIRST_DELAY_SECONDS * 2 ** min(count, 16)))

    def _jitter(self, seconds: float) -> float:
        return self.random.uniform(seconds / 2, seconds)


def _ids(claim: Claim) -> dict[str, Any]:
    """Return what identifies a task in the log, where several are processed at once."""
    return {"task_id": str(claim.id), "order_id": claim.order_id, "kind": claim.kind, "attempt": claim.attempts}
