"""The template, held against the functions and against our own rules."""

import re
from typing import Any

import pytest
import yaml

from orders.aws.task_queue import DEAD_LETTERS
from orders.postgres import idempotency
from orders.postgres.outbox import LEASE, MAX_ATTEMPTS
from tests.support import FUNCTIONS, ROOT, load_function

HEALTH = {"GET /v1/health", "GET /health"}
DOCS = {"GET /docs", "GET /docs/{asset}", "GET /orders-doc", "GET /openapi.json", "GET /postman.json"}
CONSOLE = {"GET /console", "GET /console/{version}/{asset}"}
DEFAULT = "ANY $default"
NO_TOKEN = {*HEALTH, *DOCS, *CONSOLE, DEFAULT}

# The routes of the design, by function: the canonical ones and the ones of earlier services.
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


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as what follows them."""


def _short_form(loader: Loader, _: str, node: yaml.Node) -> Any:
    match node:
        case yaml.ScalarNode():
            return loader.construct_scalar(node)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
    raise AssertionError(node)


Loader.add_multi_constructor("!", _short_form)


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), Loader)["Resources"]  # noqa: S506 - safe
    return {name: resource for name, resource in loaded.items() if not name.startswith("Fn::ForEach")}


@pytest.fixture(scope="module")
def functions(resources: dict[str, Any]) -> dict[str, Any]:
    return {
        resource["Properties"]["CodeUri"].removeprefix("functions/"): resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def events(function: dict[str, Any]) -> list[dict[str, Any]]:
    return [event["Properties"] for event in function.get("Events", {}).values() if event["Type"] == "HttpApi"]


def test_given_the_folders_of_functions_when_the_template_is_read_then_it_declares_each(
    functions: dict[str, Any],
) -> None:
    assert set(functions) == {path.parent.name for path in FUNCTIONS.glob("*/app.py")}


def test_given_the_design_when_the_template_is_read_then_it_has_its_routes(functions: dict[str, Any]) -> None:
    declared = {
        name: {f"{event['Method'].upper()} {event['Path']}" for event in events(properties)}
        for name, properties in functions.items()
        if events(properties)
    }
    assert declared == ROUTES


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_given_a_function_when_it_is_asked_then_it_answers_just_the_routes_of_the_template(name: str) -> None:
    answered = {
        f"{method.upper()} {re.sub(r'\{\w+\}', '{}', path)}"
        for path, item in load_function(name).app.get_openapi_schema().paths.items()
        for method in item.model_dump(exclude_none=True)
    }
    assert answered == {re.sub(r"\{\w+\}", "{}", route) for route in ROUTES[name] - {DEFAULT}}


def test_given_a_route_when_it_needs_no_token_then_it_tells_nothing_of_orders(functions: dict[str, Any]) -> None:
    open_routes = {
        f"{event['Method'].upper()} {event['Path']}"
        for properties in functions.values()
        for event in events(properties)
        if event.get("Auth", {}).get("Authorizer") == "NONE"
    }
    assert open_routes == NO_TOKEN


def test_given_a_function_when_it_logs_then_the_group_forgets_after_a_while(
    resources: dict[str, Any], functions: dict[str, Any]
) -> None:
    groups = {
        resource["Properties"]["LogGroupName"]: resource["Properties"]["RetentionInDays"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Logs::LogGroup"
    }
    assert set(groups) >= {f"/aws/lambda/{properties['FunctionName']}" for properties in functions.values()}
    assert all(days > 0 for days in groups.values())


SERVICES = ("cart", "inventory", "notification", "payment", "shipping")


def test_given_a_service_when_it_has_tasks_then_they_have_a_queue_that_ends_in_dead_letters(
    resources: dict[str, Any], functions: dict[str, Any]
) -> None:
    sources = {
        event["Properties"]["Queue"]: event["Properties"]
        for event in functions["process_task"]["Events"].values()
        if event["Type"] == "SQS"
    }
    assert set(sources) == {f"{service.title()}Queue.Arn" for service in SERVICES}
    for service in SERVICES:
        queue = resources[f"{service.title()}Queue"]["Properties"]
        dead_letters = resources[f"{service.title()}DeadLetters"]["Properties"]
        assert dead_letters["QueueName"] == queue["QueueName"] + DEAD_LETTERS
        assert queue["RedrivePolicy"]["deadLetterTargetArn"] == f"{service.title()}DeadLetters.Arn"
        assert queue["RedrivePolicy"]["maxReceiveCount"] > MAX_ATTEMPTS
        assert queue["VisibilityTimeout"] >= 6 * functions["process_task"]["Timeout"]
        source = sources[f"{service.title()}Queue.Arn"]
        assert source["BatchSize"] == load_function("process_task").TASKS_AT_ONCE
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["ScalingConfig"]["MaximumConcurrency"]


def test_given_a_function_that_places_an_order_under_a_key_when_it_is_killed_then_its_lease_outlives_it(
    functions: dict[str, Any],
) -> None:
    assert idempotency.LEASE.total_seconds() > functions["create_order"]["Timeout"]


def test_given_a_function_that_works_on_a_task_when_it_is_killed_then_its_lease_outlives_it(
    functions: dict[str, Any],
) -> None:
    assert LEASE.total_seconds() > functions["process_task"]["Timeout"]


def test_given_two_stacks_in_one_account_when_deployed_then_no_name_is_taken_twice(
    resources: dict[str, Any], functions: dict[str, Any]
) -> None:
    schedules = [
        event["Properties"]
        for properties in functions.values()
        for event in properties.get("Events", {}).values()
        if event["Type"] == "ScheduleV2"
    ]
    names = [
        resource["Properties"][name]
        for resource in resources.values()
        for name in ("FunctionName", "LogGroupName", "QueueName")
        if name in resource["Properties"]
    ]
    assert schedules
    assert [name for name in names if "${AWS::StackName}" not in name] == []
    assert [schedule for schedule in schedules if "${AWS::StackName}" not in schedule["Name"]] == []
