"""The database: private, encrypted and backed up."""

import pytest

from local.postgres import VERSION
from local.template import statements
from tests.infrastructure.templates import DATABASE, MAIN, SERVICES, STAGES, Deployment, overrides


@pytest.mark.parametrize("snapshot", ["", "orders-2026-11-20"])
def test_given_a_database_when_created_then_it_is_private_encrypted_and_backed_up(
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


@pytest.mark.parametrize("stage", STAGES)
def test_given_a_new_database_when_created_then_it_has_the_tested_version(stage: str) -> None:
    parameters = Deployment(MAIN, **overrides(stage)).parameters
    [instance] = Deployment(DATABASE).of_type("AWS::RDS::DBInstance").values()
    assert parameters["DatabaseEngineVersion"] == instance["EngineVersion"] == str(VERSION)


def test_given_a_database_when_connected_to_then_tls_and_iam_are_required() -> None:
    deployment = Deployment(DATABASE)
    [proxy] = deployment.of_type("AWS::RDS::DBProxy").values()
    assert proxy["RequireTLS"] is True
    assert proxy["DefaultAuthScheme"] == "IAM_AUTH"
    [settings] = deployment.of_type("AWS::RDS::DBParameterGroup").values()
    assert settings["Parameters"]["rds.force_ssl"] == "1"


def test_given_rds_proxy_when_it_assumes_its_role_then_without_conditions() -> None:
    # RDS Proxy supports no global condition keys (AWS docs, Quotas and limitations for RDS Proxy).
    deployment = Deployment(DATABASE)
    [proxy] = deployment.of_type("AWS::RDS::DBProxy").values()
    role = deployment.resources[proxy["RoleArn"]["Fn::GetAtt"][0]]["Properties"]
    [trust] = statements(role["AssumeRolePolicyDocument"])
    assert trust["Principal"] == {"Service": "rds.amazonaws.com"}
    assert "Condition" not in trust


def test_given_postgresql_when_it_logs_then_statements_are_not_included() -> None:
    [settings] = Deployment(DATABASE).of_type("AWS::RDS::DBParameterGroup").values()
    logged = settings["Parameters"]
    assert (logged["log_min_duration_statement"], logged["log_min_error_statement"]) == ("-1", "panic")
    assert logged["log_error_verbosity"] == "terse"


def test_given_rds_proxy_when_it_logs_then_to_a_log_group_of_the_stack() -> None:
    deployment = Deployment(DATABASE)
    [proxy] = deployment.of_type("AWS::RDS::DBProxy").values()
    [logs] = deployment.of_type("AWS::Logs::LogGroup").values()
    name, variables = proxy["DBProxyName"]["Fn::Sub"]
    assert logs["LogGroupName"]["Fn::Sub"] == [f"/aws/rds/proxy/{name}", variables]
    assert logs["RetentionInDays"] == 30
    # So the proxy writes nothing before its log group exists, or after it was deleted.
    assert deployment.resources["Proxy"]["DependsOn"] == "ProxyLogs"


@pytest.mark.parametrize("stage", STAGES)
def test_given_a_stage_when_deployed_then_no_text_of_statements_is_kept(stage: str) -> None:
    """Performance Insights and CloudWatch Database Insights keep it, with names and e-mail addresses in it."""
    passed = Deployment(MAIN, **SERVICES, **overrides(stage)).of_type("AWS::CloudFormation::Stack")["Database"]
    settings = {"Insights": passed["Parameters"]["Insights"]}
    [instance] = Deployment(DATABASE, **settings).of_type("AWS::RDS::DBInstance").values()
    assert instance["EnablePerformanceInsights"] == "false"
    assert instance.keys().isdisjoint({"DatabaseInsightsMode", "PerformanceInsightsRetentionPeriod"})
