"""No change to the API breaks clients unintentionally."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.contract import DOCUMENT
from tools.openapi.breaking import breaking_changes
from tools.openapi.references import Json

RELEASED = Path(__file__).parent / "released.json"


def test_given_the_released_document_when_compared_then_no_change_is_breaking() -> None:
    broken = breaking_changes(json.loads(RELEASED.read_text()), DOCUMENT)
    assert not broken, "clients of the released API break (docs/api.md, Changes):\n" + "\n".join(broken)


def small() -> Json:
    """A document with one of each kind of thing."""
    request = {
        "type": "object",
        "properties": {
            "quantity": {"type": "integer", "minimum": 1, "maximum": 100},
            "size": {"enum": ["small", "large"]},
            "note": {"anyOf": [{"type": "string", "maxLength": 10}, {"type": "null"}]},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["quantity"],
        "additionalProperties": False,
    }
    answer = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "state": {"$ref": "#/components/schemas/State"},
            "status": {"enum": ["new"]},
            "note": {"type": "string"},
        },
        "required": ["id", "state"],
    }
    problem = {"type": "object", "properties": {"code": {"const": "gone"}}, "required": ["code"]}
    overlay = {"type": "object", "properties": {"type": {"const": "made"}, "status": {"enum": ["new"]}}}
    message = {"allOf": [{"$ref": "#/components/schemas/Event"}, overlay]}
    event = {"type": "object", "properties": {"id": {"type": "string"}, "type": {"enum": ["made"]}}, "required": ["id"]}
    return {
        "paths": {
            "/things": {
                "post": {
                    "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
                    "requestBody": {"required": False, "content": {"application/json": {"schema": request}}},
                    "responses": {
                        "200": {
                            "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
                            "content": {"application/json": {"schema": answer}},
                        },
                        "409": {"content": {"application/problem+json": {"schema": {"oneOf": [problem]}}}},
                    },
                },
                "get": {"responses": {"200": {}}},
            }
        },
        "webhooks": {"made": {"post": {"requestBody": {"content": {"application/json": {"schema": message}}}}}},
        "components": {"schemas": {"State": {"type": "string", "enum": ["open", "closed"]}, "Event": event}},
    }


def post(document: Json) -> Json:
    operation: Json = document["paths"]["/things"]["post"]
    return operation


def request(document: Json) -> Json:
    schema: Json = post(document)["requestBody"]["content"]["application/json"]["schema"]
    return schema


def answer(document: Json) -> Json:
    schema: Json = post(document)["responses"]["200"]["content"]["application/json"]["schema"]
    return schema


def message(document: Json) -> list[Json]:
    """The parts of the webhook's body."""
    body = document["webhooks"]["made"]["post"]["requestBody"]
    parts: list[Json] = body["content"]["application/json"]["schema"]["allOf"]
    return parts


def event(document: Json) -> Json:
    schema: Json = document["components"]["schemas"]["Event"]
    return schema


