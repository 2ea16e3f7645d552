"""Carry out tasks from the queues: call the downstream services, and let happen to the orders what came of it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.aws.task_queue import SqsTaskQueue, task_id
from orders.config import QueueSettings
from orders.telemetry import logger, observed, traced
from orders.use_cases.process_task import CarryOut, Verdict
from orders.warmup import warm_up

TASKS_AT_ONCE = 10
"""As many as a batch has."""

# Its threads begin when they are needed, and are kept. asyncio's own are fewer than a batch on two processors.
threads = ThreadPoolExecutor(TASKS_AT_ONCE)
processor = AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
work = cache(CarryOut.from_environment)


class NotDone(Exception):
    """The message is to come back, or to end in the dead-letter queue, as one that names no task does."""


@cache
def queue() -> SqsTaskQueue:
    """The queues that the messages came from."""
    return SqsTaskQueue(QueueSettings.from_environment())


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Carry out a batch of tasks side by side; those that are not done come back by themselves."""
    # Once, before threads ask for it side by side: each that came first would connect to the database.
    work()
    return async_process_partial_response(event, _process, processor, context)


async def _process(record: SQSRecord) -> None:
    task = task_id(record.body)
    if task is None:
        raise NotDone
    with traced(record.attributes.aws_trace_header):
        verdict = await _in_thread(_carry_out, task)
    if verdict.retry_seconds is not None:
        seconds = verdict.retry_seconds
        await _in_thread(queue().put_back, record.event_source_arn, record.receipt_handle, seconds)
        raise NotDone


async def _in_thread[**P, Result](function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """As `asyncio.to_thread`, trace and all, in the threads of a batch."""
    call = partial(copy_context().run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(threads, call)


def _carry_out(task: str) -> Verdict:
    logger.thread_safe_append_keys(task_id=task)
    try:
        return work().carry_out(task)
    except Exception:
        logger.exception("task interrupted")
        raise


warm_up(work)
