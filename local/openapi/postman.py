"""The Postman collection: the story's requests, spelled out by the OpenAPI document, and what the story leaves out."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

from local.openapi.references import Json, resolved
from local.openapi.story import CUSTOMER, STAFF, STORY, Step

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_VARIABLES = {"baseUrl": "http://localhost:8001", CUSTOMER: "", STAFF: ""}
_DESCRIPTION = """\
Set the variables `baseUrl`, `token` (of a customer with a cart) and `staffToken` (with the scopes `orders:read`,
`orders:write` and `orders:metrics`), and run the collection as a whole: each request takes up what the ones before have
left. It orders the customer's cart: the next run needs another customer, or something in the cart again.
"""
_PRELUDE = (
    "const header = (name) => pm.response.headers.get(name);",
    "const variable = (name) => pm.collectionVariables.get(name);",
)


class _Operations:
    """The operations of an OpenAPI document, by their ids."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._found = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }

    def __getitem__(self, operation_id: str) -> tuple[str, str, Json]:
        return self._found[operation_id]

    def content(self, operation: Json, status: int) -> tuple[str, Json] | None:
        """The media type and the schema of the service's own answer; None where it has no content."""
        content = resolved(self._document, operation["responses"][str(status)]).get("content")
        if not content:
            return None
        media_type, described = next(iter(content.items()))
        return media_type, resolved(self._document, described["schema"])

    def left_out(self, used: set[str]) -> Iterator[Step]:
        """A request of each operation that can be called just so, unless it is used or there is another one for it."""
        for operation_id, (method, path, operation) in self._found.items():
            if method == "GET" and "{" not in path and operation_id not in used and "deprecated" not in operation:
                yield Step(name=operation["summary"], operation=operation_id, caller=STAFF)


def build(document: Json) -> Json:
    """The collection.

    Args:
        document: the OpenAPI document.
    """
    operations = _Operations(document)
    rest = operations.left_out({step.operation for step in STORY})
    return {
        "info": {"name": document["info"]["title"], "description": _DESCRIPTION, "schema": SCHEMA},
        "item": [
            {"name": "An order's life", "item": [_item(step, operations) for step in STORY]},
            {"name": "The service itself", "item": [_item(step, operations) for step in rest]},
        ],
        "variable": [{"key": name, "value": value, "type": "string"} for name, value in _VARIABLES.items()],
    }


def _item(step: Step, operations: _Operations) -> Json:
    method, template, operation = operations[step.operation]
    path = "/".join(step.place if part.startswith("{") else part for part in template.split("/"))
    raw = f"{{{{baseUrl}}}}{path}"
    url: Json = {"raw": raw, "host": ["{{baseUrl}}"], "path": path.removeprefix("/").split("/")}
    if step.query:
        url["raw"] += f"?{urlencode(step.query, safe='{}')}"
        url["query"] = [{"key": name, "value": value} for name, value in step.query.items()]
    request: Json = {
        "method": method,
        "url": url,
        "header": [{"key": name, "value": value} for name, value in step.headers.items()],
        "description": operation["summary"],
        "auth": _auth(step.caller) if operation["security"] else {"type": "noauth"},
    }
    if step.body is not None:
        language = {"raw": {"language": "json"}}
        request["body"] = {"mode": "raw", "raw": json.dumps(step.body, indent=2), "options": language}
    scripts = {"prerequest": step.before, "test": tuple(_tests(step, operations.content(operation, step.status)))}
    return {"name": step.name, "request": request, "event": [_event(name, lines) for name, lines in scripts.items()]}


def _auth(variable: str) -> Json:
    return {"type": "bearer", "bearer": [{"key": "token", "value": f"{{{{{variable}}}}}", "type": "string"}]}


def _event(listen: str, lines: tuple[str, ...]) -> Json:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": list(lines)}}


def _tests(step: Step, content: tuple[str, Json] | None) -> Iterator[str]:
    yield from _PRELUDE
    yield _test(f"answers {step.status}", f"pm.response.to.have.status({step.status})")
    if content:
        media_type, schema = content
        yield _test(f"is {media_type}", f'pm.expect(header("Content-Type")).to.include({json.dumps(media_type)})')
        if media_type.endswith("json"):
            yield "const answer = pm.response.json();"
        if required := schema.get("required"):
            yield _test("has all its fields", f"pm.expect(answer).to.include.all.keys({json.dumps(required)})")
    for expression, value in step.expected.items():
        yield _test(f"has {expression}", f"pm.expect({expression}).to.eql({value})")
    for name, expression in step.kept.items():
        yield f"pm.collectionVariables.set({json.dumps(name)}, {expression});"


def _test(name: str, assertion: str) -> str:
    return f"pm.test({json.dumps(name)}, () => {assertion});"
