"""The document matches the code and the gateway's routes, and is valid OpenAPI."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from local import adapter, template
from orders.domain.errors import OrderServiceError
from orders.http.routes import PATHS
from tests.contract.contract import DOCUMENT, errors, operations, resolved
from tests.support import ROOT
from tools.openapi import OPENAPI_FILE, document
from tools.openapi.references import Json


def test_given_the_code_when_exported_then_the_committed_document_is_equal() -> None:
    assert document.build(ROOT) == DOCUMENT, f"{OPENAPI_FILE} is out of date: run `make openapi`, and read the diff"


@pytest.mark.parametrize("name", ["openapi.json", "postman.json"])
def test_given_the_docs_when_compared_then_the_function_serves_the_same(name: str) -> None:
    assert (ROOT / "docs" / name).samefile(ROOT / "functions" / "docs" / name)


def test_given_the_document_when_validated_then_it_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_given_the_template_when_compared_then_exactly_its_routes_are_documented() -> None:
    routes = adapter.declared_routes(template.read(ROOT / "template.yaml"))
    declared = {shape(route) for route in routes if route != adapter.DEFAULT_ROUTE}
    described = {shape(f"{method.upper()} {path}") for path, method, _ in operations()}
    assert described == declared
    with_token = {
        shape(f"{method.upper()} {path}") for path, method, operation in operations() if operation["security"]
    }
    assert with_token == {shape(route) for route, wants_token in routes.items() if wants_token}


def shape(route: str) -> str:
    """A route without the names of its placeholders; the gateway's greedy one stands for a slash at the end."""
    return re.sub(r"\{\w+\}", "{}", route.removesuffix("{proxy+}"))


def test_given_the_table_of_paths_when_compared_then_it_has_the_documented_ones() -> None:
    described: dict[str, set[str]] = {}
    for path, method, _ in operations():
        if not path.endswith("/"):
            described.setdefault(path, set()).add(method.upper())
    assert {path: set(methods.split()) for path, methods in PATHS.items()} == described


def codes(error: type[OrderServiceError]) -> Iterator[str]:
    """The codes of errors that are raised: those of the leaf classes."""
    narrower = [code for each in error.__subclasses__() for code in codes(each)]
    yield from narrower or [error.code]


def test_given_an_error_code_when_looked_up_then_it_is_documented() -> None:
    described = {
        schema["properties"]["code"]["const"]
        for schema in DOCUMENT["components"]["schemas"].values()
        if "code" in schema.get("properties", {})
    }
    # The answer for unknown routes, which belongs to no operation.
    assert set(codes(OrderServiceError)) - described == {"method_not_allowed"}
    assert "`method_not_allowed`" in DOCUMENT["info"]["description"]


def examples() -> Iterator[tuple[str, Json, Any]]:
    """Name, schema and value of each example in the document."""

    def of(where: str, content: Json) -> Iterator[tuple[str, Json, Any]]:
        for media_type, described in content.items():
            for name, example in described["examples"].items():
                yield f"{where} {media_type} {name}", described["schema"], example["value"]

    for name, response in DOCUMENT["components"]["responses"].items():
        yield from of(name, response.get("content", {}))
    for path, method, operation in operations():
        yield from of(f"{method} {path}", operation.get("requestBody", {"content": {}})["content"])
        for parameter in map(resolved, operation["parameters"]):
            if "example" in parameter:
                yield f"{method} {path} {parameter['name']}", parameter["schema"], parameter["example"]
    for name, header in DOCUMENT["components"]["headers"].items():
        yield name, header["schema"], header["example"]


@pytest.mark.parametrize(("schema", "value"), [pytest.param(s, v, id=name) for name, s, v in examples()])
def test_given_an_example_when_validated_then_it_matches_its_schema(schema: Json, value: object) -> None:
    assert errors(schema, value) == []


def test_given_the_operations_when_compared_then_each_id_is_unique() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))


def test_given_a_schema_when_looked_up_then_every_field_is_described() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert schema["description"], name
        for field, described in schema.get("properties", {}).items():
            assert described.get("description"), f"{name}.{field}"
