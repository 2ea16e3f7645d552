"""Permissions of each deployed function, tried with its role's credentials: exactly those of the table.

Logging in to the database, traces, and the logs, which Lambda writes for a function, are held by tests/infrastructure:
the local stack asks no role for them.
"""

import uuid
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from local import cloudformation, deployed, emulator, event_bus, package
from local.deployment import SECRET_NAME
from local.stack import Stack
from orders.aws import task_queue
from tests.support import FUNCTIONS

type Json = dict[str, Any]

QUEUE = "tasks"
DEAD_LETTERS = f"{QUEUE}{task_queue.DEAD_LETTERS}"
FAILED = "failed-invocations"
NO_TASK = f'{{"task_id": "{uuid.UUID(int=0)}"}}'
HIDDEN_SECONDS = 60

SEND = {f"sqs:SendMessage {QUEUE}"}
WORK = {
    f"sqs:{operation} {QUEUE}"
    for operation in ("ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes")
}
PURGE = {
    f"sqs:{operation} {DEAD_LETTERS}" for operation in ("ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage")
}
PUBLISH = {f"events:PutEvents of {cloudformation.STACK}"}
REPORT = {f"sqs:SendMessage {FAILED}"}
MAY: dict[str, set[str]] = {
    "authorizer": {"secretsmanager:GetSecretValue"},
    "cancel_order": SEND,
    "console": set(),
    "create_order": SEND,
    "docs": set(),
    "erase_customer": SEND,
    "get_order": set(),
    "health": set(),
    "list_customer_orders": set(),
    "list_events": set(),
    "list_orders": set(),
    "metrics": set(),
    "migrate_database": REPORT,
    "process_task": SEND | WORK | PUBLISH,
    "relay_outbox": SEND | PURGE | REPORT,
    "update_order": SEND,
    "update_order_status": SEND,
}


@pytest.fixture(scope="module")
def urls(stack: Stack) -> Iterator[dict[str, str]]:
    """URLs of the queues, while their workers are disabled."""
    sqs, functions = (emulator.client(service, stack.layout.emulator_url) for service in ("sqs", "lambda"))
    mappings = [mapping["UUID"] for mapping in functions.list_event_source_mappings()["EventSourceMappings"]]
    for mapping in mappings:
        functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    yield {
        name: sqs.get_queue_url(QueueName=f"{cloudformation.STACK}-{name}")["QueueUrl"]
        for name in (QUEUE, DEAD_LETTERS, FAILED)
    }
    for mapping in mappings:
        functions.update_event_source_mapping(UUID=mapping, Enabled=True)


