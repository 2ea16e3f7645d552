"""Resources of the nested stacks for monitoring, as CloudFormation would create them."""

import json
from pathlib import Path
from typing import Any

from samcli.lib.cfn_language_extensions import process_template
from samcli.lib.cfn_language_extensions.models import PseudoParameterValues

from local import emulator
from local import template as sam
from local.errors import LocalError
from local.template import Json

ALARMS = "Alarms"
DASHBOARD = "Dashboard"
"""Logical ids of the nested stacks in template.yaml."""
ACCOUNT = "000000000000"
STACK = "AWS::CloudFormation::Stack"
NAMES = ("FunctionName", "LogGroupName", "QueueName")
"""Properties that name a resource."""


def resources(root: Path, nested: str, stack: str, **parameters: str) -> Json:
    """Return the resources of a nested stack, with loops, conditions and references resolved.

    Args:
        root: The project's folder.
        nested: Logical id of the nested stack.
        stack: Name of the monitored stack.
        parameters: Values for parameters of template.yaml that differ from their defaults.

    Raises:
        LocalError: template.yaml passes a parameter by an expression that is not supported here.
    """
    main = sam.read(root / "template.yaml")
    properties = main["Resources"][nested]["Properties"]
    known = _known(main, stack) | parameters
    passed = sam.resolve(properties["Parameters"], main, known)
    values = {name: _value(expression, known) for name, expression in passed.items()}
    pseudo = PseudoParameterValues(region=emulator.REGION, account_id=ACCOUNT)
    processed: Json = process_template(sam.read(root / properties["TemplateURL"]), values, pseudo)
    created: Json = processed["Resources"]
    return created


def widgets(resources: Json) -> list[Json]:
    """Return the widgets of the dashboard among some resources."""
    listed: list[Json] = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"])["widgets"]
    return listed


def _known(main: Json, stack: str) -> dict[str, str]:
    """Return the values of parameters, and the names of resources and nested stacks, by logical id."""
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in main["Parameters"].items()}
    names = {
        logical_id: value["Fn::Sub"].replace("${AWS::StackName}", stack)
        for logical_id, resource in main["Resources"].items()
        for name, value in resource["Properties"].items()
        if name in NAMES
    }
    stacks = {logical_id: f"{stack}-{logical_id.lower()}" for logical_id in sam.resources(main, STACK)}
    return defaults | names | stacks | {"Api": emulator.API_ID, "AWS::StackName": stack}


def _value(expression: Any, known: dict[str, str]) -> str:  # noqa: ANN401 - JSON of any kind
    match expression:
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return known[name]
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_value(part, known) for part in parts)
        case str():
            return expression
        case _:
            raise LocalError(f"The expression {expression} is not supported as a parameter. Add it to {__name__}.")
