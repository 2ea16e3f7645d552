"""Deployments: parameters, nested stacks, releases and stages."""

import json
import re

import pytest

from local import template as sam
from tests import monitored
from tests.infrastructure.access import READS, WRITES
from tests.infrastructure.templates import (
    ALARMS,
    DASHBOARD,
    DATABASE,
    EXPANDED,
    MAIN,
    NETWORK,
    NEW,
    SERVICES,
    STAGES,
    Deployment,
    deployed,
    expanded,
    overrides,
    texts,
)
from tests.support import ROOT

NESTED = {"Network": NETWORK, "Database": DATABASE, "Alarms": ALARMS, "Dashboard": DASHBOARD}
PUBLIC_KEYS = {"JwtJwksUrl": "https://users.example/jwks", "JwtAlgorithms": "RS256"}
EXISTING = {"CreateDatabase": "false", "DatabaseHost": "db.example", **PUBLIC_KEYS}


@pytest.mark.parametrize("name", NESTED)
def test_given_a_nested_stack_when_deployed_then_all_parameters_are_passed(name: str) -> None:
    stack = NEW.of_type("AWS::CloudFormation::Stack")[name]
    nested = sam.read(NESTED[name])
    assert ROOT / stack["TemplateURL"] == NESTED[name]
    assert set(stack["Parameters"]) == set(nested["Parameters"])


@pytest.mark.parametrize("name", NESTED)
def test_given_a_nested_stack_when_deployed_then_all_its_outputs_are_used(name: str) -> None:
    asked = re.findall(rf"\['{name}', 'Outputs\.(\w+)'\]", str(sam.read(MAIN)))
    assert set(asked) == set(sam.read(NESTED[name]).get("Outputs", {}))


@pytest.mark.parametrize("name", NESTED)
def test_given_a_passed_parameter_when_declared_then_both_templates_agree(
    name: str,
) -> None:
    main, nested = sam.read(MAIN)["Parameters"], sam.read(NESTED[name])["Parameters"]
    passed = sam.read(MAIN)["Resources"][name]["Properties"]["Parameters"]
    for parameter, value in passed.items():
        if isinstance(value, dict) and value.get("Ref") in main:
            offered = main[value["Ref"]]
            for what in ("Type", "Default", "AllowedValues", "MinValue", "MaxValue", "AllowedPattern"):
                assert offered.get(what) == nested[parameter].get(what), f"{value['Ref']}: {what}"


def test_given_a_new_database_when_deployed_then_migrations_run_in_its_vpc() -> None:
    functions = NEW.of_type("AWS::Serverless::Function")
    [migrations] = [each for each in functions.values() if each["CodeUri"] == "functions/migrate_database"]
    assert "Outputs.InstanceHost" in texts(migrations["Environment"])
    assert "Outputs.MigrationSecurityGroupId" in texts(migrations["VpcConfig"])
    assert "Outputs.DatabaseSubnetIds" in texts(migrations["VpcConfig"])


def test_given_an_existing_database_when_deployed_then_none_is_created() -> None:
    deployment = Deployment(MAIN, DatabaseAuth="none", **EXISTING, **SERVICES)
    assert not deployment.violations
    assert not set(deployment.of_type("AWS::CloudFormation::Stack")) & {"Network", "Database"}
    assert not re.search(r"'(Network|Database)', 'Outputs", str(deployment.resources))
    assert "LogInAsApp" not in deployment.resources


def test_given_a_function_when_invoked_then_by_an_alias_with_all_its_properties() -> None:
    for name, logical_id in sam.functions(sam.read(MAIN)).items():
        function = NEW.resources[logical_id]["Properties"]
        if name != "migrate_database":
            assert function["AutoPublishAliasAllProperties"] is True, name
            assert function["VersionDescription"] == {"Fn::GetAtt": ["DatabaseSchema", "Release"]}, name
    assert '{"Ref": "AuthorizerFunctionAliaslive"}' in json.dumps(EXPANDED.resources["ApiTokenAuthorizerPermission"])
    called = json.dumps(EXPANDED.of_type("AWS::ApiGatewayV2::Api", "AWS::Lambda::EventSourceMapping"))
    assert set(re.findall(r"(\w+Function)(?!Alias)\b", called)) == set()


