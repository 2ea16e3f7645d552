"""The template, checked against the functions and our own rules."""

import re
from typing import Any

import pytest

from local import template as sam
from orders.aws.task_queue import DEAD_LETTERS
from orders.postgres.outbox import LEASE, MAX_ATTEMPTS
from tests.support import FUNCTIONS, ROOT, load_function

HEALTH = {"GET /v1/health", "GET /health"}
DOCS = {"GET /docs", "GET /docs/{asset}", "GET /orders-doc", "GET /openapi.json", "GET /postman.json"}
CONSOLE = {"GET /console", "GET /console/{version}/{asset}"}
DEFAULT = "ANY $default"
NO_TOKEN = {*HEALTH, *DOCS, *CONSOLE, DEFAULT}

# The designed routes by function: canonical ones, and those of earlier services.
ROUTES = {
    "create_order": {
        "POST /v1/orders",
        "POST /v1/orders/create",
        "POST /orders",
        "POST /v1/customers/{customer_id}/orders",
        "POST /orders/{id}",
    },
    "get_order": {"GET /v1/orders/{order_id}", "GET /v1/orders/{order_id}/details", "GET /orders/{id}"},
    "list_orders": {"GET /v1/orders", "GET /orders"},
    "list_customer_orders": {"GET /v1/customers/{customer_id}/orders", "GET /v1/orders/my-orders/{customer_id}"},
    "cancel_order": {"POST /v1/orders/{order_id}/cancel"},
    "update_order_status": {"PUT /v1/orders/{order_id}/status", "PUT /orders/{id}"},
    "health": HEALTH,
    "docs": {*DOCS, DEFAULT},
    "console": CONSOLE,
    "metrics": {"GET /metrics"},
}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    loaded: dict[str, Any] = sam.read(ROOT / "template.yaml")["Resources"]
    return loaded


@pytest.fixture(scope="module")
def functions(resources: dict[str, Any]) -> dict[str, Any]:
    return {
        resource["Properties"]["CodeUri"].removeprefix("functions/"): resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def events(function: dict[str, Any]) -> list[dict[str, Any]]:
    return [event["Properties"] for event in function.get("Events", {}).values() if event["Type"] == "HttpApi"]


def test_given_folders_of_functions_when_compared_then_the_template_has_each(
    functions: dict[str, Any],
) -> None:
    assert set(functions) == {path.parent.name for path in FUNCTIONS.glob("*/app.py")}


def test_given_the_designed_routes_when_compared_then_the_template_has_them(functions: dict[str, Any]) -> None:
    declared = {
        name: {f"{event['Method'].upper()} {event['Path']}" for event in events(properties)}
        for name, properties in functions.items()
        if events(properties)
    }
    assert declared == ROUTES


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_given_a_function_when_called_then_it_has_just_the_template_s_routes(name: str) -> None:
    answered = {
        f"{method.upper()} {re.sub(r'\{\w+\}', '{}', path)}"
        for path, item in load_function(name).app.get_openapi_schema().paths.items()
        for method in item.model_dump(exclude_none=True)
    }
    assert answered == {re.sub(r"\{\w+\}", "{}", route) for route in ROUTES[name] - {DEFAULT}}


def test_given_public_routes_when_compared_then_none_gives_access_to_orders(functions: dict[str, Any]) -> None:
    open_routes = {
        f"{event['Method'].upper()} {event['Path']}"
        for properties in functions.values()
        for event in events(properties)
        if event.get("Auth", {}).get("Authorizer") == "NONE"
    }
    assert open_routes == NO_TOKEN


def test_given_a_function_when_it_logs_then_its_log_group_has_a_retention(
    resources: dict[str, Any], functions: dict[str, Any]
) -> None:
    groups = {
        resource["Properties"]["LogGroupName"]["Fn::Sub"]: resource["Properties"]["RetentionInDays"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Logs::LogGroup"
    }
    assert set(groups) >= {f"/aws/lambda/{properties['FunctionName']['Fn::Sub']}" for properties in functions.values()}
    assert all(days > 0 for days in groups.values())


def test_given_the_task_queue_when_created_then_it_has_one_source_and_a_dlq(
    resources: dict[str, Any], functions: dict[str, Any]
) -> None:
    [event] = functions["process_task"]["Events"].values()
    assert event["Type"] == "SQS"
    source = event["Properties"]
    queue, dead_letters = (resources[name]["Properties"] for name in ("TaskQueue", "TaskDeadLetters"))
    assert source["Queue"] == {"Fn::GetAtt": ["TaskQueue", "Arn"]}
    assert dead_letters["QueueName"]["Fn::Sub"] == queue["QueueName"]["Fn::Sub"] + DEAD_LETTERS
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["TaskDeadLetters", "Arn"]}
    assert queue["RedrivePolicy"]["maxReceiveCount"] > MAX_ATTEMPTS
    assert queue["VisibilityTimeout"] >= 6 * functions["process_task"]["Timeout"]
    assert source["BatchSize"] == load_function("process_task").TASKS_AT_ONCE
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_given_the_task_queue_when_created_then_message_groups_make_it_fair(resources: dict[str, Any]) -> None:
    # Only standard queues are fair queues; in a FIFO queue, a group is processed one message after the other.
    # See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
    queue = resources["TaskQueue"]["Properties"]
    assert "FifoQueue" not in queue
    assert not queue["QueueName"]["Fn::Sub"].endswith(".fifo")


def test_given_two_hanging_services_when_called_then_workers_for_others_remain(
    functions: dict[str, Any],
) -> None:
    parameters = sam.read(ROOT / "template.yaml")["Parameters"]
    workers, tasks = (parameters[name]["Default"] for name in ("WorkerConcurrency", "TaskConcurrency"))
    assert workers > 2 * tasks
    [event] = functions["process_task"]["Events"].values()
    assert event["Properties"]["ScalingConfig"]["MaximumConcurrency"] == {"Ref": "WorkerConcurrency"}
    assert functions["process_task"]["Environment"]["Variables"]["TASK_CONCURRENCY"] == {"Ref": "TaskConcurrency"}


def test_given_a_task_when_its_worker_times_out_then_the_lease_is_longer(
    functions: dict[str, Any],
) -> None:
    assert LEASE.total_seconds() > functions["process_task"]["Timeout"]


def test_given_two_stacks_when_in_one_account_then_names_do_not_collide(
    resources: dict[str, Any], functions: dict[str, Any]
) -> None:
    schedules = [
        event["Properties"]
        for properties in functions.values()
        for event in properties.get("Events", {}).values()
        if event["Type"] == "ScheduleV2"
    ]
    names = [
        resource["Properties"][name]["Fn::Sub"]
        for resource in resources.values()
        for name in ("FunctionName", "LogGroupName", "QueueName")
        if name in resource["Properties"]
    ]
    assert schedules
    assert [name for name in names if "${AWS::StackName}" not in name] == []
    assert [schedule for schedule in schedules if "${AWS::StackName}" not in schedule["Name"]["Fn::Sub"]] == []
