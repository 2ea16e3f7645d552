"""The template, checked against the functions and our own rules."""

import re
from typing import Any

import pytest

from local import template as sam
from orders.aws.task_queue import DEAD_LETTERS
from orders.domain.event_parameters import MAX_WAIT_SECONDS
from orders.postgres.task_claims import LEASE, MAX_ATTEMPTS
from tests.infrastructure.templates import EXPANDED, texts
from tests.support import FUNCTIONS, ROOT, load_function

HEALTH = {"GET /v1/health", "GET /health", "GET /health/{proxy+}"}
DOCS = {
    "GET /docs",
    "GET /docs/{asset}",
    "GET /orders-doc",
    "GET /orders-doc/{proxy+}",
    "GET /openapi.json",
    "GET /postman.json",
}
CONSOLE = {"GET /console", "GET /console/{version}/{asset}"}
DEFAULT = "ANY $default"
GREEDY = "{proxy+}"
"""What catches a slash at the end: a route of API Gateway cannot end in one."""
SEEDS_PATHS = (
    "POST /v1/orders/create/",
    "GET /v1/orders/",
    "GET /v1/orders/{order_id}/details/",
    "POST /v1/orders/{order_id}/cancel/",
    "GET /v1/orders/my-orders/{customer_id}/",
    "GET /health/",
    "GET /orders-doc/",
)
"""The paths with a slash that earlier services documented."""
MAX_ROUTES = 300
NO_TOKEN = {*HEALTH, *DOCS, *CONSOLE, DEFAULT}
LONG_POLL = "GET /v1/events"
GATEWAY_SECONDS = 30
"""After this, API Gateway answers 503: developerguide/http-api-quotas.html."""
ACCOUNT_CONCURRENCY = 1000
"""How many invocations an account may run at once, by default."""

# The designed routes by function: canonical ones, and those of earlier services.
ROUTES = {
    "create_order": {
        "POST /v1/orders",
        "POST /v1/orders/create",
        "POST /v1/orders/create/{proxy+}",
        "POST /orders",
        "POST /v1/customers/{customer_id}/orders",
        "POST /orders/{id}",
    },
    "get_order": {
        "GET /v1/orders/{order_id}",
        "GET /v1/orders/{order_id}/details",
        "GET /v1/orders/{order_id}/details/{proxy+}",
        "GET /orders/{id}",
    },
    "list_events": {"GET /v1/events"},
    "list_orders": {"GET /v1/orders", "GET /v1/orders/{proxy+}", "GET /orders"},
    "list_customer_orders": {
        "GET /v1/customers/{customer_id}/orders",
        "GET /v1/orders/my-orders/{customer_id}",
        "GET /v1/orders/my-orders/{customer_id}/{proxy+}",
    },
    "cancel_order": {"POST /v1/orders/{order_id}/cancel", "POST /v1/orders/{order_id}/cancel/{proxy+}"},
    "update_order": {"PATCH /v1/orders/{order_id}"},
    "update_order_status": {"PUT /v1/orders/{order_id}/status", "PUT /orders/{id}"},
    "erase_customer": {
        "DELETE /v1/customers/{customer_id}/personal-data",
        "GET /v1/customers/{customer_id}/personal-data",
    },
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


def test_given_the_routes_when_another_origin_calls_then_cors_allows_their_methods(
    resources: dict[str, Any], functions: dict[str, Any]
) -> None:
    allowed = resources["Api"]["Properties"]["CorsConfiguration"]["AllowMethods"]
    methods = {event["Method"].upper() for properties in functions.values() for event in events(properties)}
    # ANY is the default route, which answers what no other route takes.
    assert set(allowed) == (methods - {"ANY"}) | {"OPTIONS"}


def test_given_routes_without_a_token_when_called_often_then_they_have_a_throttle(resources: dict[str, Any]) -> None:
    throttled = resources["Api"]["Properties"]["RouteSettings"]
    # The gateway refuses settings of a route that does not exist. $default gets the preflights of browsers.
    assert set(throttled) == (NO_TOKEN - {DEFAULT}) | {LONG_POLL}
    for route in NO_TOKEN - {DEFAULT}:
        rate, burst = (2, 30) if route in DOCS else (10, 100)
        assert throttled[route] == {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}
    [stage] = EXPANDED.of_type("AWS::ApiGatewayV2::Stage").values()
    assert stage["RouteSettings"] == throttled


def test_given_long_polls_when_many_wait_then_concurrency_is_left_for_others(
    resources: dict[str, Any], functions: dict[str, Any]
) -> None:
    assert 0.8 * functions["list_events"]["Timeout"] > MAX_WAIT_SECONDS
    assert functions["list_events"]["Timeout"] < GATEWAY_SECONDS
    limits = resources["Api"]["Properties"]["RouteSettings"][LONG_POLL]
    waiting = limits["ThrottlingRateLimit"] * MAX_WAIT_SECONDS + limits["ThrottlingBurstLimit"]
    assert waiting <= 0.6 * ACCOUNT_CONCURRENCY


def test_given_cors_settings_when_sam_expands_them_then_all_are_kept(resources: dict[str, Any]) -> None:
    """SAM replaces all of them by the result of a function such as Fn::Split in one of them."""
    declared = resources["Api"]["Properties"]["CorsConfiguration"]
    expanded = EXPANDED.resources["Api"]["Properties"]["Body"]["x-amazon-apigateway-cors"]
    assert set(expanded) == {f"{name[0].lower()}{name[1:]}" for name in declared}
    assert expanded["allowOrigins"] == "*"


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_given_a_function_when_called_then_it_has_just_the_template_s_routes(name: str) -> None:
    answered = {
        f"{method.upper()} {re.sub(r'\{\w+\}', '{}', path)}"
        for path, item in load_function(name).app.get_openapi_schema().paths.items()
        for method in item.model_dump(exclude_none=True)
    }
    # A greedy route stands for a slash at the end.
    declared = {route.removesuffix(GREEDY) for route in ROUTES[name] - {DEFAULT}}
    assert answered == {re.sub(r"\{\w+\}", "{}", route) for route in declared}


@pytest.mark.parametrize("path", SEEDS_PATHS)
def test_given_a_path_with_a_slash_when_deployed_then_its_sibling_is_alike(path: str) -> None:
    """The routes as SAM makes them: the same function, authorizer, and permission to be invoked."""
    method, bare = path.removesuffix("/").split(" ")
    api = EXPANDED.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["paths"]
    route, sibling = (api[each][method.lower()] for each in (bare, f"{bare}/{GREEDY}"))
    assert sibling["x-amazon-apigateway-integration"] == route["x-amazon-apigateway-integration"]
    assert sibling["security"] == route["security"]
    assert [each["name"] for each in sibling["parameters"]][-1] == "proxy+"
    # A resource policy that names the path, with an asterisk for each variable.
    allowed = texts(EXPANDED.of_type("AWS::Lambda::Permission"))
    assert any(each.endswith(f"/{method}{re.sub(r'\{\w+\}', '*', bare)}/*") for each in allowed)


def test_given_all_routes_when_counted_then_the_api_has_room_for_more(functions: dict[str, Any]) -> None:
    # A quota of API Gateway: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
    assert sum(len(events(properties)) for properties in functions.values()) <= MAX_ROUTES / 2


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