# Parameters that take effect without a new version: of migrations, event sources and deployments.
BESIDE_A_VERSION = {"Canary", "DatabaseOwner", "WorkerConcurrency"}
NAMED = re.compile(r"'Ref': '(\w+)'|Outputs\.(\w+)|\$\{(\w+)\}")


def test_given_a_parameter_of_functions_when_it_changes_then_so_does_the_release() -> None:
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


def test_given_a_repeated_deploy_when_published_then_each_version_is_new() -> None:
    """Lambda publishes no version that equals the last. A rolled-back deploy leaves its versions, so each has an id."""
    release = {"Fn::GetAtt": ["DatabaseSchema", "Release"]}
    versions = EXPANDED.of_type("AWS::Lambda::Version")
    assert len(versions) == len(sam.functions(sam.read(MAIN))) - 1
    for version in versions.values():
        function = EXPANDED.resources[version["FunctionName"]["Ref"]]["Properties"]
        assert function["Environment"]["Variables"]["RELEASE"] == release
        assert version["Description"] == release
    assert {"Ref": "DeploymentId"} in sam.read(MAIN)["Resources"]["DatabaseSchema"]["Properties"]["Settings"]


@pytest.mark.parametrize(("canary", "groups"), [("true", True), ("false", False)])
def test_given_canary_deployments_when_enabled_then_existing_alarms_stop_them(canary: str, *, groups: bool) -> None:
    made = Deployment(expanded(MAIN, Canary=canary), **SERVICES)
    watching = made.of_type("AWS::CodeDeploy::DeploymentGroup")
    shifted = {name for name, alias in made.resources.items() if "UpdatePolicy" in alias}
    assert bool(watching) is groups
    assert len(shifted) == len(watching)
    there_are = {alarm["AlarmName"]: alarm for alarm in monitored.of_type(monitored.resources(), *monitored.ALARMS)}
    for group in watching.values():
        alarms = stopping(group)
        assert alarms <= there_are.keys()
        # AWS does not say that CodeDeploy reads composite alarms. A group may have 50 alarms.
        assert not [name for name in alarms if "AlarmRule" in there_are[name]]
        assert len(alarms) <= 50


def stopping(group: sam.Json) -> set[str]:
    """Names of the alarms that stop the deployments of a group."""
    names = [alarm["Name"]["Fn::Sub"] for alarm in group["AlarmConfiguration"]["Alarms"]]
    return {name.replace("${AWS::StackName}", monitored.STACK) for name in names}


def test_given_a_canary_when_any_function_fails_once_then_it_stops_within_minutes() -> None:
    """Whatever the function's share of the traffic: a tenth of few calls is fewer than any rate needs."""
    template = sam.read(MAIN)
    functions = {
        each["Properties"]["FunctionName"]["Fn::Sub"].replace("${AWS::StackName}", monitored.STACK)
        for each in sam.resources(template, sam.FUNCTION).values()
    }
    assert f"{monitored.STACK}-authorizer" in functions
    alarms = monitored.of_type(monitored.resources(), "AWS::CloudWatch::Alarm")
    made = Deployment(expanded(MAIN, Canary="true"), **SERVICES)
    groups = made.of_type("AWS::CodeDeploy::DeploymentGroup").values()
    # All but the one that migrates.
    assert len(groups) == len(functions) - 1
    for group in groups:
        watching = {
            (search.name, *search.values["FunctionName"])
            for alarm in alarms
            if alarm["AlarmName"] in stopping(group)
            and (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1, 1)
            and all(part["MetricStat"]["Period"] == 60 for part in alarm.get("Metrics", []) if "MetricStat" in part)
            for search in monitored.alarm_metrics(alarm)
            if search.namespace == "AWS/Lambda"
        }
        assert watching == {(name, function) for name in ("Errors", "Throttles") for function in functions}


@pytest.mark.parametrize(("given", "in_network"), [({}, True), ({"CreateDatabase": "false"}, False)])
@pytest.mark.parametrize("concurrency", ["0", "90"])
def test_given_conditions_when_resolved_then_functions_have_just_their_properties(
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
        (WRITES | READS) - {"erase_customer", "process_task", "relay_outbox"} if concurrency == "90" else set()
    )
    assert set(limits.values()) <= {None, "90"}


