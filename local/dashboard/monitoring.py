"""The resources of infrastructure/monitoring.yaml, as AWS would make them."""

import json
from pathlib import Path
from typing import Any

from samcli.lib.cfn_language_extensions import process_template
from samcli.lib.cfn_language_extensions.models import PseudoParameterValues

from local import emulator
from local import template as sam
from local.errors import LocalError
from local.template import Json

MONITORING_STACK = "MonitoringStack"
ACCOUNT = "000000000000"
NESTED = "AWS::CloudFormation::Stack"
NAMES = ("FunctionName", "LogGroupName", "QueueName")
"""The properties that name a resource."""


def resources(root: Path, stack: str, **parameters: str) -> Json:
    """Returns the resources for a stack, loops, conditions and references resolved.

    Args:
        root: The project's folder.
        stack: Name of the stack that is watched.
        parameters: Values for parameters of template.yaml, on top of their defaults.
    """
    main = sam.read(root / "template.yaml")
    nested = main["Resources"][MONITORING_STACK]["Properties"]
    known = _known(main, stack) | parameters
    asked = sam.resolve(nested["Parameters"], main, known)
    given = {name: _value(expression, known) for name, expression in asked.items()}
    place = PseudoParameterValues(region=emulator.REGION, account_id=ACCOUNT)
    processed: Json = process_template(sam.read(root / nested["TemplateURL"]), given, place)
    found: Json = processed["Resources"]
    return found


def widgets(resources: Json) -> list[Json]:
    """Returns the widgets of the dashboard among some resources."""
    found: list[Json] = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"])["widgets"]
    return found


def _known(main: Json, stack: str) -> dict[str, str]:
    """Returns what parameters, named resources and nested stacks of template.yaml stand for, by their logical ids."""
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in main["Parameters"].items()}
    names = {
        logical_id: value["Fn::Sub"].replace("${AWS::StackName}", stack)
        for logical_id, resource in main["Resources"].items()
        for name, value in resource["Properties"].items()
        if name in NAMES
    }
    nested = {logical_id: f"{stack}-{logical_id.lower()}" for logical_id in sam.resources(main, NESTED)}
    return defaults | names | nested | {"Api": emulator.API_ID, "AWS::StackName": stack}


def _value(expression: Any, known: dict[str, str]) -> str:  # noqa: ANN401 - JSON of any kind
    match expression:
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return known[name]
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_value(part, known) for part in parts)
        case str():
            return expression
        case _:
            raise LocalError(f"The local dashboard does not know {expression} as a parameter. Teach it in {__name__}.")
