"""Pick up what was forgotten, every minute; and, by hand, list the failed tasks or send them back."""

from dataclasses import asdict
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders import telemetry
from orders.telemetry import logger, observed
from orders.use_cases.relay_outbox import Relay

relay = cache(Relay.from_environment)


@observed
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
    telemetry.count("TasksRelayed", caught.tasks)
    telemetry.count("StockGivenBack", caught.holds)
    telemetry.time("TaskLag", caught.lag_seconds)
    logger.info("relayed", **asdict(caught))
    return asdict(caught)
