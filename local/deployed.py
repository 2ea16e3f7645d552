"""What MiniStack runs of a stack: its functions, their logs and settings."""

import datetime as dt
import json
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from local import cloudformation, emulator, logs
from local import template as sam
from local.errors import LocalError
from local.layout import Layout
from local.template import Json


def is_deployed(layout: Layout) -> bool:
    """Tells whether MiniStack runs and has the stack."""
    try:
        client = emulator.client("cloudformation", layout.emulator_url)
        status: str = client.describe_stacks(StackName=cloudformation.STACK)["Stacks"][0]["StackStatus"]
    except (BotoCoreError, ClientError):
        return False
    return status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


def function_names(layout: Layout) -> dict[str, str]:
    """Returns the deployed names of the functions by the names of their folders.

    Raises:
        LocalError: Nothing is deployed.
    """
    if not is_deployed(layout):
        raise LocalError("Nothing is deployed: `make up` first.")
    deployed = cloudformation.physical_ids(emulator.client("cloudformation", layout.emulator_url))
    functions = sam.functions(sam.read(layout.template))
    return {folder: deployed[logical_id] for folder, logical_id in functions.items() if logical_id in deployed}


def choose_function(names: Mapping[str, str], function: str) -> str:
    """Returns what a mapping has for a function's folder.

    Raises:
        LocalError: There is no such function; the message lists those there are.
    """
    try:
        return names[function]
    except KeyError:
        raise LocalError(f"There is no function {function}; there are {', '.join(sorted(names))}.") from None


def call(layout: Layout, function: str, event: Json) -> Json:
    """Calls a deployed function and returns its answer.

    Args:
        layout: The stack; its MiniStack runs.
        function: Name of the function's folder, `relay_outbox`.
        event: What the function is handed.

    Raises:
        LocalError: There is no such function, or it failed.
    """
    name = choose_function(function_names(layout), function)
    answer = emulator.client("lambda", layout.emulator_url).invoke(FunctionName=name, Payload=json.dumps(event))
    payload: Json = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise LocalError(f"{function} failed: {payload.get('errorMessage', payload)}")
    return payload


def log_sources(layout: Layout, names: Mapping[str, str], since: dt.datetime | None = None) -> list[logs.Source]:
    """Returns all that tells what functions are doing.

    Args:
        layout: The stack; its MiniStack runs.
        names: The functions' deployed names, by what log lines are to call them.
        since: Earliest time; the beginning by default.
    """
    functions = emulator.client("lambda", layout.emulator_url)
    client = emulator.client("logs", layout.emulator_url)
    sources: list[logs.Source] = []
    for function, name in names.items():
        group = functions.get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]
        sources.append(logs.FunctionLog(client, function, group, since))
    called = {name: function for function, name in names.items()}
    return [*sources, logs.EmulatorLog(layout.log("ministack"), called, since)]
