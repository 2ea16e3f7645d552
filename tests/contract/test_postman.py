"""The Postman collection asks for everything that the API does, in the way the document says."""

import json
from collections.abc import Iterator

import pytest

from local.openapi import POSTMAN_FILE
from local.openapi.references import Json
from local.openapi.story import STORY, Step
from orders.http.routes import RouteTable
from tests.contract.contract import errors, operations, resolved
from tests.support import ROOT

COLLECTION: Json = json.loads((ROOT / POSTMAN_FILE).read_text())
BY_ID = {operation["operationId"]: operation for _, _, operation in operations()}


def requests() -> Iterator[tuple[str, str]]:
    """Method and path of each request."""
    for folder in COLLECTION["item"]:
        for item in folder["item"]:
            yield item["request"]["method"], "/" + "/".join(item["request"]["url"]["path"])


def test_given_an_operation_that_is_not_deprecated_when_looked_for_then_some_request_calls_it() -> None:
    called = set(requests())
    for path, method, operation in operations():
        # The names of assets stand in their pages only.
        if "deprecated" not in operation and not path.endswith("/{asset}"):
            table = RouteTable({path: [method]})
            assert any(other in table.methods(place) for other, place in called), operation["operationId"]


@pytest.mark.parametrize("step", STORY, ids=lambda step: step.name)
def test_given_a_request_when_compared_then_its_operation_takes_what_it_sends(step: Step) -> None:
    operation = BY_ID[step.operation]
    documented = {parameter["name"] for parameter in map(resolved, operation["parameters"])}
    assert {*step.headers, *step.query} <= documented
    assert str(step.status) in operation["responses"]
    if step.body is not None and step.status < 400:
        assert errors(operation["requestBody"]["content"]["application/json"]["schema"], step.body) == []
