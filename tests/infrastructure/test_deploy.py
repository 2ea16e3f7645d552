"""The command that deploys a stage, with a SAM CLI that prints what it was asked for."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import template as sam
from tests.infrastructure.templates import ALARMS, DASHBOARD, DEPLOY_ROLE, NETWORK
from tests.support import ROOT
from tools.deploy import MAX_STACK_NAME

SAM = f"""#!{sys.executable}
import json, sys
from samcli.commands.deploy.command import cli
context = cli.make_context("deploy", sys.argv[2:])
print(json.dumps(context.params | {{"region": context.obj.region}}))
"""
"""A SAM CLI that prints the parsed arguments."""
SETTINGS = """version = 0.1
[staging.{section}.parameters]
stack_name = "{name}"
[staging.deploy.parameters]
capabilities = "CAPABILITY_IAM"
parameter_overrides = {parameters}
"""
ROLE = "arn:aws:iam::123456789012:role/deploys-ExecutionRole"
OURS = (ROOT / "samconfig.toml").read_text()

type Deploy = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """Run the command in a folder with a samconfig.toml."""
    fake = tmp_path / "sam"
    fake.write_text(SAM)
    fake.chmod(0o755)
    (tmp_path / "template.yaml").write_text("Resources: {}")

    def run(settings: str, stage: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "samconfig.toml").write_text(settings)
        return subprocess.run(  # noqa: S603 - our own command
            [sys.executable, ROOT / "tools" / "deploy.py", "--sam", fake, "--stage", stage, *arguments],
            cwd=tmp_path,
            env=os.environ | {"SAM_CLI_TELEMETRY": "0"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def asked(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What the SAM CLI was asked for."""
    assert run.returncode == 0, run.stderr
    parsed: dict[str, Any] = json.loads(run.stdout)
    return parsed


@pytest.mark.parametrize(("stage", "section"), [("dev", "default"), ("staging", "staging"), ("prod", "prod")])
def test_given_a_stage_when_deployed_then_all_its_parameters_are_passed(
    stage: str, section: str, deploy: Deploy
) -> None:
    usual = tomllib.loads(OURS)[section]["deploy"]["parameters"]["parameter_overrides"]
    parsed = asked(deploy(OURS, stage, "--region", "eu-west-1", "--id", "7", "--yes"))
    assert parsed["region"] == "eu-west-1"
    assert parsed["stack_name"] == f"orders-{stage}"
    assert not parsed["confirm_changeset"]
    assert parsed["parameter_overrides"] == {
        **dict(parameter.replace('"', "").split("=") for parameter in usual),
        "DeploymentId": "7",
    }


def test_given_no_region_when_deployed_then_it_is_that_of_samconfig_and_sam_asks(deploy: Deploy) -> None:
    parsed = asked(deploy(OURS, "prod"))
    assert parsed["region"] == "eu-central-1"
    assert parsed["confirm_changeset"]
    assert parsed["role_arn"] is None
    assert parsed["parameter_overrides"]["DeploymentId"].isdecimal()


@pytest.mark.parametrize(
    "usual",
    [["Stage=staging", 'JwtIssuer="our shop"', "Canary=true"], 'Stage="staging" JwtIssuer="our shop" Canary="true"'],
    ids=["as ours", "as sam deploy --guided writes it"],
)
def test_given_values_with_spaces_when_deployed_then_sam_reads_them_whole(
    usual: list[str] | str, deploy: Deploy
) -> None:
    settings = SETTINGS.format(section="global", name="orders-staging", parameters=json.dumps(usual))
    key = r"-----BEGIN PUBLIC KEY-----\nMCowBQ+/x==\n-----END PUBLIC KEY-----"
    given = f"""Canary=false JwtPublicKey="{key}"
        JwtAudience='the "shop"' LogLevel="""
    parsed = asked(deploy(settings, "staging", "--parameters", given, "--id", "7.1"))
    assert parsed["parameter_overrides"] == {
        "Stage": "staging",
        "JwtIssuer": "our shop",
        "Canary": "false",
        "JwtPublicKey": key,
        "JwtAudience": 'the "shop"',
        "LogLevel": "",
        "DeploymentId": "7.1",
    }


def test_given_a_parameter_without_a_value_when_deployed_then_sam_rejects_it(deploy: Deploy) -> None:
    refused = deploy(OURS, "staging", "--parameters", "Canary=false DatabaseInsights")
    assert refused.returncode != 0
    assert "DatabaseInsights" in refused.stderr
    assert "is not a valid format" in refused.stderr


