"""Read SAM templates."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from samcli.lib.cfn_language_extensions.models import TemplateProcessingContext
from samcli.lib.cfn_language_extensions.processors import ForEachProcessor, TemplateParsingProcessor
from samtranslator.yaml_helper import yaml_parse
from yaml import YAMLError

from local.errors import LocalError

type Json = dict[str, Any]
"""A part of a template: a JSON object."""

FUNCTION = "AWS::Serverless::Function"
LAYER = "AWS::Serverless::LayerVersion"
HTTP_API = "AWS::Serverless::HttpApi"
VARIABLE = re.compile(r"\$\{(\w+)\}")
NOTHING = {"Ref": "AWS::NoValue"}
SOURCES = {FUNCTION: "CodeUri", LAYER: "ContentUri"}
"""The property with the source folder, for each type that `sam build` builds."""


def read(path: Path) -> Json:
    """Read a template and expand its short forms (`!Ref`), loops (`Fn::ForEach`) and mappings.

    Raises:
        LocalError: There is no such file, or it is not YAML.
    """
    try:
        template: Json = yaml_parse(path.read_text())
    except FileNotFoundError:
        raise LocalError(f"{path} is missing.") from None
    except YAMLError as error:
        raise LocalError(f"{path} is not YAML: {error}") from None
    context = TemplateProcessingContext(fragment=template)
    for step in (TemplateParsingProcessor(), ForEachProcessor()):
        step.process_template(context)
    expanded: Json = _expand(context.fragment, template.get("Mappings", {}))
    return expanded


def _expand(piece: Any, mappings: Json) -> Any:  # noqa: ANN401 - templates hold anything
    """Replace the expressions that a loop leaves behind (names of resources, look-ups in mappings) by their values."""
    match piece:
        case {"Fn::Sub": str(text)} if "${" not in text:
            return text
        case {"Fn::FindInMap": [str(name), str(first), str(second)]} if name in mappings:
            return mappings[name][first][second]
        case dict():
            return _substitute({name: _expand(each, mappings) for name, each in piece.items()})
        case list():
            return [_expand(each, mappings) for each in piece]
    return piece


def _substitute(piece: Json) -> Json:
    """Return `Fn::Sub` with known variables as `Fn::Sub` without; anything else as it is."""
    match piece:
        case {"Fn::Sub": [str(text), dict(variables)]} if all(isinstance(value, str) for value in variables.values()):
            return {"Fn::Sub": VARIABLE.sub(lambda match: variables.get(match[1], match[0]), text)}
    return piece


def resources(template: Json, *types: str) -> Json:
    """Return the resources of the given types by logical id."""
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] in types}


def statements(piece: Any) -> Iterator[Json]:  # noqa: ANN401 - templates hold anything
    """Yield all policy statements in a part of a template."""
    match piece:
        case {"Effect": _}:
            yield piece
        case dict():
            for each in piece.values():
                yield from statements(each)
        case list():
            for each in piece:
                yield from statements(each)


def resolve(piece: Any, template: Json, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - templates hold anything
    """Return a part of a template with parameters and conditions resolved; keep what only AWS can resolve.

    Args:
        piece: Any part of the template.
        template: The whole template.
        values: Values of its parameters.
    """

    def resolved(piece: Any) -> Any:  # noqa: ANN401
        return resolve(piece, template, values)

    match piece:
        case {"Ref": str(name)} if name in values:
            return values[name]
        case {"Condition": str(name), **others} if not others:
            return resolved(template["Conditions"][name])
        case {"Fn::If": [name, then, otherwise]}:
            return resolved(then if resolved({"Condition": name}) else otherwise)
        case dict():
            return _computed({name: resolved(each) for name, each in piece.items()})
        case list():
            return [each for each in map(resolved, piece) if each != NOTHING]
    return piece


def _computed(piece: Json) -> Any:  # noqa: ANN401
    """Evaluate an intrinsic function of resolved arguments; return other objects without `AWS::NoValue`."""
    match piece:
        case {"Fn::Equals": [left, right]}:
            # Parameters are strings, and AWS::LanguageExtensions compares strictly: no number equals a parameter.
            equal: bool = left == right
            return equal
        case {"Fn::Not": [condition]}:
            return not condition
        case {"Fn::And": conditions}:
            return all(conditions)
        case {"Fn::Or": conditions}:
            return any(conditions)
        case {"Fn::Join": ["", str(listed)]}:
            return listed
    return {name: each for name, each in piece.items() if each != NOTHING}


def source(resource: Json) -> str:
    """Return the source folder of a function or layer, as the template has it."""
    folder: str = resource["Properties"][SOURCES[resource["Type"]]]
    return folder


def functions(template: Json) -> dict[str, str]:
    """Return the logical ids of the functions, by folder."""
    declared = resources(template, FUNCTION)
    return {Path(source(function)).name: logical_id for logical_id, function in declared.items()}
