"""What a request says that its sender has already (RFC 9110, section 13). Headers are by names in lower case."""

import re
from collections.abc import Mapping

_TAG = re.compile(r'(W/)?("[^"]*")')


def is_known(tag: str, headers: Mapping[str, str]) -> bool:
    """Whether ``If-None-Match`` names an entity tag, weakly or not, or any (section 13.1.2)."""
    known = headers.get("if-none-match", "")
    return known.strip() == "*" or tag.removeprefix("W/") in {strong for _, strong in _TAG.findall(known)}


def expected_tags(headers: Mapping[str, str]) -> frozenset[str] | None:
    """The entity tags of which ``If-Match`` wants one; None where any will do (section 13.1.1).

    Weak ones are none of them: they do not tell whether it is the same byte for byte.
    """
    wanted = headers.get("if-match", "*")
    if wanted.strip() == "*":
        return None
    return frozenset(strong for weak, strong in _TAG.findall(wanted) if not weak)
