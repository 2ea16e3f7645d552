"""Postal addresses: what one must have, and how long its parts may be."""

from typing import Annotated, NotRequired, TypedDict

from pydantic import AfterValidator, ConfigDict, Field, with_config

type _Country = Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")]
type _Phone = Annotated[str, Field(max_length=32, pattern=r"\S")]
type _PostalCode = Annotated[str, Field(max_length=20, pattern=r"\S")]
type _Short = Annotated[str, Field(max_length=100, pattern=r"\S")]
type _Long = Annotated[str, Field(max_length=200, pattern=r"\S")]


@with_config(ConfigDict(extra="forbid"))
class EnteredAddress(TypedDict):
    """An address as a customer enters it. A part that it does not have is left out, neither null nor empty.

    Attributes:
        country: An ISO 3166-1 alpha-2 code in any letter case.
    """

    name: NotRequired[_Long]
    company: NotRequired[_Long]
    line1: _Long
    line2: NotRequired[_Long]
    city: _Short
    region: NotRequired[_Short]
    postal_code: NotRequired[_PostalCode]
    country: _Country
    phone: NotRequired[_Phone]


def _in_capitals(address: EnteredAddress) -> EnteredAddress:
    if not address["country"].isupper():
        raise ValueError("The country must be in capital letters, such as US.")
    return address


type Address = Annotated[EnteredAddress, AfterValidator(_in_capitals)]
"""An address for a parcel or a bill: its country is in capital letters."""
