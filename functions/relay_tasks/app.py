"""Pick up what was forgotten, every minute; and, by hand, list the failed tasks or send them back."""

from dataclasses import asdict
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.relay import Relay
from orders.telemetry import logger, metrics, write_metrics

relay = cache(Relay.from_environment)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Run the relay.

    Called by hand with ``{"failed": "list"}`` it lists the failed tasks instead, and with ``{"failed": "redrive"}``, or
    ``{"failed": "redrive", "tasks": ["<id>", …]}``, it sends them back.
    """
    match event.get("failed"):
        case "list":
            return {"tasks": relay().failed_tasks()}
        case "redrive":
            return {"redriven": relay().redrive(event.get("tasks"))}
    caught = relay().run()
    metrics.add_metric("TasksRelayed", MetricUnit.Count, caught.tasks)
    metrics.add_metric("StockGivenBack", MetricUnit.Count, caught.holds)
    metrics.add_metric("OrdersExpired", MetricUnit.Count, caught.expired)
    metrics.add_metric("TaskLag", MetricUnit.Seconds, caught.lag_seconds)
    write_metrics()
    logger.info("relayed", **asdict(caught))
    return asdict(caught)