@pytest.mark.parametrize("section", ["global", "deploy"])
def test_given_a_long_stack_name_when_deployed_then_it_is_refused(section: str, deploy: Deploy) -> None:
    longest = "o" * MAX_STACK_NAME
    settings = SETTINGS.format(section=section, name=longest, parameters='["Stage=staging"]')
    if section == "deploy":
        settings = settings.replace("[staging.deploy.parameters]\ncap", "cap")
    assert asked(deploy(settings, "staging"))["stack_name"] == longest
    refused = deploy(settings.replace(longest, f"{longest}x"), "staging")
    assert refused.returncode == 1
    assert refused.stderr == f"The stack name {longest}x has 25 characters; it may have 24.\n"


def test_given_the_workflow_when_it_deploys_then_with_an_id_of_its_run(tmp_path: Path) -> None:
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy-to.yml").read_text())["jobs"]["deploy"]["steps"]
    [step] = [step for step in steps if step.get("name") == "Deploy"]
    (tmp_path / "samconfig.toml").write_text(OURS)
    (tmp_path / "template.yaml").write_text("Resources: {}")
    (tmp_path / "tools").symlink_to(ROOT / "tools")
    fake = tmp_path / ".venv" / "bin" / "sam"
    fake.parent.mkdir(parents=True)
    fake.write_text(SAM)
    fake.chmod(0o755)
    given = {
        "STAGE": "staging",
        "AWS_REGION": "eu-west-1",
        "PARAMETERS": "JwtIssuer='a shop'",
        "EXECUTION_ROLE_ARN": ROLE,
        "GITHUB_RUN_ID": "12",
        "GITHUB_RUN_ATTEMPT": "2",
        "SAM_CLI_TELEMETRY": "0",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    run = subprocess.run(  # noqa: S603 - our own workflow
        ["bash", "-ec", step["run"]],  # noqa: S607 - as GitHub runs it
        cwd=tmp_path,
        env=os.environ | given,
        capture_output=True,
        text=True,
        check=False,
    )
    parsed = asked(run)
    assert parsed["region"] == "eu-west-1"
    assert parsed["role_arn"] == ROLE
    assert not parsed["confirm_changeset"]
    assert parsed["parameter_overrides"].items() >= {"JwtIssuer": "a shop", "DeploymentId": "12.2"}.items()


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
@pytest.mark.parametrize(("actions", "mark"), [("", "Warning: "), ("true", "::warning::")])
def test_given_nobody_to_notify_when_deployed_then_it_warns(
    stage: str, actions: str, mark: str, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", actions)
    warned = deploy(OURS, stage)
    assert warned.stderr == (
        f"{mark}Nobody is notified of alarms. Set AlarmEmail or AlarmTopicArn of the stage in samconfig.toml.\n"
    )
    assert asked(warned)["parameter_overrides"]["AlarmEmail"] == ""


@pytest.mark.parametrize(
    "usual",
    [["Stage=staging", 'AlarmEmail=""'], 'Stage="staging" AlarmEmail=""'],
    ids=["as ours", "as sam deploy --guided writes it"],
)
@pytest.mark.parametrize("address", ["AlarmEmail=night@shop.example", "AlarmTopicArn=arn:aws:sns:eu-west-1:1:alarms"])
def test_given_an_address_for_alarms_when_deployed_then_it_does_not_warn(
    usual: list[str] | str, address: str, deploy: Deploy
) -> None:
    settings = SETTINGS.format(section="global", name="orders-staging", parameters=json.dumps(usual))
    assert deploy(settings, "staging", "--parameters", address).stderr == ""
    assert "Nobody is notified" in deploy(settings, "staging").stderr


def test_given_an_unknown_stage_when_deployed_then_it_is_refused(deploy: Deploy) -> None:
    assert deploy(OURS, "production").stderr == "samconfig.toml has no stage production.\n"


@pytest.mark.parametrize("path", [NETWORK, ALARMS, DASHBOARD, DEPLOY_ROLE], ids=lambda path: path.name)
def test_given_a_template_for_a_stack_when_used_then_it_refuses_a_long_stack_name(path: Path) -> None:
    assert sam.read(path)["Parameters"]["StackName"]["MaxLength"] == MAX_STACK_NAME
