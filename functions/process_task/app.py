"""Process tasks from the queue: call the downstream services and apply the resulting events to the orders."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from orders import bootstrap
from orders.aws.task_queue import task_id
from orders.telemetry import lambda_entrypoint, logger, traced
from orders.warmup import connect, warm_up

if TYPE_CHECKING:
    from orders.domain.order import TaskId
    from orders.use_cases.process_task import MessageDisposition

TASKS_AT_ONCE = 10
"""The size of a batch."""

# Kept between invocations; threads start when they are needed. asyncio's own pool is smaller than a batch on two cores.
threads = ThreadPoolExecutor(TASKS_AT_ONCE)
processor = AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
process_task = cache(bootstrap.process_task)
queue = cache(bootstrap.task_queue)


class NotDone(Exception):
    """The message returns to its queue, or moves to the dead-letter queue after too many receives."""


@lambda_entrypoint
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process a batch of tasks concurrently; messages of tasks that are not done return to their queue."""
    # Before the threads start, because each would make its own connection to the database.
    process_task()
    return async_process_partial_response(event, _process, processor, context)


async def _process(record: SQSRecord) -> None:
    task = task_id(record.body)
    if task is None:
        raise NotDone
    with traced(record.attributes.aws_trace_header):
        disposition = await _in_thread(_process_task, task)
    if disposition.retry_seconds is not None:
        seconds = disposition.retry_seconds
        await _in_thread(queue().change_visibility, record.receipt_handle, seconds)
        raise NotDone


async def _in_thread[**P, Result](function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Run a function in a thread of the batch with the current trace, as `asyncio.to_thread` does."""
    call = partial(copy_context().run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(threads, call)


def _process_task(task: "TaskId") -> "MessageDisposition":
    logger.thread_safe_append_keys(task_id=str(task))
    try:
        return process_task().process(task)
    except Exception:
        logger.exception("task interrupted")
        raise


warm_up(process_task, connect)
