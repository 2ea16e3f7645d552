"""The kinds of values in the services' requests and records."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

type Amount = Annotated[int, Field(strict=True, ge=0, le=10**15)]
"""Money as an integer number of minor units: 15998 is USD 159.98."""

type Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

type Price = Annotated[
    Decimal, Field(ge=0, max_digits=18), PlainSerializer(lambda price: f"{price:f}", return_type=str)
]
"""The price of one unit in major units: read from a number or a string, written as a string such as "79.99"."""

type Stock = Annotated[int, Field(strict=True, ge=0, le=10**12)]
"""How many units of a product are free to sell."""

type Units = Annotated[int, Field(strict=True, ge=1, le=10**12)]
"""How many units of a product a customer wants."""


class Record(BaseModel):
    """What a service stores. Immutable: a change stores a new record in place of the old one."""

    model_config = ConfigDict(frozen=True)


def timestamp(at: datetime) -> str:
    """Format a UTC time as RFC 3339 with microseconds: text of one length, which sorts as time does."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