BREAKS: dict[str, Callable[[Json], Any]] = {
    "POST /things: removed": lambda new: new["paths"].clear(),
    "GET /things: removed": lambda new: new["paths"]["/things"].pop("get"),
    "POST /things: takes a token now": lambda new: post(new).update(security=[{"token": []}]),
    "409: removed": lambda new: post(new)["responses"].pop("409"),
    "header ETag removed": lambda new: post(new)["responses"]["200"]["headers"].clear(),
    "header ETag optional now": lambda new: post(new)["responses"]["200"]["headers"]["ETag"].update(required=False),
    "application/json removed": lambda new: post(new)["responses"]["200"]["content"].clear(),
    "parameter q in query: removed": lambda new: post(new)["parameters"].clear(),
    "parameter q in query: required now": lambda new: post(new)["parameters"][0].update(required=True),
    "parameter r in query: required now": lambda new: post(new)["parameters"].append(
        {"name": "r", "in": "query", "required": True, "schema": {}}
    ),
    "parameter q in query: pattern is": lambda new: post(new)["parameters"][0]["schema"].update(pattern="^a"),
    "request: no longer has a body": lambda new: post(new).pop("requestBody"),
    "request: body required now": lambda new: post(new)["requestBody"].update(required=True),
    "request.size: removed": lambda new: request(new)["properties"].pop("size"),
    "request.size: required now": lambda new: request(new)["required"].append("size"),
    "request.size: 'small' is refused now": lambda new: request(new)["properties"]["size"]["enum"].remove("small"),
    "request.tags[]: only certain values are taken now": lambda new: request(new)["properties"]["tags"]["items"].update(
        enum=["a"]
    ),
    "request.quantity: maximum is 99": lambda new: request(new)["properties"]["quantity"].update(maximum=99),
    "request.quantity: minimum is 2": lambda new: request(new)["properties"]["quantity"].update(minimum=2),
    "request.note: maxLength is 9": lambda new: request(new)["properties"]["note"]["anyOf"][0].update(maxLength=9),
    "request.note: null removed": lambda new: request(new)["properties"]["note"]["anyOf"].pop(),
    "request.quantity: integer removed": lambda new: request(new)["properties"].update(quantity={"type": "string"}),
    "200.note: removed": lambda new: answer(new)["properties"].pop("note"),
    "200.state: optional now": lambda new: answer(new)["required"].remove("state"),
    "200.state: 'lost' is possible now": lambda new: new["components"]["schemas"]["State"]["enum"].append("lost"),
    "200.state: any value is possible now": lambda new: new["components"]["schemas"]["State"].pop("enum"),
    "200.note: null possible now": lambda new: answer(new)["properties"].update(
        note={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
    "200.id: string uuid removed": lambda new: answer(new)["properties"]["id"].pop("format"),
    "webhook made: removed": lambda new: new["webhooks"].clear(),
    "webhook made: application/json removed": lambda new: new["webhooks"]["made"]["post"].pop("requestBody"),
    "webhook made: fewer schemas hold now": lambda new: message(new).pop(),
    "webhook made.type: const is 'other'": lambda new: message(new)[1]["properties"]["type"].update(const="other"),
    "webhook made.id: removed": lambda new: event(new)["properties"].pop("id"),
    "webhook made.id: optional now": lambda new: event(new)["required"].remove("id"),
    "webhook made.id: string removed": lambda new: event(new)["properties"].update(id={"type": "integer"}),
}


@pytest.mark.parametrize("expected", BREAKS)
def test_given_a_breaking_change_when_compared_then_it_is_reported(expected: str) -> None:
    old, new = small(), small()
    BREAKS[expected](new)
    assert any(expected in change for change in breaking_changes(old, new)), breaking_changes(old, new)


def test_given_the_first_webhooks_when_compared_then_they_are_allowed() -> None:
    old = small()
    old.pop("webhooks")
    assert breaking_changes(old, small()) == []


def test_given_a_request_with_other_rules_when_compared_then_it_is_reported() -> None:
    old, new = small(), small()
    request(old)["allOf"] = [{"not": {"required": ["size", "note"]}}]
    request(new)["allOf"] = [{"not": {"required": ["size", "tags"]}}]
    assert [change.partition(" is ")[0] for change in breaking_changes(old, new)] == ["POST /things: request: allOf"]


def test_given_a_schema_that_refuses_new_fields_when_compared_then_it_is_reported() -> None:
    old = small()
    request(old).pop("additionalProperties")
    assert breaking_changes(old, small()) == ["POST /things: request: other fields are refused now"]


def _name_request(new: Json) -> None:
    new["components"]["schemas"]["Renamed"] = dict(request(new))
    request(new).clear()
    request(new)["$ref"] = "#/components/schemas/Renamed"


HARMLESS: dict[str, Callable[[Json], Any]] = {
    "another path": lambda new: new["paths"].update({"/more": {"get": {"responses": {}}}}),
    "another method": lambda new: new["paths"]["/things"].update(put={"responses": {}}),
    "another status": lambda new: post(new)["responses"].update({"404": {}}),
    "another header": lambda new: post(new)["responses"]["200"]["headers"].update(Age={"schema": {}}),
    "another problem": lambda new: post(new)["responses"]["409"]["content"]["application/problem+json"]["schema"][
        "oneOf"
    ].append({"type": "object", "format": "other"}),
    "an optional parameter": lambda new: post(new)["parameters"].append({"name": "r", "in": "query", "schema": {}}),
    "an optional field in a request": lambda new: request(new)["properties"].update(more={"type": "string"}),
    "one field less required in a request": lambda new: request(new)["required"].clear(),
    "more values in a request": lambda new: request(new)["properties"]["size"]["enum"].append("huge"),
    "wider limits in a request": lambda new: request(new)["properties"]["quantity"].update(minimum=0, maximum=101),
    "no limit in a request": lambda new: request(new)["properties"]["quantity"].pop("maximum"),
    "another field in an answer": lambda new: answer(new)["properties"].update(more={"type": "string"}),
    "an answer that always has a field": lambda new: answer(new)["required"].append("note"),
    "a new status in an answer": lambda new: answer(new)["properties"]["status"]["enum"].append("done"),
    "fewer values in an answer": lambda new: new["components"]["schemas"]["State"]["enum"].pop(),
    "another name of the only schema of a body": _name_request,
    "another webhook": lambda new: new["webhooks"].update(sold={"post": {}}),
    "another field in a webhook": lambda new: event(new)["properties"].update(more={"type": "string"}),
    "a new status in a webhook": lambda new: message(new)[1]["properties"]["status"]["enum"].append("done"),
    "a new type of event": lambda new: event(new)["properties"]["type"]["enum"].append("sold"),
    "one more schema of a webhook": lambda new: message(new).append({"type": "object"}),
    "a text that reads better": lambda new: answer(new).update(description="better"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_given_a_compatible_change_when_compared_then_it_is_allowed(name: str) -> None:
    old, new = small(), small()
    before = copy.deepcopy(new)
    HARMLESS[name](new)
    assert new != before
    assert breaking_changes(old, new) == []
