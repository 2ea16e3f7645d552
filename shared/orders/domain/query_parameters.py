"""What the query parameters of lists and of the feed have in common."""

from collections.abc import Mapping, Sequence

from orders.domain.errors import InvalidParameter
from orders.domain.quoting import quoted


def check_known(name: str, known: Sequence[str]) -> None:
    """Check that a parameter is one of those that are known.

    Raises:
        InvalidParameter: it is not.
    """
    if name not in known:
        raise InvalidParameter("parameter", f"{quoted(name)} is unknown; the parameters are {', '.join(known)}.")


def is_number(text: str, max_digits: int) -> bool:
    """Tell whether a text is a whole number of at most so many digits."""
    # isascii, because isdecimal accepts the digits of every script.
    return text.isascii() and text.isdecimal() and len(text) <= max_digits


def number(parameters: Mapping[str, str], name: str, default: int, *, minimum: int, maximum: int) -> int:
    """Return the value of a parameter that is a whole number.

    Raises:
        InvalidParameter: it is none, or out of bounds.
    """
    text = parameters.get(name, str(default))
    if is_number(text, len(str(maximum))) and minimum <= int(text) <= maximum:
        return int(text)
    raise InvalidParameter(name, f"is {quoted(text)}; it must be a whole number from {minimum} to {maximum}.")
