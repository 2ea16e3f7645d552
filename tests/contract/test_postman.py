"""The Postman collection calls every operation of the API as the OpenAPI document describes it."""

import json
import re
from collections.abc import Iterator

import pytest

from orders.http.routes import RouteTable
from tests.contract.contract import errors, operations, resolved
from tests.support import ROOT
from tools.openapi import POSTMAN_FILE
from tools.openapi.references import Json

COLLECTION: Json = json.loads((ROOT / POSTMAN_FILE).read_text())
ITEMS: list[Json] = [item for folder in COLLECTION["item"] for item in folder["item"]]


def called(item: Json) -> Iterator[Json]:
    """The operations that an item calls: exactly one in a valid collection."""
    path = "/" + "/".join(item["request"]["url"]["path"])
    for template, method, operation in operations():
        matches = item["request"]["method"] in RouteTable({template: [method]}).methods(path)
        if matches and "deprecated" not in operation:
            yield operation


def test_given_an_operation_in_use_when_looked_up_then_an_item_calls_it() -> None:
    names = {operation["operationId"] for item in ITEMS for operation in called(item)}
    current = {
        operation["operationId"]
        for path, _, operation in operations()
        # The names of assets change with their contents.
        if "deprecated" not in operation and not path.endswith("/{asset}")
    }
    assert names == current


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["name"])
def test_given_an_item_when_validated_then_its_operation_accepts_the_request(item: Json) -> None:
    [operation] = called(item)
    request = item["request"]
    documented = {parameter["name"] for parameter in map(resolved, operation["parameters"])}
    assert {field["key"] for field in (*request["header"], *request["url"].get("query", ()))} <= documented
    assert (request["auth"]["type"] == "bearer") is bool(operation["security"])
    [status] = re.findall(r"to\.have\.status\((\d+)\)", json.dumps(item["event"]))
    assert status in operation["responses"]
    if "body" in request and status < "400":
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert errors(schema, json.loads(request["body"]["raw"])) == []
