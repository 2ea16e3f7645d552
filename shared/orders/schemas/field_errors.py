"""The errors of a validation, as the API answers them."""

from typing import TYPE_CHECKING

from orders.schemas.requests import EXPECTED

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from orders.domain.field_errors import FieldError


def field_errors(error: "ValidationError") -> "list[FieldError]":
    """Return each invalid field, and what would be right; nothing of its value."""
    details = error.errors(include_url=False, include_input=False)
    return [{"loc": list(each["loc"]), "msg": _message(each), "type": each["type"]} for each in details]


def _message(error: "ErrorDetails") -> str:
    if error["type"] not in {"string_pattern_mismatch", "literal_error"}:
        return error["msg"]
    expected = EXPECTED.get(error["ctx"].get("pattern", error["loc"][-1]))
    return f"Input should be {expected}" if expected else error["msg"]
