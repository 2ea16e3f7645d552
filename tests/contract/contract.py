"""The committed OpenAPI document and JSON Schemas, to validate answers and events against."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from openapi_schema_validator import oas31_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.support import ROOT
from tools.openapi import EVENTS_FOLDER, OPENAPI_FILE, references
from tools.openapi.operations import JSON_LINES
from tools.openapi.references import Json

DOCUMENT: Json = json.loads((ROOT / OPENAPI_FILE).read_text())

_JSON = re.compile(r"application/([\w.-]+\+)?json")
_NAME = "urn:openapi"
_REGISTRY: Registry[Any] = Registry().with_resource(_NAME, DRAFT202012.create_resource(DOCUMENT))


def operations() -> Iterator[tuple[str, str, Json]]:
    """Path, method and operation of every route of the document."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def resolved(described: Json) -> Json:
    """What a reference into the document refers to."""
    return references.resolved(DOCUMENT, described)


def errors(schema: Json, value: object) -> list[str]:
    """Validation errors of a value by a schema of the document."""
    text = json.dumps(schema).replace('"#/', f'"{_NAME}#/')
    validator = Draft202012Validator(json.loads(text), registry=_REGISTRY, format_checker=oas31_format_checker)
    return _errors(validator, value)


def event_errors(name: str, event: object) -> list[str]:
    """Validation errors of an event by the JSON Schema of a type."""
    schema = json.loads((ROOT / EVENTS_FOLDER / f"{name}.json").read_text())
    return _errors(Draft202012Validator(schema, format_checker=oas31_format_checker), event)


def _errors(validator: Validator, value: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def complaints(method: str, path: str, status: int, headers: Mapping[str, str], content: bytes) -> list[str]:
    """How an answer differs from the documentation of its operation; empty if it does not.

    Args:
        method: in lower case.
        path: as the document has it.
        status: of the answer.
        headers: of the answer, by names in lower case.
        content: the answer's body.
    """
    described = DOCUMENT["paths"][path][method]["responses"].get(str(status))
    if described is None:
        return [f"{status} is not documented"]
    response = resolved(described)
    differences = []
    for name, header in ((name, resolved(each)) for name, each in response["headers"].items()):
        if name.lower() not in headers:
            differences += [f"{name} is missing"] if header.get("required") else []
        elif header["schema"].get("type") == "string":
            differences += errors(header["schema"], headers[name.lower()])
    media_type = headers.get("content-type", "").partition(";")[0]
    # Without orders, an export has no lines.
    if not content and media_type != JSON_LINES:
        return [*differences, *(["there is no content"] if "content" in response else [])]
    kinds = response.get("content", {})
    kind = kinds.get(media_type) or kinds.get(f"{media_type.partition('/')[0]}/*")
    if kind is None:
        return [*differences, f"{media_type} is not documented"]
    return [
        *differences,
        *errors(kind["schema"], json.loads(content) if _JSON.fullmatch(media_type) else content.decode()),
    ]
