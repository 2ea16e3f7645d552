"""Every policy of a role, compared with what IAM knows: an action on a resource of another type allows nothing."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Any

import pytest

from local.template import statements
from tests.infrastructure.templates import (
    CONSUMER,
    DATABASE,
    DEPLOY_ROLE,
    EXPANDED,
    MAIN,
    NETWORK,
    SERVICES,
    Deployment,
    expanded,
    texts,
)

IAM: dict[str, dict[str, Any]] = json.loads(
    (files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json").read_text()
)
"""The actions of each service with their types of resources, and the ARNs of those, as AWS's policy editor has them."""
ARNS = {
    "JwtSecretArn": "secretsmanager:secret:jwt-a1B2c3",
    "JwtSecretKmsKeyArn": "kms:key/0123",
    "InventorySecretArn": "secretsmanager:secret:inventory-a1B2c3",
    "CartSecretArn": "secretsmanager:secret:cart-a1B2c3",
    "PaymentSecretArn": "secretsmanager:secret:payment-a1B2c3",
    "ShippingSecretArn": "secretsmanager:secret:shipping-a1B2c3",
    "NotificationSecretArn": "secretsmanager:secret:notification-a1B2c3",
    "ServiceSecretsKmsKeyArn": "kms:key/4567",
}
DEPLOYMENTS = {
    "main": Deployment(
        expanded(MAIN, Canary="true"),
        EventBusName="orders",
        **SERVICES,
        **{name: f"arn:aws:{arn.replace(':', ':eu-central-1:123456789012:', 1)}" for name, arn in ARNS.items()},
    ),
    "network": Deployment(NETWORK, FlowLogs="true", EventBusName="orders"),
    "database": Deployment(DATABASE, MonitoringSeconds="60"),
    "deploy role": Deployment(DEPLOY_ROLE),
    "consumer": Deployment(
        expanded(CONSUMER),
        EventBusName="shop",
        OrdersStack="orders-prod",
        OrdersUrl="https://orders.example",
        TokenSecretArn="arn:aws:secretsmanager:eu-central-1:123456789012:secret:token-a1B2c3",
        AlarmTopicArn="arn:aws:sns:eu-central-1:123456789012:alarms",
    ),
}
OF_TYPE = {
    "AWS::DynamoDB::Table": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/made",
    "AWS::IAM::Role": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/made",
    "AWS::Lambda::Alias": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:made:live",
    "AWS::Logs::LogGroup": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:made:*",
    "AWS::SQS::Queue": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:made",
}
"""The ARN that a reference to a resource stands for."""
WITHOUT_SCOPE = {
    # They accept a scope, but not for composite alarms: the pages of these actions in CloudWatch's API Reference.
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutCompositeAlarm",
    # Lambda checks these before the network interface exists.
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
}
"""Actions that are allowed on all resources, although IAM knows their resources."""
MACRO = "arn:${AWS::Partition}:cloudformation:${AWS::Region}:aws:transform/*"
"""A resource of `cloudformation:CreateChangeSet` that IAM does not list: the user guide, "Using transforms"."""


def arns(made: Deployment, resource: Any) -> Iterator[str]:
    """The ARNs in an element `Resource`, with `*` for what only AWS knows."""
    match resource:
        case list():
            for each in resource:
                yield from arns(made, each)
        case {"Fn::GetAtt": [name, "Arn"]} | {"Ref": name}:
            yield OF_TYPE[made.resources[name]["Type"]]
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), _]} | str(text):
            yield text


def of_action(action: str) -> list[str]:
    """The ARNs that an action accepts, with `*` for their variable parts; none for an action without resources."""
    service, name = action.lower().split(":")
    known = IAM[service]["Actions"][name].get("Resources", [])
    formats = [
        arn
        for kind in ([known] if isinstance(known, str) else known)
        for arn in IAM[service]["Resources"][kind.lower()]["ARNFormats"]
    ]
    return [re.sub(r"\$\{\w+\}|\.\*", "*", arn) for arn in formats]


def overlap(ours: str, accepted: str) -> bool:
    """Whether a pattern of ours and one of IAM stand for some ARN in common."""
    ours = re.sub(r"\$\{[\w:]+\}", "x", ours)
    return fnmatchcase(ours.replace("*", "x"), accepted) or fnmatchcase(accepted.replace("*", "x"), ours)


def policies(made: Deployment) -> Iterator[dict[str, Any]]:
    for resource in made.of_type("AWS::IAM::ManagedPolicy", "AWS::IAM::Role").values():
        yield from statements([resource.get("PolicyDocument"), resource.get("Policies")])


def faults(made: Deployment, statement: dict[str, Any]) -> Iterator[str]:
    resources = list(arns(made, statement["Resource"]))
    for action in texts(statement["Action"]):
        accepted = of_action(action)
        if not accepted and resources != ["*"]:
            yield f"{action} has no resources, so it needs *"
        elif accepted and resources == ["*"] and "Condition" not in statement and action not in WITHOUT_SCOPE:
            yield f"{action} could be limited to {accepted}"
        elif resources not in (["*"], [MACRO]) and not any(
            overlap(ours, each) for ours in resources for each in accepted
        ):
            yield f"{action} accepts {accepted}, not {resources}"


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_given_a_policy_when_checked_then_each_action_fits_its_resources(name: str) -> None:
    made = DEPLOYMENTS[name]
    found = list(policies(made))
    assert found
    assert [fault for statement in found for fault in faults(made, statement)] == []


@pytest.mark.parametrize(
    ("action", "resource", "fault"),
    [
        ("sqs:SendMessage", {"Fn::GetAtt": ["TaskQueue", "Arn"]}, None),
        ("sqs:SendMessage", {"Fn::GetAtt": ["GetOrderRole", "Arn"]}, "sqs:SendMessage accepts"),
        ("logs:PutQueryDefinition", "arn:aws:logs:eu-central-1:123456789012:log-group:x", "has no resources"),
        ("sqs:SendMessage", "*", "could be limited"),
    ],
)
def test_given_a_wrong_resource_when_checked_then_it_is_found(action: str, resource: Any, fault: str | None) -> None:
    said = list(faults(EXPANDED, {"Effect": "Allow", "Action": action, "Resource": resource}))
    assert bool(said) is bool(fault)
    assert fault is None or fault in said[0]
