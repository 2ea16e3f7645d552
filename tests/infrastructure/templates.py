"""Templates as CloudFormation processes them with given parameters."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from samcli.lib.cfn_language_extensions.resolvers.condition_resolver import ConditionResolver
from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions

from local import adapter
from local import template as sam
from tests.support import ROOT

MAIN = ROOT / "template.yaml"
NETWORK = ROOT / "infrastructure" / "network.yaml"
DATABASE = ROOT / "infrastructure" / "database.yaml"
ALARMS = ROOT / "infrastructure" / "alarms.yaml"
DASHBOARD = ROOT / "infrastructure" / "dashboard.yaml"
DEPLOY_ROLE = ROOT / "infrastructure" / "deploy-role.yaml"
CONSUMER = ROOT / "examples" / "consumer" / "template.yaml"
ALL = (MAIN, NETWORK, DATABASE)
FILES = [MAIN, CONSUMER, *sorted((ROOT / "infrastructure").glob("*.yaml"))]
"""Every template."""
STAGES: dict[str, dict[str, Any]] = {
    stage: settings["deploy"]["parameters"]
    for stage, settings in tomllib.loads((ROOT / "samconfig.toml").read_text()).items()
    if stage != "version"
}
"""The arguments of `sam deploy` for each stage."""


def overrides(stage: str) -> dict[str, str]:
    """The values that a stage has for parameters of the template."""
    pairs = (pair.split("=", 1) for pair in STAGES[stage]["parameter_overrides"])
    return {name: value.strip('"') for name, value in pairs}


def expanded(path: Path, **parameters: str) -> sam.Json:
    """A template with the resources that SAM generates."""
    return adapter.translate(_packaged(path), parameters)


def deployed(path: Path, **parameters: str) -> sam.Json:
    """A template after both transforms, with values for all parameters.

    AWS::LanguageExtensions comes first. It resolves parameters and conditions, removes AWS::NoValue, and does not touch
    Globals, which SAM adds afterwards.
    """
    with patch.object(ConditionResolver, "_resolve_equals", equal):
        extended = expand_language_extensions(_packaged(path), parameters, enabled=True).expanded_template
    return adapter.translate(extended, parameters)


def equal(resolver: ConditionResolver, arguments: list[Any]) -> bool:
    """Compare as AWS does: a parameter is a string, which no number equals. SAM CLI's own code converts both sides."""
    left, right = (resolver._resolve_nested(argument) for argument in arguments)
    return type(left) is type(right) and left == right


def _packaged(path: Path) -> sam.Json:
    template = sam.read(path)
    for resource in sam.resources(template, *sam.SOURCES).values():
        resource["Properties"][sam.SOURCES[resource["Type"]]] = {"Bucket": "code", "Key": "code.zip"}
    return template


class Deployment:
    """A template with values for some of its parameters, and defaults for the others.

    Args:
        template: the template, or its path.
        **given: the values.

    Attributes:
        parameters: the value of each parameter that has one.
        resources: those that would be created, with parameters and conditions resolved.
        violations: descriptions of the template's rules that the values violate.
    """

    def __init__(self, template: Path | sam.Json, **given: str) -> None:
        if isinstance(template, Path):
            template = sam.read(template)
        declared = template.get("Parameters", {})
        defaults = {name: str(each["Default"]) for name, each in declared.items() if "Default" in each}
        assert given.keys() <= declared.keys()
        self.parameters: Mapping[str, str] = defaults | given

        def resolved(piece: Any) -> Any:
            return sam.resolve(piece, template, self.parameters)

        self.resources: dict[str, Any] = {
            name: resolved(resource)
            for name, resource in template["Resources"].items()
            if "Condition" not in resource or resolved({"Condition": resource["Condition"]})
        }
        self.violations = [
            assertion["AssertDescription"]
            for rule in template.get("Rules", {}).values()
            if resolved(rule.get("RuleCondition", True))
            for assertion in rule["Assertions"]
            if not resolved(assertion["Assert"])
        ]

    def of_type(self, *types: str) -> dict[str, dict[str, Any]]:
        """The properties of the resources of some types, by logical id."""
        return {name: resource["Properties"] for name, resource in self.resources.items() if resource["Type"] in types}


def texts(value: Any) -> Iterator[str]:
    """All strings in a piece of a template."""
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from texts(each)
        case list():
            for each in value:
                yield from texts(each)


SERVICES = {
    f"{service}Url": "https://services.example"
    for service in ("Inventory", "Cart", "Payment", "Shipping", "Notification")
}
"""Parameters without a default."""
NEW = Deployment(MAIN, **SERVICES)
"""A stack that creates its database."""
EXPANDED = Deployment(expanded(MAIN), **SERVICES)
"""The same stack with the resources that SAM generates."""
BUS = Deployment(expanded(MAIN), EventBusName="orders", **SERVICES)
"""The same stack with an event bus."""
