"""Permissions: each function may do what it needs, and nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest

from local import template as sam
from local.template import statements
from tests.infrastructure.access import READS, SENDS, SENDS_EVENTS_ONLY, WRITES
from tests.infrastructure.templates import (
    ALL,
    BUS,
    EXPANDED,
    MAIN,
    NEW,
    SERVICES,
    Deployment,
    deployed,
    expanded,
    texts,
)


def test_given_a_stack_when_deployed_then_the_api_is_its_only_public_endpoint() -> None:
    assert len(NEW.of_type("AWS::Serverless::HttpApi")) == 1
    assert not any("FunctionUrlConfig" in each for each in NEW.of_type("AWS::Serverless::Function").values())
    assert not NEW.of_type("AWS::Lambda::Url", "AWS::Lambda::Permission", "AWS::SQS::QueuePolicy")


def test_given_a_queue_when_created_then_it_is_encrypted() -> None:
    assert all(queue["SqsManagedSseEnabled"] for queue in NEW.of_type("AWS::SQS::Queue").values())


NAMELESS = {
    # X-Ray has no resource-level permissions.
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    # Lambda checks these before the network interface exists.
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_given_a_policy_when_read_then_it_has_no_wildcards(path: Path) -> None:
    found = list(statements(expanded(path)["Resources"]))
    assert found
    for statement in found:
        if statement["Effect"] == "Deny":
            continue
        assert not [action for action in texts(statement["Action"]) if "*" in action]
        if "Resource" in statement and not set(texts(statement["Action"])) <= NAMELESS:
            # All objects of CloudFormation's response bucket.
            resources = [text.removesuffix("/*") for text in texts(statement["Resource"])]
            assert not [resource for resource in resources if "*" in resource]


def test_given_the_wildcard_exceptions_when_compared_then_all_are_in_use() -> None:
    allowed = [each for each in statements(EXPANDED.resources) if each["Effect"] == "Allow"]
    everywhere = [each for each in allowed if each.get("Resource") == "*"]
    assert {action for statement in everywhere for action in texts(statement["Action"])} == NAMELESS


def test_given_roles_when_created_then_only_one_aws_managed_policy_is_attached() -> None:
    roles = [role for path in ALL for role in sam.resources(expanded(path), "AWS::IAM::Role").values()]
    attached = {text for role in roles for text in texts(role["Properties"].get("ManagedPolicyArns", []))}
    # For RDS Enhanced Monitoring, which writes to its own log groups.
    assert [text for text in attached if ":aws:policy/" in text] == [
        "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
    ]


LAMBDA = "AWS::Lambda::Function"
FUNCTIONS = EXPANDED.of_type(LAMBDA)


def policies(function: dict[str, Any], made: Deployment = EXPANDED) -> set[str]:
    """The managed policies of a function's role, attached by the role or by the policy."""
    role = function["Role"]["Fn::GetAtt"][0]
    named = {policy["Ref"] for policy in made.resources[role]["Properties"].get("ManagedPolicyArns", [])}
    naming = made.of_type("AWS::IAM::ManagedPolicy").items()
    return named | {name for name, policy in naming if {"Ref": role} in policy.get("Roles", [])}


