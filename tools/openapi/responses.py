"""All responses of an operation: its own, its problems, and the gateway's."""

from collections import defaultdict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from orders.domain.errors import OrderServiceError
from tools.openapi import examples, schemas
from tools.openapi.operations import JSON, Answer, Operation
from tools.openapi.references import Json, ref

PROBLEM = "application/problem+json"

_GATEWAY_ALWAYS = (429, 500, 503)
_GATEWAY_WITH_TOKEN = (401, 403, *_GATEWAY_ALWAYS)


def possible_errors(operation: Operation) -> set[type[OrderServiceError]]:
    """Return the errors of an operation, including internal errors."""
    return {OrderServiceError, *operation.errors}


def responses_of(operation: Operation) -> dict[int, Json]:
    """Return all responses of an operation, by status."""
    problems: defaultdict[int, list[type[OrderServiceError]]] = defaultdict(list)
    for error in sorted(possible_errors(operation), key=lambda error: error.code):
        problems[error.status].append(error)
    gateway = {*(_GATEWAY_ALWAYS if operation.scopes is None else _GATEWAY_WITH_TOKEN)}
    gateway |= {HTTPStatus.REQUEST_ENTITY_TOO_LARGE} if operation.body else set()
    return {
        status: _response(operation.answers.get(status), problems.get(status, []), status, by_gateway=status in gateway)
        for status in sorted({*operation.answers, *problems, *gateway})
    }


def response_name(name: str, operation: Operation, status: int) -> str:
    """Return a response's name in the components; responses not specific to the operation are shared."""
    if status in operation.answers or any(error.status == status for error in operation.errors):
        return f"{name.title().replace('_', '')}{status}"
    return HTTPStatus(status).phrase.replace(" ", "")


def _response(answer: Answer | None, problems: list[type[OrderServiceError]], status: int, *, by_gateway: bool) -> Json:
    """Describe one response; if service and gateway share the status, it can be either's."""
    headers = {"X-Request-ID", *(answer.headers if answer else ())}
    content: Json = {}
    if answer and answer.schema:
        content[answer.media_type] = {"schema": answer.schema, "examples": named(answer.examples)}
    if problems:
        content[PROBLEM] = {
            "schema": _one_of(problems),
            "examples": named({error.code: examples.problem(error) for error in problems}),
        }
        if any(error.retry_after for error in problems):
            headers.add("Retry-After")
    if by_gateway:
        gateway = {
            "schema": ref("GatewayMessage"),
            "examples": named({"gateway": {"message": examples.GATEWAY_MESSAGES[status]}}),
        }
        content[JSON] = _either(content[JSON], gateway) if JSON in content else gateway
    descriptions = [
        *([answer.description] if answer else []),
        *(f"`{error.code}`: {schemas.problem_summary(error)}" for error in problems),
        *([f"By the gateway: {HTTPStatus(status).phrase}."] if by_gateway else []),
    ]
    return {
        "description": "\n\n".join(descriptions),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(headers)},
        **({"content": content} if content else {}),
        **({"links": _links(answer)} if answer and answer.links else {}),
    }


def _links(answer: Answer) -> Json:
    return {
        operation: {"operationId": operation, "parameters": dict(parameters)}
        for operation, parameters in (answer.links or {}).items()
    }


def _one_of(problems: list[type[OrderServiceError]]) -> Json:
    names = {error.code: schemas.problem_name(error) for error in problems}
    if len(names) == 1:
        return ref(*names.values())
    mapping = {code: ref(name)["$ref"] for code, name in names.items()}
    return {
        "oneOf": [ref(name) for name in names.values()],
        "discriminator": {"propertyName": "code", "mapping": mapping},
    }


def _either(first: Json, second: Json) -> Json:
    return {
        "schema": {"anyOf": [first["schema"], second["schema"]]},
        "examples": {**first["examples"], **second["examples"]},
    }


def named(values: Mapping[str, Any]) -> Json:
    """Return examples as OpenAPI has them."""
    return {name: {"value": value} for name, value in values.items()}
