"""The errors of single fields, as one answer lists them."""

from collections.abc import Sequence
from typing import TypedDict

MAX_FIELD_ERRORS = 50
"""The number of errors that one answer lists."""
_MAX_NAME = 100
_MAX_MESSAGE = 500


class FieldError(TypedDict):
    """A field with an invalid value."""

    loc: list[str | int]
    """The path to the field: names and list indexes, outermost first."""
    msg: str
    """What is wrong, human-readable."""
    type: str
    """What is wrong, machine-readable."""


def bounded(errors: Sequence[FieldError]) -> list[FieldError]:
    """Return the first errors, with long names, which callers may choose, and long messages cut."""
    return [
        {
            "loc": [part[:_MAX_NAME] if isinstance(part, str) else part for part in error["loc"]],
            "msg": error["msg"][:_MAX_MESSAGE],
            "type": error["type"],
        }
        for error in errors[:MAX_FIELD_ERRORS]
    ]
