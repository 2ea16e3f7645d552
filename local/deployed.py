"""The deployed functions of a stack, and the sources of their logs."""

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
    """Tell whether MiniStack is running and the stack is deployed."""
    try:
        client = emulator.client("cloudformation", layout.emulator_url)
        status: str = client.describe_stacks(StackName=cloudformation.STACK)["Stacks"][0]["StackStatus"]
    except (BotoCoreError, ClientError):
        return False
    return status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


def function_names(layout: Layout) -> dict[str, str]:
    """Return the deployed names of the functions, by folder.

    Raises:
        LocalError: Nothing is deployed.
    """
    if not is_deployed(layout):
        raise LocalError("Nothing is deployed; run `make up` first.")
    deployed = cloudformation.physical_ids(emulator.client("cloudformation", layout.emulator_url))
    functions = sam.functions(sam.read(layout.template))
    return {folder: deployed[logical_id] for folder, logical_id in functions.items() if logical_id in deployed}


def choose_function(names: Mapping[str, str], function: str) -> str:
    """Look up the deployed name of a function by its folder.

    Raises:
        LocalError: There is no such function; the message lists all functions.
    """
    try:
        return names[function]
    except KeyError:
        raise LocalError(f"There is no function {function}; the functions are {', '.join(sorted(names))}.") from None


def call(layout: Layout, function: str, event: Json) -> Json:
    """Invoke a deployed function and return its result.

    Args:
        layout: The stack; its MiniStack runs.
        function: Name of the function's folder, `relay_outbox`.
        event: The event to invoke it with.

    Raises:
        LocalError: There is no such function, or it failed.
    """
    name = choose_function(function_names(layout), function)
    response = emulator.client("lambda", layout.emulator_url).invoke(FunctionName=name, Payload=json.dumps(event))
    payload: Json = json.loads(response["Payload"].read())
    if "FunctionError" in response:
        raise LocalError(f"{function} failed: {payload.get('errorMessage', payload)}")
    return payload


def log_sources(layout: Layout, names: Mapping[str, str], since: dt.datetime | None = None) -> list[logs.Source]:
    """Return the log sources of functions.

    Args:
        layout: The stack; its MiniStack runs.
        names: The functions' deployed names, by their names in log lines.
        since: Earliest time; the beginning by default.
    """
    functions = emulator.client("lambda", layout.emulator_url)
    client = emulator.client("logs", layout.emulator_url)
    sources: list[logs.Source] = []
    for function, name in names.items():
        group = functions.get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]
        sources.append(logs.FunctionLog(client, function, group, since))
    displayed = {name: function for function, name in names.items()}
    return [*sources, logs.EmulatorLog(layout.log("ministack"), displayed, since)]
