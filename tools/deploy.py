"""Deploy one stage by `sam deploy`: `python tools/deploy.py --stage prod`, after `sam build`.

It adds parameters to those of the stage in samconfig.toml, which `--parameter-overrides` alone would replace, and gives
each deploy an id of its own. It needs nothing but Python.
"""

import argparse
import os
import shlex
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CONFIGURATION = Path("samconfig.toml")
MAX_STACK_NAME = 24
"""Characters. Names of functions and expressions of the dashboard begin with the stack's name, and both have limits."""

UNWATCHED = f"Nobody is notified of alarms. Set AlarmEmail or AlarmTopicArn of the stage in {CONFIGURATION}."


class Refused(Exception):
    """The stage cannot be deployed; the message says why."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Replace this process by `sam deploy` for a stage.

    Args:
        arguments: The command line; the process's own by default.
    """
    parser = argparse.ArgumentParser(description="Deploy what `sam build` has built.")
    parser.add_argument("--stage", required=True, help=f"section of {CONFIGURATION}; dev for its default")
    parser.add_argument("--region", help=f"instead of the region in {CONFIGURATION}")
    parser.add_argument("--parameters", default="", help="NAME=VALUE pairs, quoted like words of a shell")
    parser.add_argument(
        "--id", default=str(int(time.time())), help="id of this deploy, new for each; the time by default"
    )
    parser.add_argument("--role", default="", help="ARN of a role for CloudFormation, instead of your own permissions")
    parser.add_argument("--sam", default="sam", help="the SAM CLI")
    parser.add_argument("--yes", action="store_true", help="do not ask for a confirmation")
    options = parser.parse_args(arguments)
    try:
        command = sam_deploy(tomllib.loads(CONFIGURATION.read_text()), options)
    except Refused as refusal:
        sys.exit(str(refusal))
    if is_unwatched(command):
        # GitHub shows a line that begins like this with the run.
        mark = "::warning::" if os.environ.get("GITHUB_ACTIONS") else "Warning: "
        print(f"{mark}{UNWATCHED}", file=sys.stderr, flush=True)
    os.execvp(options.sam, [options.sam, *command])  # noqa: S606 - it needs no shell


def sam_deploy(configuration: dict[str, Any], options: argparse.Namespace) -> list[str]:
    """Return the arguments of the SAM CLI.

    Args:
        configuration: The content of samconfig.toml.
        options: The command line.

    Raises:
        Refused: There is no such stage, or the name of its stack is too long.
    """
    section = "default" if options.stage == "dev" else options.stage
    if section not in configuration:
        raise Refused(f"{CONFIGURATION} has no stage {options.stage}.")
    name = stack_name(configuration[section])
    if len(name) > MAX_STACK_NAME:
        raise Refused(f"The stack name {name} has {len(name)} characters; it may have {MAX_STACK_NAME}.")
    overrides = [*configured(configuration[section]), *map(quoted, shlex.split(options.parameters))]
    return [
        "deploy",
        *("--config-env", section),
        *(["--region", options.region] if options.region else []),
        *(["--role-arn", options.role] if options.role else []),
        *(["--no-confirm-changeset"] if options.yes else []),
        *("--parameter-overrides", *overrides, f"DeploymentId={options.id}"),
    ]


def is_unwatched(command: Sequence[str]) -> bool:
    """Tell whether the alarms of a deploy notify nobody.

    Args:
        command: The arguments of the SAM CLI, which end with the parameters; of a repeated one the last value counts.
    """
    given = command[command.index("--parameter-overrides") + 1 :]
    values = dict(word.split("=", 1) for words in given for word in shlex.split(words) if "=" in word)
    return not (values.get("AlarmEmail") or values.get("AlarmTopicArn"))


def stack_name(stage: dict[str, Any]) -> str:
    """Return the name of a stage's stack. What a command sets overrides what all commands share."""
    shared, own = (stage.get(command, {}).get("parameters", {}) for command in ("global", "deploy"))
    name: str = (shared | own)["stack_name"]
    return name


def configured(stage: dict[str, Any]) -> list[str]:
    """Return a stage's parameters in samconfig.toml.

    `sam deploy --guided` writes all of them as one string, which SAM also accepts as one argument.
    """
    parameters: list[str] | str = stage["deploy"]["parameters"]["parameter_overrides"]
    return [parameters] if isinstance(parameters, str) else parameters


def quoted(parameter: str) -> str:
    """Return NAME="VALUE": SAM reads a value up to the first space, unless it is quoted."""
    name, equals, value = parameter.partition("=")
    escaped = value.replace('"', '\\"')
    return f'{name}{equals}"{escaped}"'


if __name__ == "__main__":
    main()