def test_given_production_when_concurrency_is_reserved_then_enough_is_left() -> None:
    """Of the default quota of an account, for the workers of tasks and for the authorizer."""
    made = Deployment(MAIN, **SERVICES, **overrides("prod"))
    reserved = [
        int(each["ReservedConcurrentExecutions"])
        for each in made.of_type("AWS::Serverless::Function").values()
        if "ReservedConcurrentExecutions" in each
    ]
    assert len(reserved) == len((WRITES | READS) - {"erase_customer", "process_task", "relay_outbox"})
    # Lambda refuses to leave fewer than 100: lambda/latest/dg/configuration-concurrency.html.
    assert 1000 - sum(reserved) >= 100
    assert 1000 - sum(reserved) > int(made.parameters["WorkerConcurrency"])


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "Set one of JwtSecretArn"),
        ({"DatabaseHost": "db.example", "JwtSecretArn": "arn"}, "set CreateDatabase to false to use it"),
        ({"CreateDatabase": "false", "JwtSecretArn": "arn", "DatabaseAuth": "none"}, "Set DatabaseHost"),
        (EXISTING, "Set DatabaseResourceId"),
        ({**EXISTING, "DatabaseAuth": "none", "Stage": "staging"}, "Set DatabaseAuth to iam"),
        (
            {**EXISTING, "DatabaseAuth": "none", "Stage": "prod", "AllowedOrigins": "https://shop.example"},
            "Set DatabaseAuth to iam",
        ),
        ({**PUBLIC_KEYS, "JwtSecretArn": "arn"}, "JwtSecretArn or JwtJwksUrl, not both"),
        ({"JwtPublicKey": "key", "JwtAlgorithms": "ES256", "JwtSecretArn": "arn"}, "JwtPublicKey, not both"),
        ({**PUBLIC_KEYS, "JwtPublicKey": "key"}, "JwtPublicKey or JwtJwksUrl, not both"),
        ({"JwtPublicKey": "key"}, "HS256 goes with JwtSecretArn"),
        ({**PUBLIC_KEYS, "JwtSecretKmsKeyArn": "arn"}, "is the key of the secret in JwtSecretArn"),
        ({**PUBLIC_KEYS, "ServiceSecretsKmsKeyArn": "arn"}, "is the key of the secrets of services"),
    ],
)
def test_given_contradicting_parameters_when_deployed_then_the_error_names_them(
    given: dict[str, str], complaint: str
) -> None:
    [violation] = Deployment(MAIN, **given, **SERVICES).violations
    assert complaint in violation


def test_given_production_when_deployed_then_it_has_no_documentation() -> None:
    assert Deployment(MAIN, **SERVICES, **overrides("prod")).resources["DocsFunction"]["Properties"]["Environment"] == {
        "Variables": {"DOCS": "false"}
    }


def test_given_an_empty_account_when_deployed_then_few_parameters_are_required() -> None:
    deployment = Deployment(MAIN, JwtSecretArn="arn", **SERVICES)
    assert not deployment.violations
    assert deployment.parameters.keys() == sam.read(MAIN)["Parameters"].keys()
    assert set(deployment.of_type("AWS::CloudFormation::Stack")) >= set(NESTED)


@pytest.mark.parametrize("stage", STAGES)
def test_given_a_stage_when_deployed_then_its_parameters_are_valid(stage: str) -> None:
    declared = sam.read(MAIN)["Parameters"]
    for name, value in overrides(stage).items():
        assert value in map(str, declared[name].get("AllowedValues", [value]))
    assert not Deployment(MAIN, JwtSecretArn="arn", **SERVICES, **overrides(stage)).violations
    # The template creates roles, and uses transforms in nested stacks.
    assert STAGES[stage]["capabilities"].split() == ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


def test_given_production_when_deployed_then_it_is_multi_az_and_protected() -> None:
    production = overrides("prod")
    assert production["DatabaseMultiAz"] == production["DatabaseDeletionProtection"] == "true"
    assert production["NatGateways"] == "per-az"
