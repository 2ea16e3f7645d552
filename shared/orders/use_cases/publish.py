"""Tell of what has happened to an order, once it is stored and never before."""

from orders import telemetry
from orders.aws.task_queue import TaskQueue
from orders.domain.order import Outcome


def publish(outcome: Outcome, queue: TaskQueue) -> None:
    """Put the tasks that an event promised on their queues, and count the event, if it changed the order."""
    queue.send(outcome.tasks)
    if outcome.applied:
        telemetry.count("OrderEvents", event=outcome.event)
