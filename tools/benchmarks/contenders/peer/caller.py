"""The caller, from the authorizer's context."""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import HTTPException, Request


@dataclass(frozen=True, slots=True)
class Caller:
    """`owner` is the customer whose orders they may see; None for all."""

    customer_id: str
    owner: str | None


async def caller(request: Request) -> Caller:
    context = request.scope["aws.event"]["requestContext"].get("authorizer", {}).get("lambda", {})
    if "customer_id" not in context:
        raise HTTPException(HTTPStatus.FORBIDDEN)
    sees_all = "orders:read" in context.get("scope", "").split()
    return Caller(context["customer_id"], None if sees_all else context["customer_id"])