def test_given_functions_when_created_then_each_has_its_own_role() -> None:
    assert len({function["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS.values()}) == len(FUNCTIONS)


def test_given_a_function_when_in_the_vpc_then_only_then_it_may_attach_to_it() -> None:
    for function in FUNCTIONS.values():
        assert ("AttachToVpc" in policies(function)) == ("VpcConfig" in function)


OF_THE_NETWORK = {action for action in NAMELESS if action.startswith("ec2:")} | {"ec2:DetachNetworkInterface"}


def test_given_a_function_in_the_vpc_when_its_code_uses_the_network_then_denied() -> None:
    """AWS Lambda's guide, "Using IAM permissions with VPC functions": only calls of code have this key."""
    made = Deployment(deployed(MAIN, **NEW.parameters))
    attached = [function for function in made.of_type("AWS::Lambda::Function").values() if "VpcConfig" in function]
    assert len(attached) == len(WRITES | READS | {"migrate_database"})
    for function in attached:
        role = made.resources[function["Role"]["Fn::GetAtt"][0]]["Properties"]
        found = [each for policy in role["ManagedPolicyArns"] for each in statements(made.resources[policy["Ref"]])]
        allowed = {action for each in found if each["Effect"] == "Allow" for action in each["Action"]}
        [denied] = [each for each in found if each["Effect"] == "Deny"]
        assert allowed < OF_THE_NETWORK == set(denied["Action"])
        assert denied["Resource"] == "*"
        assert denied["Condition"] == {"Null": {"lambda:SourceFunctionArn": "false"}}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_given_a_function_when_it_logs_then_to_its_own_log_group_only(name: str) -> None:
    role = EXPANDED.resources[FUNCTIONS[name]["Role"]["Fn::GetAtt"][0]]["Properties"]
    [logs] = [each for each in statements(role["Policies"]) if "logs:PutLogEvents" in each["Action"]]
    group = EXPANDED.resources[logs["Resource"]["Fn::GetAtt"][0]]["Properties"]
    assert group["LogGroupName"]["Fn::Sub"] == f"/aws/lambda/{FUNCTIONS[name]['FunctionName']['Fn::Sub']}"


SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders/jwt-a1B2c3"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"


def reading_the_secret(**parameters: str) -> list[dict[str, Any]]:
    """What the authorizer may do with a secret."""
    made = Deployment(MAIN, JwtSecretArn=SECRET, **SERVICES, **parameters)
    assert not made.violations
    policy = made.resources["ReadJwtSecret"]["Properties"]
    assert policy["Roles"] == [{"Ref": "AuthorizerRole"}]
    return list(statements(policy))


def test_given_a_secret_when_the_authorizer_reads_it_then_it_may_do_only_that() -> None:
    assert reading_the_secret() == [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET},
    ]


def test_given_a_customers_key_when_it_decrypts_then_only_that_secret() -> None:
    _, decrypt = reading_the_secret(JwtSecretKmsKeyArn=KEY)
    assert (decrypt["Action"], decrypt["Resource"]) == ("kms:Decrypt", KEY)
    assert decrypt["Condition"] == {
        "StringEquals": {
            "kms:ViaService": {"Fn::Sub": "secretsmanager.${AWS::Region}.amazonaws.com"},
            "kms:EncryptionContext:SecretARN": SECRET,
        }
    }


@pytest.mark.parametrize(
    ("parameter", "valid", "value"),
    [
        ("JwtSecretArn", True, ""),
        ("JwtSecretArn", True, SECRET),
        ("JwtSecretArn", True, "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:jwt-aaaaaa"),
        ("JwtSecretArn", False, SECRET.removesuffix("-a1B2c3")),
        ("JwtSecretArn", False, f"{SECRET}x"),
        ("JwtSecretArn", False, "orders/jwt"),
        ("JwtSecretArn", False, f"{SECRET}:SecretString:key::"),
        ("JwtSecretKmsKeyArn", True, ""),
        ("JwtSecretKmsKeyArn", True, KEY),
        ("JwtSecretKmsKeyArn", False, "alias/orders"),
        ("JwtSecretKmsKeyArn", False, "arn:aws:kms:eu-central-1:123456789012:alias/orders"),
        ("JwtSecretKmsKeyArn", False, "01234567-89ab-cdef-0123-456789abcdef"),
    ],
)
def test_given_an_arn_of_a_secret_or_key_when_deployed_then_it_has_to_be_whole(
    parameter: str, value: str, *, valid: bool
) -> None:
    # A policy for a partial ARN allows nothing, and so does one for an alias.
    pattern = sam.read(MAIN)["Parameters"][parameter]["AllowedPattern"]
    assert (re.fullmatch(pattern, value, re.ASCII) is not None) is valid


@pytest.mark.parametrize(("suffix", "like"), [("SecretArn", "JwtSecretArn"), ("KmsKeyArn", "JwtSecretKmsKeyArn")])
def test_given_another_arn_of_a_secret_or_key_when_deployed_then_the_same_holds(suffix: str, like: str) -> None:
    declared = sam.read(MAIN)["Parameters"]
    alike = [each for name, each in declared.items() if name.endswith(suffix) and name != "DatabaseKmsKeyArn"]
    assert len(alike) == {"SecretArn": 1 + len(SECRETS), "KmsKeyArn": 2}[suffix]
    for each in alike:
        for what in ("AllowedPattern", "ConstraintDescription", "Default"):
            assert each[what] == declared[like][what]


SECRETS = {
    f"{service}SecretArn": f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{service}-a1B2c3"
    for service in ("Inventory", "Cart", "Payment", "Shipping", "Notification")
}


def secrets_read(**parameters: str) -> dict[str, list[dict[str, Any]]]:
    """By the role of each function: its statements about secrets of services, and their keys."""
    made = Deployment(expanded(MAIN), JwtSecretArn=SECRET, **SERVICES, **parameters)
    assert not made.violations
    return {
        policy["Roles"][0]["Ref"]: list(statements(policy))
        for name, policy in made.of_type("AWS::IAM::ManagedPolicy").items()
        if name != "ReadJwtSecret" and "secretsmanager:GetSecretValue" in str(policy)
    }


@pytest.mark.parametrize(
    "given",
    [SECRETS, {}, *({name: SECRETS[name]} for name in SECRETS)],
    ids=lambda given: f"{len(given)}-{[*given][:1]}",
)
def test_given_a_secret_when_read_then_only_by_functions_that_call_its_service(given: dict[str, str]) -> None:
    expected: dict[str, set[str]] = {}
    for logical_id, function in sam.resources(sam.read(MAIN), sam.FUNCTION).items():
        settings = set(function["Properties"].get("Environment", {}).get("Variables", {}))
        services = {parameter.removesuffix("Url") for parameter in SERVICES}
        called = {service for service in services if f"{service.upper()}_URL" in settings}
        assert called == {service for service in services if f"{service.upper()}_SECRET_ARN" in settings}
        if secrets := {given[f"{service}SecretArn"] for service in called if f"{service}SecretArn" in given}:
            expected[f"{logical_id.removesuffix('Function')}Role"] = secrets
    allowed = {}
    for role, (read, decrypt) in secrets_read(ServiceSecretsKmsKeyArn=KEY if given else "", **given).items():
        assert read["Action"] == "secretsmanager:GetSecretValue"
        assert (decrypt["Action"], decrypt["Resource"]) == ("kms:Decrypt", KEY)
        allowed[role] = set(texts(read["Resource"]))
        assert decrypt["Condition"] == {
            "StringEquals": {
                "kms:ViaService": {"Fn::Sub": "secretsmanager.${AWS::Region}.amazonaws.com"},
                "kms:EncryptionContext:SecretARN": read["Resource"],
            }
        }
    assert allowed == expected


def test_given_the_managed_key_when_secrets_are_read_then_nothing_is_said_of_keys() -> None:
    assert [len(found) for found in secrets_read(**SECRETS).values()] == [1, 1, 1]


def test_given_secrets_when_deployed_then_the_permission_is_there_before_functions() -> None:
    schema = Deployment(MAIN, JwtSecretArn=SECRET, **SERVICES, **SECRETS).resources["DatabaseSchema"]["Properties"]
    assert schema["Secrets"] == [
        {"Ref": name} for name in ("ReadSecretsToPlace", "ReadSecretsOfTasks", "ReadSecretsOfRelay")
    ]


OF_CLAIMS = {"JWT_ISSUER", "JWT_AUDIENCE", "JWT_REQUIRED_CLAIMS", "JWT_MAX_AGE_HOURS"}
"""Settings of tokens that no key depends on."""


def test_given_a_key_of_tokens_when_it_changes_then_the_authorizer_checks_it() -> None:
    settings = {
        value["Ref"]
        for name, value in sam.read(MAIN)["Resources"]["AuthorizerFunction"]["Properties"]["Environment"][
            "Variables"
        ].items()
        if name.startswith("JWT_")
        and name not in {"JWT_ISSUER", "JWT_AUDIENCE", "JWT_REQUIRED_CLAIMS", "JWT_MAX_AGE_HOURS"}
    }
    template = sam.read(MAIN)
    check = template["Resources"]["TokenKeys"]
    assert check["Properties"]["ServiceToken"] == {"Fn::GetAtt": ["AuthorizerFunction", "Arn"]}
    assert settings | {"JwtSecretKmsKeyArn"} == {
        each["Ref"] for each in check["Properties"].values() if isinstance(each, dict) and "Ref" in each
    }
    assert check["Properties"]["Permission"] == {"Fn::If": ["UsesSharedSecret", {"Ref": "ReadJwtSecret"}, "none"]}
    # The function is not asked to delete it, so that a rollback never waits for a function that cannot start.
    assert check["DeletionPolicy"] == "Retain"


QUEUES = {
    **{name: {("sqs:SendMessage", "TaskQueue")} for name in SENDS},
    "process_task": {
        ("sqs:SendMessage", "TaskQueue"),
        ("sqs:ReceiveMessage", "TaskQueue"),
        ("sqs:DeleteMessage", "TaskQueue"),
        ("sqs:ChangeMessageVisibility", "TaskQueue"),
        ("sqs:GetQueueAttributes", "TaskQueue"),
    },
    "relay_outbox": {
        ("sqs:SendMessage", "TaskQueue"),
        ("sqs:SendMessage", "FailedInvocations"),
        ("sqs:ReceiveMessage", "TaskDeadLetters"),
        ("sqs:DeleteMessage", "TaskDeadLetters"),
        ("sqs:ChangeMessageVisibility", "TaskDeadLetters"),
    },
    "migrate_database": {("sqs:SendMessage", "FailedInvocations")},
}
"""What functions may do with queues; the others may do nothing."""


@pytest.mark.parametrize("made", [EXPANDED, BUS], ids=["no bus", "bus"])
@pytest.mark.parametrize("name", sam.functions(sam.read(MAIN)))
def test_given_a_function_when_it_uses_queues_then_only_as_it_needs_them(name: str, made: Deployment) -> None:
    allowed = {
        (action, statement["Resource"]["Fn::GetAtt"][0])
        for policy in policies(FUNCTIONS[sam.functions(sam.read(MAIN))[name]], made)
        for statement in statements(made.resources[policy])
        for action in texts(statement["Action"])
        if action.startswith("sqs:")
    }
    of_events = {("sqs:SendMessage", "TaskQueue")} if made is BUS and name in SENDS_EVENTS_ONLY else set()
    assert allowed == QUEUES.get(name, set()) | of_events


def test_given_a_bus_when_events_are_put_then_by_one_function_as_this_stack_only() -> None:
    put = {
        name: [each for each in statements(policy) if "events:" in str(each["Action"])]
        for name, policy in BUS.of_type("AWS::IAM::ManagedPolicy", "AWS::IAM::Role").items()
    }
    [name] = [name for name, found in put.items() if found]
    assert BUS.resources[name]["Properties"]["Roles"] == [{"Ref": "ProcessTaskRole"}]
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
    assert put[name] == [
        {
            "Effect": "Allow",
            "Action": "events:PutEvents",
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${EventBusName}"
            },
            "Condition": {"StringEquals": {"events:source": {"Ref": "AWS::StackName"}}},
        }
    ]
    # Functions are updated after this resource. They may send the tasks and put the events then.
    first = BUS.resources["DatabaseSchema"]["Properties"]["EventBus"]
    assert {"Ref": name} in first
    assert {"Ref": "SendTasks"} in first


def test_given_a_name_of_no_bus_when_deployed_then_it_fails_before_functions() -> None:
    """PutEvents to a bus that does not exist succeeds. A rule can only be created on one that does."""
    [(name, rule)] = BUS.of_type("AWS::Events::Rule").items()
    assert (rule["EventBusName"], rule["State"]) == ("orders", "DISABLED")
    assert "Targets" not in rule
    assert {"Ref": name} in BUS.resources["DatabaseSchema"]["Properties"]["EventBus"]


def test_given_a_bus_when_orders_change_then_the_functions_know_it() -> None:
    for name, logical_id in sam.functions(sam.read(MAIN)).items():
        settings = BUS.resources[logical_id]["Properties"]["Environment"]["Variables"]
        assert settings.get("EVENT_BUS_NAME") == ("orders" if name in WRITES else None), name
        assert settings.get("EVENT_SOURCE") == ({"Ref": "AWS::StackName"} if name == "process_task" else None), name
        assert "TASK_QUEUE_URL" in settings


def test_given_no_bus_when_deployed_then_there_is_nothing_of_event_bridge() -> None:
    made = deployed(MAIN, **NEW.parameters)
    resolved = Deployment(made, **NEW.parameters).resources
    assert [text for text in texts(resolved) if "events:PutEvents" in text or ":event-bus/" in text] == []
    assert not [resource for resource in resolved.values() if resource["Type"].startswith("AWS::Events::")]
    settings = [each["Properties"]["Environment"]["Variables"] for each in sam.resources(made, LAMBDA).values()]
    assert {each["EVENT_BUS_NAME"] for each in settings if "EVENT_BUS_NAME" in each} == {""}
    assert resolved["DatabaseSchema"]["Properties"]["EventBus"] == "none"


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("", True),
        ("orders", True),
        ("default", True),
        ("shop.orders_2-eu", True),
        ("o" * 256, True),
        ("o" * 257, False),
        ("arn:aws:events:eu-central-1:123456789012:event-bus/orders", False),
        ("aws.partner/shop.example/orders", False),
        ("orders*", False),
    ],
)
def test_given_the_name_of_a_bus_when_deployed_then_it_names_one_bus(name: str, *, valid: bool) -> None:
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
    # An event cannot be put on the bus of a partner, whose name has a slash. A policy would take a wildcard.
    pattern = sam.read(MAIN)["Parameters"]["EventBusName"]["AllowedPattern"]
    assert (re.fullmatch(pattern, name) is not None) is valid


