"""The formats of order and product ids."""

import re

PRODUCT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:@+-]{0,63}")
"""A product's id or SKU."""
PRODUCT_ID_FORMAT = "1 to 64 letters, digits and ._~@:+-, starting with a letter or digit"

ORDER_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
"""An order's number for people; 18 digits fit a bigint."""

SHORT_ID = re.compile(r"[0-9A-Fa-f]{8}")
"""The end of an order's id, which people are shown. It is random; the start of the id is a time."""

_ORDER_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def is_order_id(text: str) -> bool:
    """Tell whether the text is a UUID in its standard format (RFC 9562, section 4), in either letter case."""
    return _ORDER_ID.fullmatch(text) is not None
