"""The kinds of values in the services' requests and records."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, model_validator

type Amount = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
"""Money as an integer number of minor units: 15998 is USD 159.98."""

type Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

type SignedPrice = Annotated[
    Decimal, Field(max_digits=18), PlainSerializer(lambda price: f"{price:f}", return_type=str)
]
"""Money in major units: read from a number or a string, written as a string such as "79.99" or "-5.00"."""

type Price = Annotated[SignedPrice, Field(ge=0)]
"""The price of one unit in major units."""

type Stock = Annotated[int, Field(strict=True, ge=0, le=10**12)]
"""How many units of a product are free to sell."""

type Text = Annotated[str, Field(min_length=1)]
"""An id, or another text that must be there."""

type Label = Annotated[str, Field(max_length=255, pattern=r"\S")]
"""The name of a product or of a payment method, or a description."""

type ShippingMethod = Annotated[str, Field(max_length=64, pattern=r"\S")]
"""The shipping service's name of a way to ship, such as "express"."""

type Units = Annotated[int, Field(strict=True, ge=1, le=10**12)]
"""How many units of a product a customer wants."""


class Record(BaseModel):
    """What a service stores. Immutable: a change stores a new record in place of the old one."""

    model_config = ConfigDict(frozen=True)


class StrictBody(BaseModel):
    """A request's body without unknown fields and nulls: a field without a value is left out."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_null(cls, fields: object) -> object:
        if isinstance(fields, Mapping) and (nulls := [name for name, value in fields.items() if value is None]):
            raise ValueError(f"{', '.join(nulls)} must not be null: leave out what has no value.")
        return fields


def timestamp(at: datetime) -> str:
    """Format a UTC time as RFC 3339 with microseconds: text of one length, which sorts as time does."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
