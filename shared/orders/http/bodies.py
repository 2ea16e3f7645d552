"""Parse request bodies: JSON that matches a model. Loaded by the functions that take bodies only."""

import json
import re
from functools import cache
from typing import Any

from pydantic import AliasChoices, BaseModel, ValidationError

from orders.domain import errors
from orders.domain.quoting import quoted
from orders.schemas.field_errors import field_errors
from orders.schemas.fields import Request

MAX_BODY_BYTES = 1_048_576
"""A body with the maximum of a thousand lines is much smaller."""

_JSON = re.compile(r"application/(json|[\w.+-]+\+json)\s*(;.*)?", re.IGNORECASE)


class _DuplicateName(Exception):
    """A JSON object has the name twice."""


def parse_body[Model: BaseModel](content: bytes, content_type: str, model: type[Model]) -> Model:
    """Parse and validate the body of a request.

    Raises:
        BodyTooLarge: it is longer than `MAX_BODY_BYTES`.
        UnsupportedMediaType: it is not declared as JSON.
        MalformedJson: it is not valid JSON, or an object in it has the same name twice.
        ValidationFailed: it does not match the model.
    """
    if len(content) > MAX_BODY_BYTES:
        raise errors.BodyTooLarge(f"The body has {len(content)} bytes; the maximum is {MAX_BODY_BYTES}.")
    if content and not _JSON.fullmatch(content_type.strip()):
        raise errors.UnsupportedMediaType("The body must be JSON; send the header Content-Type: application/json.")
    _refuse_duplicate_names(content)
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise _body_error(error) from None


def _refuse_duplicate_names(content: bytes) -> None:
    """Refuse an object with two members of one name: parsers differ in which one they take (RFC 8259, section 4)."""
    try:
        json.loads(content, object_pairs_hook=_unique)
    except _DuplicateName as error:
        name = quoted(str(error))
        raise errors.MalformedJson(f"The body has an object with two members {name}; give each name once.") from None
    except (ValueError, RecursionError):
        # Refused by pydantic, too, which says why.
        return


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) == len(pairs):
        return
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise _DuplicateName(name)
        seen.add(name)


def _body_error(error: ValidationError) -> errors.OrderServiceError:
    listed = field_errors(error)
    if listed[0]["type"] == "json_invalid":
        return errors.MalformedJson(f"The body is not valid JSON: {listed[0]['msg'].removeprefix('Invalid JSON: ')}.")
    fields = {part for each in listed for part in each["loc"] if isinstance(part, str)} & _field_names()
    return errors.ValidationFailed(listed, tuple(sorted(fields)))


@cache
def _field_names() -> frozenset[str]:
    """Return the names of all fields, which may be logged: those of a caller's own may be personal data."""
    names: set[str] = set()
    models = list(Request.__subclasses__())
    # The list grows while it is iterated.
    for model in models:
        models += model.__subclasses__()
        for name, field in model.model_fields.items():
            alias = field.validation_alias
            names |= {name, *(str(each) for each in alias.choices)} if isinstance(alias, AliasChoices) else {name}
    return frozenset(names)
