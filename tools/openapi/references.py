"""References in OpenAPI documents."""

from typing import Any

type Json = dict[str, Any]
"""A JSON object."""

SCHEMA = "#/components/schemas/{model}"
"""The reference to a model's schema."""


def ref(name: str) -> Json:
    """Return a reference to a schema."""
    return {"$ref": SCHEMA.format(model=name)}


def resolved(document: Json, described: Json) -> Json:
    """Follow a reference; return anything else unchanged."""
    if "$ref" not in described:
        return described
    target: Any = document
    for name in described["$ref"].removeprefix("#/").split("/"):
        target = target[name]
    return resolved(document, target)
