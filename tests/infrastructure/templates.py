"""Templates as CloudFormation would see them with given parameters."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions

from local import adapter
from local import template as sam
from tests.support import ROOT

MAIN = ROOT / "template.yaml"
NETWORK = ROOT / "infrastructure" / "network.yaml"
DATABASE = ROOT / "infrastructure" / "database.yaml"
ALL = (MAIN, NETWORK, DATABASE)


def expanded(path: Path, **parameters: str) -> sam.Json:
    """A template with what SAM adds to it."""
    return adapter.translate(_packaged(path), parameters)


def deployed(path: Path, **parameters: str) -> sam.Json:
    """A template as AWS transforms it, with values for all of its parameters.

    AWS::LanguageExtensions comes first: it puts parameters and conditions into resources, takes away what is nothing,
    and does not touch globals, which SAM adds after that.
    """
    extended = expand_language_extensions(_packaged(path), parameters, enabled=True).expanded_template
    return adapter.translate(extended, parameters)


def _packaged(path: Path) -> sam.Json:
    template = sam.read(path)
    for resource in sam.resources(template, *sam.SOURCES).values():
        resource["Properties"][sam.SOURCES[resource["Type"]]] = {"Bucket": "code", "Key": "code.zip"}
    return template


class Deployment:
    """A template with values for some of its parameters, and defaults for the others.

    Args:
        template: the template, or where it lies.
        **given: the values.

    Attributes:
        parameters: the value of each parameter that has one.
        resources: those that would be made, with parameters and conditions put in.
        violations: what the template's rules have against the values.
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
