"""Evaluate the preconditions of conditional requests (RFC 9110, section 13). Header names are in lower case."""

import re
from collections.abc import Mapping

_TAG = re.compile(r'(W/)?("[^"]*")')


def is_known(tag: str, headers: Mapping[str, str]) -> bool:
    """Tell whether ``If-None-Match`` matches an entity tag, by weak comparison (section 13.1.2)."""
    known = headers.get("if-none-match", "")
    return known.strip() == "*" or tag.removeprefix("W/") in {strong for _, strong in _TAG.findall(known)}


def expected_tags(headers: Mapping[str, str]) -> frozenset[str] | None:
    """Return the entity tags that ``If-Match`` accepts; None if it accepts any (section 13.1.1).

    Weak tags never match: the comparison is strong.
    """
    wanted = headers.get("if-match", "*")
    if wanted.strip() == "*":
        return None
    return frozenset(strong for weak, strong in _TAG.findall(wanted) if not weak)
