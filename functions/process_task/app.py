"""Process tasks from the queue: call the downstream services and apply the resulting events to the orders."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from orders import bootstrap
from orders.aws.task_queue import task_id
from orders.domain.lifecycle import TaskKind
from orders.telemetry import lambda_entrypoint, logger, traced
from orders.warmup import connect, warm_up

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Mapping, Sequence

    from orders.domain.order import TaskId
    from orders.postgres.task_claims import ClaimedTask
    from orders.use_cases.retries import MessageDisposition

TASKS_AT_ONCE = 10
"""The size of a batch."""

# Kept between invocations; threads start when they are needed. asyncio's own pool is smaller than a batch on two cores.
threads = ThreadPoolExecutor(TASKS_AT_ONCE)
processor = AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
process_task = cache(bootstrap.process_task)
publish_events = cache(bootstrap.publish_events)
queue = cache(bootstrap.task_queue)


class NotDone(Exception):
    """The message returns to its queue, or moves to the dead-letter queue after too many receives."""


@lambda_entrypoint
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process a batch of tasks concurrently; messages of tasks that are not done return to their queue."""
    # Before the threads start, because each would make its own connection to the database.
    process_task()
    tasks = [task for record in event["Records"] if (task := task_id(record["body"]))]
    published = [task for task in tasks if task.kind is TaskKind.PUBLISH_EVENT]
    claimed = [task for task in tasks if task.kind is not TaskKind.PUBLISH_EVENT]
    process = partial(_process, Together(_publish_events, published), Together(_claim, claimed), set())
    return async_process_partial_response(event, process, processor, context)


class Together[Result]:
    """What is done once for several tasks of a batch, when the first of them needs it.

    Args:
        action: does it, and returns the result of each task.
        tasks: the tasks.
    """

    def __init__(
        self, action: "Callable[[Sequence[TaskId]], Mapping[TaskId, Result]]", tasks: "Sequence[TaskId]"
    ) -> None:
        self._action = action
        self._tasks = tasks
        self._running: Awaitable[Mapping[TaskId, Result]] | None = None

    async def of(self, task: "TaskId") -> Result | None:
        """Return the result of one of the tasks; None if it has none."""
        if self._running is None:
            self._running = asyncio.ensure_future(_in_thread(self._action, self._tasks))
        return (await self._running).get(task)


async def _process(
    published: "Together[MessageDisposition]",
    claims: "Together[ClaimedTask]",
    begun: "set[TaskId]",
    record: SQSRecord,
) -> None:
    task = task_id(record.body)
    if task is None:
        raise NotDone
    if task in begun:  # SQS may deliver a message twice, and the relay may send another one
        return
    begun.add(task)
    with traced(record.attributes.aws_trace_header):
        if task.kind is TaskKind.PUBLISH_EVENT:
            disposition = await published.of(task)
        elif claim := await claims.of(task):
            disposition = await _in_thread(_process_task, claim)
        else:
            disposition = None
    if disposition and disposition.retry_seconds is not None:
        seconds = disposition.retry_seconds
        await _in_thread(queue().change_visibility, record.receipt_handle, seconds)
        raise NotDone


async def _in_thread[**P, Result](function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Run a function in a thread of the batch with the current trace, as `asyncio.to_thread` does."""
    call = partial(copy_context().run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(threads, call)


@contextmanager
def _logged(message: str) -> "Iterator[None]":
    """Log what keeps tasks from being processed: Powertools only reports their messages as failed."""
    try:
        yield
    except Exception:
        logger.exception(message)
        raise


@_logged("events not published")
def _publish_events(tasks: "Sequence[TaskId]") -> "Mapping[TaskId, MessageDisposition]":
    return publish_events().publish(tasks)


@_logged("tasks not claimed")
def _claim(tasks: "Sequence[TaskId]") -> "Mapping[TaskId, ClaimedTask]":
    return process_task().claim(tasks)


@_logged("task interrupted")
def _process_task(task: "ClaimedTask") -> "MessageDisposition":
    return process_task().process(task)


warm_up(process_task, connect)
