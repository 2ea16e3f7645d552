"""The errors of a validation, as the API answers them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orders.schemas.fields import EXPECTED

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from orders.domain.field_errors import FieldError

# What pydantic finds, to follow the name of the field. The minimum length of texts and lists is one everywhere.
_TEXTS: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this request",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "int_type": "must be a whole number",
    "decimal_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} entries; it has {actual_length}",
    "list_type": "must be an array",
    "model_type": "must be an object",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
}


def field_errors(error: "ValidationError") -> "list[FieldError]":
    """Return each invalid field, and what would be right; nothing of its value."""
    details = error.errors(include_url=False, include_input=False)
    return [{"loc": list(each["loc"]), "msg": _message(each), "type": each["type"]} for each in details]


def _message(error: "ErrorDetails") -> str:
    context = error.get("ctx", {})
    if error["type"] in {"string_pattern_mismatch", "literal_error"}:
        expected = EXPECTED.get(context.get("pattern", error["loc"][-1]))
        if expected:
            return f"must be {expected}"
    text = _TEXTS.get(error["type"])
    return text.format_map(context) if text else error["msg"]
