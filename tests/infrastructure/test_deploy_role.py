"""The roles for deploys: who may assume them, and that they may do what the templates need, and little else."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from local import emulator
from local import template as sam
from local.template import statements
from tests.infrastructure.templates import DATABASE, DEPLOY_ROLE, MAIN, NETWORK, Deployment, expanded, texts
from tests.monitored import resources

GIVEN = {"Repository": "shop/orders", "Stage": "staging", "StackName": "orders-staging"}
ROLES = Deployment(DEPLOY_ROLE, **GIVEN)
NEEDLESS = {
    # Properties and resources that the templates do not use.
    "instances, virtual private gateways and transfers of addresses": {
        "autoscaling:*",
        "ec2:AttachVpnGateway",
        "ec2:DetachVpnGateway",
        "ec2:AcceptAddressTransfer",
    },
    "IPv6 subnets": {"ec2:AssociateSubnetCidrBlock", "ec2:DisassociateSubnetCidrBlock"},
    "private and secondary addresses of NAT gateways": {"ec2:*NatGatewayAddress"},
    "addresses of instances": {"ec2:AssociateAddress"},
    "other kinds of networks": {"ec2:CreateVpcEncryptionControl", "ec2:ModifyVpcTenancy", "vpc-lattice:*", "vpce:*"},
    "log groups as S3 objects or streams": {"firehose:*", "s3:getObject", "s3:REST.PUT.OBJECT", "s3:*BucketPolicy"},
    "file systems of functions": {"elasticfilesystem:*", "s3files:*"},
    "code signing, capacity, recursion and runtimes of functions": {
        "lambda:GetCodeSigningConfig",
        "lambda:DeleteFunctionCodeSigningConfig",
        "lambda:PutFunctionCodeSigningConfig",
        "lambda:AssociateRuntimeAlias",
        "lambda:PassCapacityProvider",
        "lambda:PutFunctionRecursionConfig",
        "lambda:PutFunctionScalingConfig",
        "lambda:PutRuntimeManagementConfig",
    },
    "provisioned concurrency": {"lambda:DeleteProvisionedConcurrencyConfig", "lambda:PutProvisionedConcurrencyConfig"},
    "keys of functions, queues and log groups": {
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "logs:*KmsKey",
    },
    "data protection, indexes and policies of log groups": {
        "logs:DeleteDataProtectionPolicy",
        "logs:PutDataProtectionPolicy",
        "logs:*IndexPolicy",
        "logs:DeleteResourcePolicy",
        "logs:PutBearerTokenAuthentication",
        "logs:PutLogGroupDeletionProtection",
        "sns:PutDataProtectionPolicy",
    },
    "users, groups and boundaries": {
        "iam:*GroupPolicy",
        "iam:*UserPolicy",
        "iam:*RolePermissionsBoundary",
        "iam:ListRoles",
    },
    "deployments to servers": {"codedeploy:RegisterOnPremisesInstance"},
    "replicas, clusters and passwords of databases": {
        "rds:*Replica*",
        "rds:*RoleToDBInstance",
        "rds:*RoleFromDBInstance",
        "rds:RestoreDBInstanceToPointInTime",
        "secretsmanager:*",
    },
    "actions that IAM does not have: API Gateway checks its verbs on /tags": {"apigateway:*agResource"},
}
"""Permissions that CloudFormation's handlers name for the types that the templates use, but not for our resources."""
BESIDE_HANDLERS = {
    # CloudFormation itself: macros in nested stacks, and custom resources.
    "cloudformation:CreateChangeSet",
    "lambda:InvokeFunction",
    # API Gateway asks its caller for these when it is given an access log:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:UpdateLogDelivery",
}
NAMELESS = {
    # CloudWatch and CloudWatch Logs: these have no resources, or need all of them.
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutCompositeAlarm",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DeleteQueryDefinition",
    "logs:DescribeIndexPolicies",
    "logs:DescribeLogGroups",
    "logs:DescribeQueryDefinitions",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutQueryDefinition",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    # Actions of other services without resources.
    "codedeploy:StopDeployment",
    "kms:CreateKey",
    "rds:CreateDBProxy",
    "rds:DescribeDBEngineVersions",
    "rds:DescribeEngineDefaultParameters",
    "rds:DescribeEvents",
}
"""Actions on all resources, without a condition."""


def needed() -> Iterator[tuple[str, str]]:
    """Each type of resource in the templates, and each permission that CloudFormation's handlers for it name."""
    everything = [
        *expanded(MAIN, Canary="true")["Resources"].values(),
        *(each for path in (NETWORK, DATABASE) for each in sam.read(path)["Resources"].values()),
        *resources().values(),
    ]
    for kind in sorted({each["Type"] for each in everything}):
        if not kind.startswith("Custom::"):
            schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(emulator.REGION, kind).schema
            handlers = [schema["handlers"].get(name, {}) for name in ("create", "read", "update", "delete")]
            for part in [*handlers, schema.get("tagging", {})]:
                yield from ((kind, permission) for permission in part.get("permissions", []))


def is_needless(permission: str) -> bool:
    return any(fnmatchcase(permission, pattern) for patterns in NEEDLESS.values() for pattern in patterns)


