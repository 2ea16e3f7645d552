"""Reading SAM templates."""

from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse
from yaml import YAMLError

from local.errors import LocalError

type Json = dict[str, Any]
"""A piece of a template: what JSON calls an object."""

FUNCTION = "AWS::Serverless::Function"
LAYER = "AWS::Serverless::LayerVersion"
HTTP_API = "AWS::Serverless::HttpApi"
SOURCES = {FUNCTION: "CodeUri", LAYER: "ContentUri"}
"""The property that names the folder, for each type that `sam build` builds."""


def read(path: Path) -> Json:
    """Returns a template with its short forms (`!Ref`) spelled out.

    Raises:
        LocalError: There is no such file, or it is not YAML.
    """
    try:
        template: Json = yaml_parse(path.read_text())
    except FileNotFoundError:
        raise LocalError(f"{path} is missing.") from None
    except YAMLError as error:
        raise LocalError(f"{path} is not YAML: {error}") from None
    return template


def resources(template: Json, *types: str) -> Json:
    """Returns the resources of the given types by logical id."""
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] in types}


def source(resource: Json) -> str:
    """Returns the folder that a function or layer is made of, as the template writes it."""
    folder: str = resource["Properties"][SOURCES[resource["Type"]]]
    return folder


def functions(template: Json) -> dict[str, str]:
    """Returns the logical ids of the functions by the names of their folders: `create_order`."""
    found = resources(template, FUNCTION)
    return {Path(source(function)).name: logical_id for logical_id, function in found.items()}