@pytest.fixture
def receipts(stack: Stack, urls: dict[str, str]) -> Iterator[dict[str, str]]:
    """What was received from each queue, so that it can be hidden and deleted."""
    sqs = emulator.client("sqs", stack.layout.emulator_url)
    for url in urls.values():
        sqs.purge_queue(QueueUrl=url)
        sqs.send_message(QueueUrl=url, MessageBody=NO_TASK)
    yield {name: sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"] for name, url in urls.items()}
    for url in urls.values():
        sqs.purge_queue(QueueUrl=url)


def attempts(functions: dict[str, str], roles: dict[str, str], urls: dict[str, str], receipts: dict[str, str]) -> Json:
    """All attempted calls: arguments by operation and target."""
    event = {"EventBusName": event_bus.BUS, "Source": cloudformation.STACK, "DetailType": "none", "Detail": "{}"}
    calls: Json = {
        "cloudformation:DeleteStack": {"StackName": cloudformation.STACK},
        "cloudformation:DescribeStacks": {"StackName": cloudformation.STACK},
        "dynamodb:ListTables": {},
        f"events:PutEvents of {cloudformation.STACK}": {"Entries": [event]},
        "events:PutEvents of others": {"Entries": [{**event, "Source": "shop"}]},
        "events:PutEvents of some": {"Entries": [event, {**event, "Source": "shop"}]},
        "events:PutEvents elsewhere": {"Entries": [{**event, "EventBusName": "default"}]},
        "events:PutRule": {"Name": "mine", "EventBusName": event_bus.BUS, "EventPattern": '{"source": ["orders"]}'},
        "iam:CreateUser": {"UserName": "mallory"},
        "logs:CreateLogGroup": {"logGroupName": "/aws/lambda/mallory"},
        "s3:ListObjectsV2": {"Bucket": package.BUCKET},
        "s3:PutObject": {"Bucket": package.BUCKET, "Key": "layer.zip", "Body": b""},
        "secretsmanager:GetSecretValue": {"SecretId": SECRET_NAME},
        "secretsmanager:PutSecretValue": {"SecretId": SECRET_NAME, "SecretString": "known"},
        "sqs:CreateQueue": {"QueueName": "mallory"},
        "sqs:ListQueues": {},
        "ssm:GetParameter": {"Name": "orders"},
    }
    for name, url in urls.items():
        message = {"QueueUrl": url, "ReceiptHandle": receipts[name]}
        calls |= {
            f"sqs:SendMessage {name}": {"QueueUrl": url, "MessageBody": NO_TASK},
            f"sqs:ReceiveMessage {name}": {"QueueUrl": url},
            f"sqs:ChangeMessageVisibility {name}": {**message, "VisibilityTimeout": HIDDEN_SECONDS},
            f"sqs:DeleteMessage {name}": message,
            f"sqs:GetQueueAttributes {name}": {"QueueUrl": url},
            f"sqs:SetQueueAttributes {name}": {"QueueUrl": url, "Attributes": {"VisibilityTimeout": "0"}},
            f"sqs:PurgeQueue {name}": {"QueueUrl": url},
        }
    for name, deployed_name in functions.items():
        function = {"FunctionName": deployed_name}
        calls |= {
            f"lambda:Invoke {name}": {**function, "Payload": b"{}"},
            f"lambda:GetFunctionConfiguration {name}": function,
            f"lambda:UpdateFunctionConfiguration {name}": {**function, "Description": "mine"},
            f"lambda:UpdateFunctionCode {name}": {**function, "ZipFile": b"", "DryRun": True},
            f"logs:FilterLogEvents {name}": {"logGroupName": f"/aws/lambda/{deployed_name}"},
            f"sts:AssumeRole {name}": {"RoleArn": roles[name], "RoleSessionName": "mallory"},
        }
    return calls


def test_given_the_folders_of_functions_when_compared_then_the_table_has_each() -> None:
    assert set(MAY) == {path.parent.name for path in FUNCTIONS.glob("*/app.py")}


@pytest.mark.parametrize("function", MAY)
def test_given_a_function_when_it_tries_each_action_then_only_its_own_are_allowed(
    stack: Stack, urls: dict[str, str], receipts: dict[str, str], function: str
) -> None:
    endpoint = stack.layout.emulator_url
    functions = deployed.function_names(stack.layout)
    configured = emulator.client("lambda", endpoint)
    roles = {each: configured.get_function_configuration(FunctionName=name)["Role"] for each, name in functions.items()}
    given = emulator.client("sts", endpoint).assume_role(RoleArn=roles[function], RoleSessionName=functions[function])

    @cache
    def client(service: str) -> Any:
        return emulator.client(
            service,
            endpoint,
            aws_access_key_id=given["Credentials"]["AccessKeyId"],
            aws_secret_access_key=given["Credentials"]["SecretAccessKey"],
            aws_session_token=given["Credentials"]["SessionToken"],
        )

    def may(attempt: str, arguments: Json) -> bool:
        service, operation = attempt.split(maxsplit=1)[0].split(":")
        try:
            getattr(client(service), xform_name(operation))(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"AccessDenied", "AccessDeniedException"}:
                raise
            return False
        return True

    assert {
        attempt for attempt, arguments in attempts(functions, roles, urls, receipts).items() if may(attempt, arguments)
    } == MAY[function]
