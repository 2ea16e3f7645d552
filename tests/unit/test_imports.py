"""The modules that a function loads when it starts: each unneeded one makes cold starts slower."""

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tests.support import FUNCTIONS, ROOT, SETTINGS

WATCHED = {
    "asyncio",
    "boto3",
    "botocore.session",
    "cryptography",
    "http.client",
    "jwt",
    "orders.schemas.requests",
    "orders.postgres.order_list.query",
    "psycopg2",
    "pydantic",
    "requests",
    "yoyo",
}


@dataclass(frozen=True)
class Budget:
    """What a function may load.

    Attributes:
        watched: just these of the watched modules.
        modules: so many modules at the most, beyond those of the interpreter; a package more is more than the margin.
    """

    watched: set[str]
    modules: int


# Powertools' resolver loads asyncio, whichever of its classes is asked for.
ALL = {"asyncio"}
READS = ALL | {"psycopg2"}
WRITES = READS | {"http.client", "orders.schemas.requests", "pydantic"}
BUDGETS = {
    "authorizer": Budget({"cryptography", "http.client", "jwt"}, 260),
    "cancel_order": Budget(WRITES, 400),
    "console": Budget(ALL, 295),
    "create_order": Budget(WRITES, 435),
    "docs": Budget(ALL, 295),
    "erase_customer": Budget(READS, 315),
    "get_order": Budget(READS, 310),
    "health": Budget(READS, 315),
    "list_customer_orders": Budget(READS | {"orders.postgres.order_list.query"}, 315),
    "list_events": Budget(READS, 310),
    "list_orders": Budget(READS | {"orders.postgres.order_list.query"}, 315),
    "metrics": Budget(READS | {"http.client"}, 345),
    "migrate_database": Budget({"http.client", "psycopg2", "yoyo"}, 415),
    "process_task": Budget(WRITES, 410),
    "relay_outbox": Budget(WRITES - ALL - {"orders.schemas.requests"}, 325),
    "update_order": Budget(READS | {"orders.schemas.requests", "pydantic"}, 375),
    "update_order_status": Budget(WRITES, 400),
}


def test_given_the_functions_when_listed_then_each_has_a_budget() -> None:
    assert set(BUDGETS) == {path.parent.name for path in FUNCTIONS.glob("*/app.py")}


def loaded(function: str, **settings: str) -> set[str]:
    """Return the modules that a function loads until its first request, beyond those of the interpreter.

    The function starts as for a snapshot: it builds its use case and connects to nothing.
    """
    program = """
import json, sys
before = set(sys.modules)
import app
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    environment = {
        "PYTHONPATH": f"{ROOT / 'shared'}",
        "POWERTOOLS_SERVICE_NAME": "orders",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
        **SETTINGS,
        **settings,
    }
    started = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", program], cwd=FUNCTIONS / function, env=environment, capture_output=True, check=True
    )
    assert b"warm-up failed" not in started.stdout
    return set(json.loads(started.stdout))


@pytest.mark.parametrize("function", sorted(BUDGETS))
def test_given_a_function_when_it_starts_then_it_loads_only_what_it_needs(function: str) -> None:
    modules, budget = loaded(function), BUDGETS[function]
    assert modules & WATCHED == budget.watched
    assert len(modules) <= budget.modules


def test_given_a_shared_secret_when_the_authorizer_starts_then_it_loads_no_more() -> None:
    secret = {"JWT_SECRET_ARN": "arn", "JWT_ALGORITHMS": "HS256", "JWT_JWKS_URL": ""}
    assert loaded("authorizer", **secret) == loaded("authorizer")
