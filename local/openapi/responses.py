"""All that an operation can answer: what it does itself, its problems, and what the gateway says."""

from collections import defaultdict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from local.openapi import examples, schemas
from local.openapi.operations import JSON, Answer, Operation
from local.openapi.references import Json, ref
from orders.domain.errors import OrderServiceError

PROBLEM = "application/problem+json"

_GATEWAY_ALWAYS = (429, 500, 503)
_GATEWAY_WITH_TOKEN = (401, 403, *_GATEWAY_ALWAYS)


def possible_errors(operation: Operation) -> set[type[OrderServiceError]]:
    """The errors of an operation, with the unknown."""
    return {OrderServiceError, *operation.errors}


def responses_of(operation: Operation) -> dict[int, Json]:
    """All answers of an operation, by status: its own, its problems, and the gateway's."""
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
    """A name in the components; answers that say nothing of the operation are the same for all."""
    if status in operation.answers or any(error.status == status for error in operation.errors):
        return f"{name.title().replace('_', '')}{status}"
    return HTTPStatus(status).phrase.replace(" ", "")


def _response(answer: Answer | None, problems: list[type[OrderServiceError]], status: int, *, by_gateway: bool) -> Json:
    """One answer; where the service and the gateway both give this status, either may have said it."""
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
        said = {
            "schema": ref("GatewayMessage"),
            "examples": named({"gateway": {"message": examples.GATEWAY_MESSAGES[status]}}),
        }
        content[JSON] = _either(content[JSON], said) if JSON in content else said
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
    """Examples, as OpenAPI spells them."""
    return {name: {"value": value} for name, value in values.items()}
