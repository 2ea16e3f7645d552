"""JSON as OpenAPI has it: objects, and references from one to another."""

from typing import Any

type Json = dict[str, Any]
"""What JSON calls an object."""

SCHEMA = "#/components/schemas/{model}"
"""Where the schema of a model stands."""


def ref(name: str) -> Json:
    """A reference to a schema."""
    return {"$ref": SCHEMA.format(model=name)}


def resolved(document: Json, described: Json) -> Json:
    """What a reference refers to; anything else is itself."""
    if "$ref" not in described:
        return described
    found: Any = document
    for name in described["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return resolved(document, found)
