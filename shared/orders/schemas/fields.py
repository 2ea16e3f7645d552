"""The types of fields in request bodies and carts, with their limits."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from orders.domain import money
from orders.domain.caller import CUSTOMER_ID, CUSTOMER_ID_FORMAT, EMAIL, MAX_EMAIL
from orders.domain.details import COUNTRIES, MAX_METADATA
from orders.domain.ids import PRODUCT_ID, PRODUCT_ID_FORMAT
from orders.domain.states import Status

MAX_LINES = 1_000
MAX_QUANTITY = 100_000
MAX_NOTE = 1_000
"""Characters of a note."""


def _whole(value: object) -> object:
    """Accept 5.0 for 5: JSON does not tell them apart."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number_as_text(value: object) -> object:
    """Accept 5 for "5": many shops use numbers as ids. `True` is not a number here."""
    number = _whole(value)
    return str(number) if isinstance(number, int) and not isinstance(number, bool) else value


def lower_case(value: object) -> object:
    """Accept a name in any letter case."""
    return value.strip().lower() if isinstance(value, str) else value


def status_name(value: object) -> object:
    """Accept a status in any letter case, and `Ordered`, the name of `pending` in earlier services."""
    name = lower_case(value)
    return Status.PENDING if name == "ordered" else name


def _upper_case(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_SIGNED_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def _decimal(value: object) -> object:
    """Accept a string as a price only in plain decimal notation; Python also parses others, such as 1_000."""
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError("must be a decimal number such as 79.99")
    return value


def _signed_decimal(value: object) -> object:
    if isinstance(value, str) and not _SIGNED_DECIMAL.fullmatch(value):
        raise ValueError("must be a decimal number such as 4.90 or -5.00")
    return value


def _stripped_or_none(value: str) -> str | None:
    """Take a blank field of a form for one that is not filled in."""
    return value.strip() or None


# No control characters, because PostgreSQL cannot store NUL. Listed, because not every reader of the OpenAPI document
# supports \p{Cc}.
_CONTROL = r"\x00-\x1f\x7f-\x9f"
_TEXT = rf"^[^{_CONTROL}]*$"
# Surrounding white space is stripped; a name must have other characters, too.
_STRIPPED_TEXT = rf"^\s*[^{_CONTROL}]*\s*$"
_STRIPPED_NAME = rf"^\s*[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*\s*$"

# A note may have several lines.
_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"

_CUSTOMER = f"^{CUSTOMER_ID.pattern}$"
_PRODUCT = f"^{PRODUCT_ID.pattern}$"
_EMAIL = f"^{EMAIL.pattern}$"
EXPECTED: Mapping[str, str] = {
    _CUSTOMER: CUSTOMER_ID_FORMAT,
    _PRODUCT: PRODUCT_ID_FORMAT,
    _EMAIL: "an e-mail address",
    _TEXT: "text without control characters",
    _STRIPPED_TEXT: "text without control characters",
    _STRIPPED_NAME: "text without control characters, and not blank",
    _LINES: "text without control characters, other than tabs and line breaks",
    "currency": "an ISO 4217 code such as USD",
    "country": "an ISO 3166-1 alpha-2 code such as US",
}
"""What to say of a field instead of its pattern, by pattern; of a field with too many values to list, by its name."""

_BLANK_IS_NONE = AfterValidator(_stripped_or_none)
_CustomerText = Annotated[str, StringConstraints(pattern=_CUSTOMER)]
_ProductText = Annotated[str, StringConstraints(pattern=_PRODUCT)]
_Natural = Annotated[int, Field(ge=0)]
_Amount = Annotated[float, Field(ge=0)]
_SignedText = Annotated[str, StringConstraints(pattern=f"^{_SIGNED_DECIMAL.pattern}$")]
_DecimalText = Annotated[str, StringConstraints(pattern=f"^{_DECIMAL.pattern}$")]

CustomerId = Annotated[_CustomerText, BeforeValidator(_number_as_text, json_schema_input_type=_CustomerText | int)]
ProductId = Annotated[_ProductText, BeforeValidator(_number_as_text, json_schema_input_type=_ProductText | _Natural)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_STRIPPED_NAME)]
Email = Annotated[str, StringConstraints(max_length=MAX_EMAIL, pattern=_EMAIL)]
Label = Annotated[str, StringConstraints(max_length=255, pattern=_TEXT)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=_STRIPPED_TEXT)]
TrackingNumber = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_TEXT)]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_TEXT)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY), BeforeValidator(_whole)]
Price = Annotated[Decimal, Field(ge=0), BeforeValidator(_decimal, json_schema_input_type=_Amount | _DecimalText)]
SignedAmount = Annotated[
    Decimal, Field(allow_inf_nan=False), BeforeValidator(_signed_decimal, json_schema_input_type=float | _SignedText)
]
Currency = Annotated[Literal[*money.DECIMALS], BeforeValidator(_upper_case)]  # type: ignore[valid-type]
Country = Annotated[Literal[*COUNTRIES], BeforeValidator(_upper_case)]  # type: ignore[valid-type]
Note = Annotated[str, StringConstraints(max_length=MAX_NOTE, pattern=_LINES), _BLANK_IS_NONE]
RequiredText = Annotated[str, StringConstraints(min_length=1, pattern=_STRIPPED_NAME)]
"""Its length is limited before it is stripped, as the API's document says; `STRIPPED` strips it."""
STRIPPED = AfterValidator(str.strip)
Text = Annotated[str, StringConstraints(pattern=_STRIPPED_TEXT)]
Text20 = Annotated[Text, Field(max_length=20), _BLANK_IS_NONE]
Text32 = Annotated[Text, Field(max_length=32), _BLANK_IS_NONE]
Text64 = Annotated[Text, Field(max_length=64), _BLANK_IS_NONE]
Text100 = Annotated[Text, Field(max_length=100), _BLANK_IS_NONE]
Text128 = Annotated[Text, Field(max_length=128), _BLANK_IS_NONE]
Text200 = Annotated[Text, Field(max_length=200), _BLANK_IS_NONE]
Text255 = Annotated[Text, Field(max_length=255), _BLANK_IS_NONE]
Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=_TEXT)],
        Annotated[str, StringConstraints(max_length=500, pattern=_LINES)],
    ],
    Field(max_length=MAX_METADATA),
]


class Request(BaseModel):
    """Base of all request bodies: unknown fields are rejected, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)
