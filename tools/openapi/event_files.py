"""The files about events: a JSON Schema for each type, and the table of all types in the documentation."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from orders.domain.lifecycle import TRANSITIONS, Event
from orders.domain.states import PLACED
from tools.openapi import EVENTS_FILE, EVENTS_FOLDER, events
from tools.openapi.references import Json

_REFERENCE = re.compile('"#/components/schemas/([A-Za-z]+)"')
_TABLE = re.compile(r"(?<=\n)\| type \|.*?\n(?=\n)", re.DOTALL)


def contents(root: Path, document: Json) -> dict[str, str]:
    """Return the texts of all generated files about events, by path.

    Args:
        root: the project's folder.
        document: the OpenAPI document.
    """
    schemas = document["components"]["schemas"]
    files = {f"{EVENTS_FOLDER}/{event}.json": _text(json_schema(event, schemas)) for event in Event}
    page = _TABLE.sub(lambda _: table(), (root / EVENTS_FILE).read_text(), count=1)
    return {EVENTS_FILE: page, **files}


def json_schema(event: Event, schemas: Json) -> Json:
    """Return the JSON Schema of a type. It needs no other file, and lets documents have more fields.

    Args:
        event: the type.
        schemas: those of the OpenAPI document, by name.
    """
    general = schemas["EventDocument"]
    fields = general["properties"]
    restrictions = {
        name: {**schema, "description": fields[name]["description"]}
        for name, schema in events.restrictions(event).items()
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:orders:event:{event}",
        "title": event.value,
        "description": events.MEANINGS[event],
        "type": "object",
        "properties": {**fields, **restrictions},
        "required": general["required"],
        "examples": [events.example(event)],
    }
    definitions = {name: schemas[name] for name in sorted(_names(schema, schemas))}
    text = _REFERENCE.sub(r'"#/$defs/\1"', json.dumps({**schema, "$defs": definitions}))
    return cast("Json", json.loads(text, object_hook=_opened))


def table() -> str:
    """Return the table of all types: what each means, and the statuses after it."""
    return "\n".join(["| type | what happened | order | payment | shipment |", "|---|---|---|---|---|", *_rows(), ""])


def _rows() -> Iterator[str]:
    for event, meaning in events.MEANINGS.items():
        rows = [PLACED] if event is Event.PLACED else [row for row in TRANSITIONS if row.event is event]
        cells = (_cell(getattr(row, name) for row in rows) for name in ("status", "payment_status", "shipping_status"))
        yield f"| [`{event}`](events/{event}.json) | {meaning} | {' | '.join(cells)} |"


def _cell(targets: Iterable[str | None]) -> str:
    """Name the statuses that rows of the lifecycle lead to; None keeps the one before."""
    names = dict.fromkeys(targets)
    kept = ["as before"] if None in names else []
    return " or ".join([*(f"`{name}`" for name in names if name), *kept])


def _names(schema: Json, schemas: Json) -> set[str]:
    """Return the names of all schemas that a schema refers to, also by others."""
    names: set[str] = set()
    new = set(_REFERENCE.findall(json.dumps(schema)))
    while new:
        names |= new
        new = {name for each in new for name in _REFERENCE.findall(json.dumps(schemas[each]))} - names
    return names


def _opened(value: Json) -> Json:
    """Let an object have more fields: later versions add some."""
    return {key: each for key, each in value.items() if (key, each) != ("additionalProperties", False)}


def _text(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
