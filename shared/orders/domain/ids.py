"""Ids of orders and products, as callers may write them."""

import re
import uuid

PRODUCT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:@+-]{0,63}")
"""A product's id or SKU."""


def is_order_id(text: str) -> bool:
    """Whether the text can be an order's id: a UUID in its usual spelling (RFC 9562, section 4)."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