def allowed(*policies: Any) -> list[dict[str, Any]]:
    return [statement for statement in statements(list(policies)) if statement["Effect"] == "Allow"]


def actions(found: list[dict[str, Any]]) -> set[str]:
    return {action for statement in found for action in texts(statement["Action"])}


EXECUTION = allowed(*ROLES.of_type("AWS::IAM::ManagedPolicy").values())


def test_given_the_workflow_when_it_assumes_the_role_then_only_in_its_environment() -> None:
    [trust] = statements(ROLES.resources["DeployRole"]["Properties"]["AssumeRolePolicyDocument"])
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Principal"] == {"Federated": {"Ref": "Provider"}}
    sub = {"Fn::Sub": "repo:${Repository}:environment:${Stage}"}
    assert trust["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": sub,
        }
    }


@pytest.mark.parametrize(
    ("parameter", "valid", "value"),
    [
        ("Repository", True, "shop/orders"),
        ("Repository", False, "shop/*"),
        ("Repository", False, "shop/orders:ref:refs/heads/main"),
        ("Repository", False, "orders"),
        ("Stage", True, "prod"),
        ("Stage", False, "*"),
        ("StackName", True, "orders-prod"),
        ("StackName", False, "*"),
        ("StackName", False, "Orders"),
    ],
)
def test_given_a_wildcard_when_the_role_is_created_then_it_is_refused(
    parameter: str, value: str, *, valid: bool
) -> None:
    pattern = sam.read(DEPLOY_ROLE)["Parameters"][parameter]["AllowedPattern"]
    assert (re.fullmatch(pattern, value) is not None) is valid


def test_given_the_deploy_role_when_it_deploys_then_it_starts_one_stack() -> None:
    may = allowed(ROLES.resources["DeployRole"]["Properties"]["Policies"])
    services = {action.split(":")[0] for action in actions(may)}
    assert services == {"cloudformation", "s3", "iam"}
    [passing] = [statement for statement in may if statement["Action"] == "iam:PassRole"]
    assert passing["Resource"] == {"Fn::GetAtt": ["ExecutionRole", "Arn"]}
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}
    [trust] = statements(ROLES.resources["ExecutionRole"]["Properties"]["AssumeRolePolicyDocument"])
    assert trust["Principal"] == {"Service": "cloudformation.amazonaws.com"}


def test_given_the_templates_when_deployed_then_each_of_their_types_is_permitted() -> None:
    may = actions(EXECUTION)
    lacking = {f"{kind}: {permission}" for kind, permission in needed() if permission not in may}
    assert {each for each in lacking if not is_needless(each.split(": ")[1])} == set()


def test_given_a_permission_when_granted_then_the_templates_need_it() -> None:
    assert actions(EXECUTION) - {permission for _, permission in needed()} == BESIDE_HANDLERS
    assert {action for action in actions(EXECUTION) if is_needless(action)} == set()


def test_given_an_exception_when_kept_then_a_type_of_the_templates_names_it() -> None:
    named = {permission for _, permission in needed()}
    unused = [pattern for patterns in NEEDLESS.values() for pattern in patterns]
    assert [pattern for pattern in unused if not any(fnmatchcase(each, pattern) for each in named)] == []


def test_given_a_policy_when_read_then_it_is_limited_to_the_stack_where_ids_allow() -> None:
    assert not [action for action in actions(EXECUTION) if "*" in action]
    unlimited = [each for each in EXECUTION if each["Resource"] == "*" and "Condition" not in each]
    assert actions(unlimited) == NAMELESS
    for statement in EXECUTION:
        if actions([statement]) & {"iam:CreateRole", "iam:PutRolePolicy", "lambda:CreateFunction", "sqs:CreateQueue"}:
            assert all("${StackName}-" in text for text in texts(statement["Resource"]))


def test_given_its_own_permissions_when_changed_then_not_by_a_deploy() -> None:
    [denied] = [each for each in statements(ROLES.resources) if each["Effect"] == "Deny"]
    changes = {
        action for action in actions(EXECUTION) if re.match(r"iam:(Attach|Put|Delete|Detach|UpdateAssume)", action)
    }
    assert changes | {"iam:CreatePolicyVersion"} == set(texts(denied["Action"]))
    assert {re.sub(r".*:(?=role/|policy/)", "", text) for text in texts(denied["Resource"])} == {
        "role/${AWS::StackName}-*",
        "policy/${AWS::StackName}-*",
    }


def test_given_a_policy_when_created_then_it_is_short_enough() -> None:
    # Without white space, a managed policy has at most 6,144 characters, and each name is longer than its variable.
    for policy in ROLES.of_type("AWS::IAM::ManagedPolicy").values():
        document = re.sub(r"\s", "", str(policy["PolicyDocument"]).replace("'Fn::Sub':", ""))
        filled = document.replace("${AWS::AccountId}", "123456789012").replace("${AWS::Partition}", "aws-us-gov")
        filled = filled.replace("${AWS::Region}", "ap-southeast-99").replace("StackName", "o" * 24)
        assert len(filled) <= 6_144
