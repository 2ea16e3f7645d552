"""Requests that are safe to repeat: one `Idempotency-Key`, one effect."""

import json
import sqlite3
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Header

from local.services.problems import ProblemError


async def _idempotency_key(key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)] = None) -> str:
    if not key:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "idempotency_key_missing", "This operation needs an Idempotency-Key header."
        )
    return key


IdempotencyKey = Annotated[str, Depends(_idempotency_key)]
"""The request's `Idempotency-Key`, as an endpoint's parameter."""


def once(
    connection: sqlite3.Connection, operation: str, key: str, request: object, create: Callable[[], str]
) -> tuple[str, bool]:
    """Carry a request out unless its key has been seen.

    Args:
        connection: A transaction.
        operation: What the key is for; the same key may serve several operations.
        key: The caller's key.
        request: All that makes a request a different one, as JSON values.
        create: Carries the request out and returns the id of what it made.

    Returns:
        The id of what the request made, now or earlier, and whether it was now.

    Raises:
        ProblemError: The key came with another request before.
    """
    fingerprint = json.dumps(request, sort_keys=True)
    seen = connection.execute(
        "SELECT request, resource_id FROM idempotency_keys WHERE operation = ? AND key = ?", (operation, key)
    ).fetchone()
    if seen is not None:
        if seen["request"] != fingerprint:
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                f"The key {key!r} was used for another request.",
            )
        return seen["resource_id"], False
    resource_id = create()
    connection.execute(
        "INSERT INTO idempotency_keys (operation, key, request, resource_id) VALUES (?, ?, ?, ?)",
        (operation, key, fingerprint, resource_id),
    )
    return resource_id, True
