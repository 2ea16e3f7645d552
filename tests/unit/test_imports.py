"""What a function loads when it starts: a module that it does not need is a cold start that a customer waits for."""

import json
import subprocess
import sys

import pytest

from tests.support import FUNCTIONS, ROOT

# Of these modules, each function may load just the ones listed with it.
WATCHED = {"boto3", "botocore.session", "cryptography", "jwt", "psycopg2", "pydantic", "requests", "yoyo"}
ALLOWED = {
    "authorizer": {"jwt", "cryptography"},
    "cancel_order": {"pydantic", "psycopg2"},
    "create_order": {"pydantic", "psycopg2", "requests"},
    "docs": set(),
    "get_order": {"psycopg2"},
    "health": {"psycopg2"},
    "list_customer_orders": {"psycopg2"},
    "list_orders": {"psycopg2"},
    "metrics": {"psycopg2"},
    "migrate_database": {"psycopg2", "requests", "yoyo"},
    "process_task": {"pydantic", "psycopg2", "requests"},
    "relay_tasks": {"pydantic", "psycopg2", "requests"},
    "update_order_status": {"pydantic", "psycopg2"},
}


def test_given_the_functions_when_counted_then_each_has_its_list() -> None:
    assert set(ALLOWED) == {path.parent.name for path in FUNCTIONS.glob("*/app.py")}


def loaded(function: str, **settings: str) -> set[str]:
    """Which of the watched modules a function loads under these settings."""
    program = "import json, sys, app; print(json.dumps(sorted(sys.modules)))"
    environment = {"PYTHONPATH": f"{ROOT / 'shared'}", "POWERTOOLS_SERVICE_NAME": "orders", **settings}
    started = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", program], cwd=FUNCTIONS / function, env=environment, capture_output=True, check=True
    )
    return WATCHED & set(json.loads(started.stdout))


@pytest.mark.parametrize("function", sorted(ALLOWED))
def test_given_a_function_when_it_starts_then_it_loads_only_what_it_needs(function: str) -> None:
    assert loaded(function) == ALLOWED[function]


def test_given_a_shared_secret_when_the_authorizer_starts_then_it_loads_the_sdk_as_well() -> None:
    sdk = {"boto3", "botocore.session"}
    assert loaded("authorizer", JWT_SECRET_ARN="arn") == ALLOWED["authorizer"] | sdk