@pytest.mark.parametrize("logical_id", ["RelayOutboxFunction", "MigrateDatabaseFunction"])
def test_given_an_asynchronous_function_when_it_fails_then_the_event_is_kept(logical_id: str) -> None:
    function = EXPANDED.resources[logical_id]
    assert function["Properties"]["DeadLetterConfig"]["TargetArn"] == {"Fn::GetAtt": ["FailedInvocations", "Arn"]}
    assert function["DependsOn"] == "SendFailedInvocations"
    assert "SendFailedInvocations" in policies(function["Properties"])


def test_given_a_schedule_when_it_cannot_invoke_then_the_event_is_kept() -> None:
    for schedule in EXPANDED.of_type("AWS::Scheduler::Schedule").values():
        assert schedule["Target"]["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["FailedInvocations", "Arn"]}


def test_given_a_function_when_it_logs_in_then_with_the_least_privileged_role() -> None:
    roles: dict[str, set[str]] = {}
    for name, logical_id in sam.functions(sam.read(MAIN)).items():
        function = EXPANDED.resources[logical_id]["Properties"]
        user = function["Environment"]["Variables"]["DATABASE_USER"]
        logins = policies(function) & {"LogInAsApp", "LogInAsReader"}
        if name not in {"authorizer", "console", "docs", "migrate_database"}:
            assert logins == {{"orders_app": "LogInAsApp", "orders_reader": "LogInAsReader"}[user]}, name
            roles.setdefault(user, set()).add(name)
        else:
            assert not logins, name
    assert roles == {"orders_app": WRITES, "orders_reader": READS}
    for policy, role in (("LogInAsApp", "orders_app"), ("LogInAsReader", "orders_reader")):
        [statement] = statements(NEW.resources[policy])
        assert re.search(rf"/{role}$", statement["Resource"]["Fn::Sub"][0])
