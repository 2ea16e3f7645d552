"""The kinds of values that the services' requests and answers are made of."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, PlainSerializer

type Amount = Annotated[int, Field(strict=True, ge=0, le=10**15)]
"""Money as an integer number of minor units: 15998 is USD 159.98."""

type Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

type Price = Annotated[
    Decimal, Field(ge=0, max_digits=18), PlainSerializer(lambda price: f"{price:f}", return_type=str)
]
"""What one unit costs, in major units: taken as a number or a string, given as a string such as "79.99"."""

type Stock = Annotated[int, Field(strict=True, ge=0, le=10**12)]
"""How many units of a product are free to sell."""

type Units = Annotated[int, Field(strict=True, ge=1, le=10**12)]
"""How many units of a product somebody wants."""
