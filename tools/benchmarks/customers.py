"""New customers for new orders, as a customer may have few unpaid ones. Without our package: all contenders use it."""

import uuid
from typing import Any

NEW = "new-"
"""How the ids of customers of new orders begin."""


def new_customer() -> str:
    """Return the id of a customer who has no orders."""
    return f"{NEW}{uuid.uuid4()}"


def renew(event: dict[str, Any]) -> None:
    """Give an event that creates an order another idempotency key, and another customer if it is of a new one."""
    event["headers"]["idempotency-key"] = str(uuid.uuid4())
    context = event["requestContext"]["authorizer"]["lambda"]
    if context["customer_id"].startswith(NEW):
        context["customer_id"] = new_customer()
