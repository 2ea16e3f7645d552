"""Run the relay every minute; on demand, list or redrive failed tasks."""

from dataclasses import asdict
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders import bootstrap, telemetry
from orders.domain.order import TaskId
from orders.telemetry import lambda_entrypoint, logger
from orders.warmup import warm_up

relay = cache(bootstrap.relay_outbox)


@lambda_entrypoint
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Run the relay.

    Invoked with ``{"failed": "list"}`` it lists the failed tasks instead, and the dead letters that name no task. With
    ``{"failed": "redrive"}``, or ``{"failed": "redrive", "tasks": ["<id>", …]}``, it redrives failed tasks.
    """
    match event.get("failed"):
        case "list":
            return {"tasks": relay().failed_tasks(), "unknown": relay().unknown_dead_letters()}
        case "redrive":
            ids = event.get("tasks")
            return {"redriven": relay().redrive(None if ids is None else [TaskId.parse(text) for text in ids])}
    summary = relay().run()
    telemetry.count("TasksRelayed", summary.tasks)
    telemetry.count("StockGivenBack", summary.holds)
    telemetry.count("OrdersErased", summary.erased)
    telemetry.count("PaymentsStuck", summary.stuck)
    telemetry.time("TaskLag", summary.lag_seconds)
    logger.info("tasks relayed", **asdict(summary))
    return asdict(summary)


warm_up(relay)
