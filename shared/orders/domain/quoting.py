"""Quote what a caller sent in the description of an error."""

MAX_QUOTED = 100
"""The number of characters to quote."""


def quoted(text: str) -> str:
    """Return a text in quotes; of a long one, its beginning and its length."""
    if len(text) <= MAX_QUOTED:
        return repr(text)
    return f"{text[:MAX_QUOTED]!r}… ({len(text)} characters)"
