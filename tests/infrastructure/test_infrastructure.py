"""What a deployment makes, held against our own rules: who reaches whom, who may do what, and what outlives it."""

import json
import re
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from local import template as sam
from local.template import statements
from orders.aws.task_queue import SERVICES as SERVICES_OF_TASKS
from tests.infrastructure.templates import ALL, DATABASE, MAIN, NETWORK, Deployment, deployed, expanded, texts
from tests.promises import PROMISES
from tests.support import ROOT

ANYWHERE = "0.0.0.0/0"
QUEUES = {"QueueArns": "arn:aws:sqs:eu-central-1:123456789012:orders-cart"}
NETWORKS = [
    Deployment(NETWORK, NatGateways=nat, AvailabilityZones=zones, FlowLogs="true", **QUEUES)
    for nat, zones in product(("0", "1", "per-az"), ("2", "3"))
]
NESTED = {"Network": NETWORK, "Database": DATABASE}
SERVICES = {
    f"{service}Url": "https://services.example"
    for service in ("Inventory", "Cart", "Payment", "Shipping", "Notification")
}
NEW = Deployment(MAIN, **SERVICES)
EXPANDED = Deployment(expanded(MAIN), **SERVICES)
PUBLIC_KEYS = {"JwtJwksUrl": "https://users.example/jwks", "JwtAlgorithms": "RS256"}
EXISTING = {"CreateDatabase": "false", "DatabaseHost": "db.example", **PUBLIC_KEYS}


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.parameters["NatGateways"])
class TestNetwork:
    def test_given_a_network_when_made_then_it_leads_to_the_internet_only_where_that_was_asked_for(
        self, network: Deployment
    ) -> None:
        zones = int(network.parameters["AvailabilityZones"])
        gateways = {"0": 0, "1": 1, "per-az": zones}[network.parameters["NatGateways"]]
        assert len(network.of_type("AWS::EC2::NatGateway")) == gateways
        assert len(network.of_type("AWS::EC2::InternetGateway")) == min(gateways, 1)
        routes = {name: route["RouteTableId"]["Ref"] for name, route in network.of_type("AWS::EC2::Route").items()}
        expected = {"PublicRoutes", *(f"FunctionRoutes{zone + 1}" for zone in range(zones))} if gateways else set()
        assert set(routes.values()) == expected
        assert len(routes) == len(expected)

    def test_given_a_network_when_made_then_each_subnet_has_routes_and_addresses_of_its_own(
        self, network: Deployment
    ) -> None:
        subnets = network.of_type("AWS::EC2::Subnet")
        associations = network.of_type("AWS::EC2::SubnetRouteTableAssociation").values()
        routes = {each["SubnetId"]["Ref"]: each["RouteTableId"]["Ref"] for each in associations}
        assert set(routes) == set(subnets)
        for name, routed_by in routes.items():
            kind = re.match(r"[A-Z][a-z]+", name)
            assert kind is not None
            assert routed_by.startswith(f"{kind[0]}Routes")
        blocks = [str(subnet["CidrBlock"]) for subnet in subnets.values()]
        assert len(set(blocks)) == len(blocks)
        assert not any("MapPublicIpOnLaunch" in subnet for subnet in subnets.values())

    def test_given_a_security_group_when_made_then_it_says_who_comes_in_and_where_it_goes(
        self, network: Deployment
    ) -> None:
        groups = network.of_type("AWS::EC2::SecurityGroup")
        assert all(group["SecurityGroupEgress"] for group in groups.values())
        assert not any("SecurityGroupIngress" in group for group in groups.values())
        ingress = network.of_type("AWS::EC2::SecurityGroupIngress").values()
        assert {
            (rule["SourceSecurityGroupId"]["Ref"], rule["GroupId"]["Ref"], rule["FromPort"], rule["ToPort"])
            for rule in ingress
        } == {
            ("FunctionSecurityGroup", "ProxySecurityGroup", 5432, 5432),
            ("FunctionSecurityGroup", "EndpointSecurityGroup", 443, 443),
            ("MigrationSecurityGroup", "DatabaseSecurityGroup", 5432, 5432),
            ("ProxySecurityGroup", "DatabaseSecurityGroup", 5432, 5432),
        }
        # Each way in has its way out, and there are no others.
        egress = {
            (name, rule["DestinationSecurityGroupId"]["Ref"], rule["FromPort"], rule["ToPort"])
            for name, group in groups.items()
            for rule in group["SecurityGroupEgress"]
            if "DestinationSecurityGroupId" in rule
        }
        assert egress == {
            (rule["SourceSecurityGroupId"]["Ref"], rule["GroupId"]["Ref"], rule["FromPort"], rule["ToPort"])
            for rule in ingress
        }

    def test_given_a_network_when_made_then_only_functions_with_nat_and_migrations_on_their_way_to_s3_go_anywhere(
        self, network: Deployment
    ) -> None:
        from_groups = {
            name
            for name, group in network.of_type("AWS::EC2::SecurityGroup").items()
            if ANYWHERE in texts(group["SecurityGroupEgress"])
        }
        assert from_groups == {"MigrationSecurityGroup"}
        rules = network.of_type("AWS::EC2::SecurityGroupEgress")
        assert set(rules) == (set() if network.parameters["NatGateways"] == "0" else {"ServicesFromFunctions"})
        assert all((rule["FromPort"], rule["ToPort"]) == (443, 443) for rule in rules.values())


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_given_whatever_has_an_address_when_made_then_it_names_its_security_groups(path: Path) -> None:
    # Else it would be in the default group of the network.
    groups_of = {
        "AWS::RDS::DBInstance": "VPCSecurityGroups",
        "AWS::RDS::DBProxy": "VpcSecurityGroupIds",
        "AWS::EC2::VPCEndpoint": "SecurityGroupIds",
    }
    for resource in sam.read(path)["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] in groups_of and properties.get("VpcEndpointType") != "Gateway":
            assert properties[groups_of[resource["Type"]]]


def test_given_the_queues_when_functions_use_them_then_the_network_lets_just_that_through() -> None:
    [endpoint] = [
        each for name, each in NETWORKS[0].of_type("AWS::EC2::VPCEndpoint").items() if name == "QueuesEndpoint"
    ]
    [passed] = statements(endpoint)
    used = {action for statement in statements(NEW.resources) for action in texts(statement["Action"])}
    # Lambda itself looks into the queues, and from outside of the network.
    assert set(passed["Action"]) | {"sqs:GetQueueAttributes"} == {
        action for action in used if action.startswith("sqs:")
    }
    listed = NEW.of_type("AWS::CloudFormation::Stack")["Network"]["Parameters"]["QueueArns"]["Fn::Join"][1]
    # Lambda itself keeps what failed.
    assert {arn["Fn::GetAtt"][0] for arn in listed} == set(NEW.of_type("AWS::SQS::Queue")) - {"FailedInvocations"}


def test_given_a_network_without_a_wish_for_flow_logs_when_made_then_there_are_none() -> None:
    assert not Deployment(NETWORK, **QUEUES).of_type("AWS::EC2::FlowLog", "AWS::Logs::LogGroup", "AWS::IAM::Role")


@pytest.mark.parametrize("snapshot", ["", "orders-2026-11-20"])
def test_given_a_database_when_made_then_it_is_private_encrypted_backed_up_and_leaves_a_snapshot(
    snapshot: str,
) -> None:
    deployment = Deployment(DATABASE, Snapshot=snapshot)
    [instance] = deployment.of_type("AWS::RDS::DBInstance").values()
    assert instance["PubliclyAccessible"] is False
    assert instance["StorageEncrypted"] is True
    assert instance["EnableIAMDatabaseAuthentication"] is True
    assert instance["MasterUserAuthenticationType"] == "iam-db-auth"
    assert not {"ManageMasterUserPassword", "MasterUserPassword"} & set(instance)
    assert int(instance["BackupRetentionPeriod"]) >= 7
    assert instance["DeleteAutomatedBackups"] is False
    assert ("MasterUsername" in instance) == ("DBSnapshotIdentifier" not in instance) == (snapshot == "")
    resource = deployment.resources["Instance"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")


def test_given_a_database_when_reached_then_only_over_tls_and_by_token() -> None:
    deployment = Deployment(DATABASE)
    [proxy] = deployment.of_type("AWS::RDS::DBProxy").values()
    assert proxy["RequireTLS"] is True
    assert proxy["DefaultAuthScheme"] == "IAM_AUTH"
    [settings] = deployment.of_type("AWS::RDS::DBParameterGroup").values()
    assert settings["Parameters"]["rds.force_ssl"] == "1"


def test_given_the_proxy_when_it_assumes_its_role_then_on_no_condition() -> None:
    # RDS Proxy supports no global condition keys (AWS docs, Quotas and limitations for RDS Proxy).
    deployment = Deployment(DATABASE)
    [proxy] = deployment.of_type("AWS::RDS::DBProxy").values()
    role = deployment.resources[proxy["RoleArn"]["Fn::GetAtt"][0]]["Properties"]
    [trust] = statements(role["AssumeRolePolicyDocument"])
    assert trust["Principal"] == {"Service": "rds.amazonaws.com"}
    assert "Condition" not in trust


def test_given_what_postgresql_logs_when_configured_then_no_statement_is_written_down() -> None:
    [settings] = Deployment(DATABASE).of_type("AWS::RDS::DBParameterGroup").values()
    logged = settings["Parameters"]
    assert (logged["log_min_duration_statement"], logged["log_min_error_statement"]) == ("-1", "panic")
    assert logged["log_error_verbosity"] == "terse"


def test_given_what_is_made_when_looked_at_from_outside_then_there_is_one_api() -> None:
    assert len(NEW.of_type("AWS::Serverless::HttpApi")) == 1
    assert not any("FunctionUrlConfig" in each for each in NEW.of_type("AWS::Serverless::Function").values())
    assert not NEW.of_type("AWS::Lambda::Url", "AWS::Lambda::Permission", "AWS::SQS::QueuePolicy")


def test_given_a_queue_when_made_then_what_it_holds_is_encrypted() -> None:
    assert all(queue["SqsManagedSseEnabled"] for queue in NEW.of_type("AWS::SQS::Queue").values())


NAMELESS = {
    # X-Ray has no resources to name.
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    # Lambda asks for these before there is an interface to name.
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_given_any_policy_when_read_then_it_allows_named_actions_on_named_resources(path: Path) -> None:
    found = list(statements(expanded(path)["Resources"]))
    assert found
    for statement in found:
        assert statement["Effect"] == "Allow"
        assert not [action for action in texts(statement["Action"]) if "*" in action]
        if "Resource" in statement and not set(texts(statement["Action"])) <= NAMELESS:
            # All objects of one bucket are a name; the bucket is CloudFormation's.
            resources = [text.removesuffix("/*") for text in texts(statement["Resource"])]
            assert not [resource for resource in resources if "*" in resource]


def test_given_what_cannot_be_named_when_it_is_allowed_then_all_of_it_is_in_the_policies() -> None:
    everywhere = [each for each in statements(EXPANDED.resources) if each.get("Resource") == "*"]
    assert {action for statement in everywhere for action in texts(statement["Action"])} == NAMELESS


def test_given_any_role_when_made_then_no_policy_of_awss_is_attached_but_one_for_the_database() -> None:
    roles = [role for path in ALL for role in sam.resources(expanded(path), "AWS::IAM::Role").values()]
    attached = {text for role in roles for text in texts(role["Properties"].get("ManagedPolicyArns", []))}
    # RDS writes the measures of the operating system to log groups of its own.
    assert [text for text in attached if ":aws:policy/" in text] == [
        "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
    ]


FUNCTIONS = EXPANDED.of_type("AWS::Lambda::Function")


def policies(function: dict[str, Any]) -> set[str]:
    """The managed policies of a function's role, whichever of the two names the other."""
    role = function["Role"]["Fn::GetAtt"][0]
    named = {policy["Ref"] for policy in EXPANDED.resources[role]["Properties"].get("ManagedPolicyArns", [])}
    naming = EXPANDED.of_type("AWS::IAM::ManagedPolicy").items()
    return named | {name for name, policy in naming if {"Ref": role} in policy.get("Roles", [])}


def test_given_two_functions_when_they_run_then_they_have_a_role_each() -> None:
    assert len({function["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS.values()}) == len(FUNCTIONS)


def test_given_a_function_when_it_runs_then_it_may_join_the_network_it_is_in() -> None:
    for function in FUNCTIONS.values():
        assert ("JoinNetwork" in policies(function)) == ("VpcConfig" in function)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_given_a_function_when_it_logs_then_it_may_write_to_its_own_group_only(name: str) -> None:
    role = EXPANDED.resources[FUNCTIONS[name]["Role"]["Fn::GetAtt"][0]]["Properties"]
    [logs] = [each for each in statements(role["Policies"]) if "logs:PutLogEvents" in each["Action"]]
    group = EXPANDED.resources[logs["Resource"]["Fn::GetAtt"][0]]["Properties"]
    assert group["LogGroupName"]["Fn::Sub"] == f"/aws/lambda/{FUNCTIONS[name]['FunctionName']['Fn::Sub']}"


@pytest.mark.parametrize("name", PROMISES)
def test_given_a_function_when_it_promises_tasks_then_it_may_send_to_their_queues_and_no_others(name: str) -> None:
    sending = [
        statement
        for policy in policies(FUNCTIONS[sam.functions(sam.read(MAIN))[name]]) - {"ReportFailure"}
        for statement in statements(EXPANDED.resources[policy])
        if statement["Action"] == "sqs:SendMessage"
    ]
    queues = {arn["Fn::GetAtt"][0] for statement in sending for arn in statement["Resource"]}
    assert queues == {f"{SERVICES_OF_TASKS[kind].title()}Queue" for kind in PROMISES[name]}


def test_given_a_function_when_it_is_called_then_by_an_alias_that_moves_with_all_it_runs_with() -> None:
    for name, logical_id in sam.functions(sam.read(MAIN)).items():
        function = NEW.resources[logical_id]["Properties"]
        if name != "migrate_database":
            assert function["AutoPublishAliasAllProperties"] is True, name
            assert function["VersionDescription"] == {"Fn::GetAtt": ["DatabaseSchema", "Release"]}, name
    assert '{"Ref": "AuthorizerFunctionAliaslive"}' in json.dumps(EXPANDED.resources["ApiTokenAuthorizerPermission"])
    called = json.dumps(EXPANDED.of_type("AWS::ApiGatewayV2::Api", "AWS::Lambda::EventSourceMapping"))
    assert set(re.findall(r"(\w+Function)(?!Alias)\b", called)) == set()


# Of the function that migrates, which has no callers, and of what stands around functions: live without a new version.
BESIDE_A_VERSION = {"Canary", "DatabaseOwner", "TaskConcurrency"}
NAMED = re.compile(r"'Ref': '(\w+)'|Outputs\.(\w+)|\$\{(\w+)\}")


def test_given_a_parameter_that_functions_run_with_when_it_changes_then_there_is_another_release() -> None:
    main = sam.read(MAIN)
    functions = [main["Globals"], *sam.resources(main, sam.FUNCTION).values()]
    used, told = (
        {name for names in NAMED.findall(str(piece)) for name in names}
        for piece in (functions, main["Resources"]["DatabaseSchema"])
    )
    assert used & set(main["Parameters"]) - told == BESIDE_A_VERSION
    given = {"FunctionSubnetIds", "FunctionSecurityGroupId", "ProxyHost"}
    assert given <= used
    assert given <= told


@pytest.mark.parametrize(("canary", "groups"), [("true", True), ("false", False)])
def test_given_a_wish_for_canaries_when_deployed_then_alarms_that_exist_end_it(canary: str, *, groups: bool) -> None:
    made = Deployment(expanded(MAIN, Canary=canary), **SERVICES)
    watching = made.of_type("AWS::CodeDeploy::DeploymentGroup")
    shifted = {name for name, alias in made.resources.items() if "UpdatePolicy" in alias}
    assert bool(watching) is groups
    assert len(shifted) == len(watching)
    monitoring = (ROOT / "infrastructure" / "monitoring.yaml").read_text()
    for group in watching.values():
        alarms = [alarm["Name"]["Fn::Sub"] for alarm in group["AlarmConfiguration"]["Alarms"]]
        assert alarms
        for alarm in alarms:
            assert f"AlarmName: !Sub {alarm.replace('AWS::', '')}\n" in monitoring


@pytest.mark.parametrize("logical_id", ["RelayTasksFunction", "MigrateDatabaseFunction"])
def test_given_a_function_that_nobody_waits_for_when_it_fails_then_its_invocation_is_kept(logical_id: str) -> None:
    function = EXPANDED.resources[logical_id]
    assert function["Properties"]["DeadLetterConfig"]["TargetArn"] == {"Fn::GetAtt": ["FailedInvocations", "Arn"]}
    assert function["DependsOn"] == "ReportFailure"
    assert "ReportFailure" in policies(function["Properties"])


def test_given_a_schedule_when_it_cannot_call_then_that_is_kept() -> None:
    for schedule in EXPANDED.of_type("AWS::Scheduler::Schedule").values():
        assert schedule["Target"]["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["FailedInvocations", "Arn"]}


@pytest.mark.parametrize("name", NESTED)
def test_given_a_nested_template_when_it_is_used_then_all_of_its_parameters_are_passed(name: str) -> None:
    stack = NEW.of_type("AWS::CloudFormation::Stack")[name]
    nested = sam.read(NESTED[name])
    assert ROOT / stack["TemplateURL"] == NESTED[name]
    assert set(stack["Parameters"]) == set(nested["Parameters"])


@pytest.mark.parametrize("name", NESTED)
def test_given_a_nested_template_when_it_is_used_then_its_outputs_are_those_that_are_asked_for(name: str) -> None:
    asked = re.findall(rf"\['{name}', 'Outputs\.(\w+)'\]", str(sam.read(MAIN)))
    assert set(asked) == set(sam.read(NESTED[name])["Outputs"])


@pytest.mark.parametrize("name", NESTED)
def test_given_choices_of_a_nested_template_when_they_are_passed_on_then_the_main_template_offers_the_same(
    name: str,
) -> None:
    main, nested = sam.read(MAIN)["Parameters"], sam.read(NESTED[name])["Parameters"]
    passed = sam.read(MAIN)["Resources"][name]["Properties"]["Parameters"]
    for parameter, value in passed.items():
        if isinstance(value, dict) and value.get("Ref") in main:
            offered = main[value["Ref"]]
            for what in ("Type", "Default", "AllowedValues", "MinValue", "MaxValue", "AllowedPattern"):
                assert offered.get(what) == nested[parameter].get(what), f"{value['Ref']}: {what}"


def test_given_a_new_database_when_deployed_then_functions_and_migrations_are_in_its_network() -> None:
    functions = NEW.of_type("AWS::Serverless::Function")
    [migrations] = [each for each in functions.values() if each["CodeUri"] == "functions/migrate_database"]
    assert "Outputs.InstanceHost" in texts(migrations["Environment"])
    assert "Outputs.MigrationSecurityGroupId" in texts(migrations["VpcConfig"])
    assert "Outputs.DatabaseSubnetIds" in texts(migrations["VpcConfig"])


def test_given_an_existing_database_when_deployed_then_nothing_is_made_for_it() -> None:
    deployment = Deployment(MAIN, DatabaseAuth="none", **EXISTING, **SERVICES)
    assert not deployment.violations
    assert not set(deployment.of_type("AWS::CloudFormation::Stack")) & set(NESTED)
    assert not re.search(r"'(Network|Database)', 'Outputs", str(deployment.resources))
    assert "LogInAsApp" not in deployment.resources


WRITES = {"cancel_order", "create_order", "process_task", "relay_tasks", "update_order_status"}
READS = {"get_order", "health", "list_customer_orders", "list_orders", "metrics"}


@pytest.mark.parametrize(("given", "in_network"), [({}, True), ({"CreateDatabase": "false"}, False)])
@pytest.mark.parametrize("concurrency", ["0", "90"])
def test_given_conditions_when_aws_has_resolved_them_then_functions_have_what_is_theirs_and_no_more(
    given: dict[str, str], concurrency: str, *, in_network: bool
) -> None:
    made = deployed(MAIN, **{**NEW.parameters, **given, "FunctionConcurrency": concurrency})
    functions = {
        name: made["Resources"][logical_id]["Properties"] for name, logical_id in sam.functions(sam.read(MAIN)).items()
    }
    joined = {name for name, function in functions.items() if "VpcConfig" in function}
    assert joined == (WRITES | READS | {"migrate_database"} if in_network else set())
    limits = {name: function.get("ReservedConcurrentExecutions") for name, function in functions.items()}
    assert {name for name, limit in limits.items() if limit == "90"} == (
        (WRITES | READS) - {"process_task", "relay_tasks"} if concurrency == "90" else set()
    )
    assert set(limits.values()) <= {None, "90"}


def test_given_a_function_when_it_logs_in_then_as_the_role_that_it_needs_and_with_its_policy_only() -> None:
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


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "Set one of JwtSecretArn"),
        ({"DatabaseHost": "db.example", "JwtSecretArn": "arn"}, "set CreateDatabase to false to use it"),
        ({"CreateDatabase": "false", "JwtSecretArn": "arn", "DatabaseAuth": "none"}, "Set DatabaseHost"),
        (EXISTING, "Set DatabaseResourceId"),
        ({**PUBLIC_KEYS, "JwtSecretArn": "arn"}, "JwtSecretArn or JwtJwksUrl, not both"),
        ({"JwtPublicKey": "key", "JwtAlgorithms": "ES256", "JwtSecretArn": "arn"}, "JwtPublicKey, not both"),
        ({**PUBLIC_KEYS, "JwtPublicKey": "key"}, "JwtPublicKey or JwtJwksUrl, not both"),
        ({"JwtPublicKey": "key"}, "HS256 goes with JwtSecretArn"),
    ],
)
def test_given_parameters_that_do_not_go_together_when_deployed_then_it_says_what_to_set(
    given: dict[str, str], complaint: str
) -> None:
    [violation] = Deployment(MAIN, **given, **SERVICES).violations
    assert complaint in violation


def test_given_an_empty_account_when_deployed_then_the_services_and_the_key_of_tokens_are_all_it_takes() -> None:
    deployment = Deployment(MAIN, JwtSecretArn="arn", **SERVICES)
    assert not deployment.violations
    assert deployment.parameters.keys() == sam.read(MAIN)["Parameters"].keys()
    assert set(deployment.of_type("AWS::CloudFormation::Stack")) >= set(NESTED)


STAGES: dict[str, dict[str, Any]] = {
    stage: settings["deploy"]["parameters"]
    for stage, settings in tomllib.loads((ROOT / "samconfig.toml").read_text()).items()
    if stage != "version"
}


def overrides(stage: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in STAGES[stage]["parameter_overrides"])


@pytest.mark.parametrize("stage", STAGES)
def test_given_a_stage_when_deployed_then_its_values_are_ones_that_the_template_takes(stage: str) -> None:
    declared = sam.read(MAIN)["Parameters"]
    for name, value in overrides(stage).items():
        assert value in map(str, declared[name].get("AllowedValues", [value]))
    assert not Deployment(MAIN, JwtSecretArn="arn", **SERVICES, **overrides(stage)).violations
    # Roles are made, and a template with a transform holds stacks.
    assert STAGES[stage]["capabilities"].split() == ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


def test_given_production_when_deployed_then_it_survives_a_zone_and_a_slip_of_the_hand() -> None:
    production = overrides("prod")
    assert production["DatabaseMultiAz"] == production["DatabaseDeletionProtection"] == "true"
    assert production["NatGateways"] == "per-az"
