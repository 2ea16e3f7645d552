"""What a request says that its sender has already (RFC 9110, section 13)."""

from collections.abc import Mapping


def is_known(tag: str, headers: Mapping[str, str]) -> bool:
    """Whether ``If-None-Match`` names an entity tag, weakly or not, or any (section 13.1.2).

    Args:
        tag: of what would be answered.
        headers: of the request, by names in lower case.
    """
    known = headers.get("if-none-match", "")
    return known.strip() == "*" or _strong(tag) in {_strong(each.strip()) for each in known.split(",")}


def _strong(tag: str) -> str:
    return tag.removeprefix("W/")
