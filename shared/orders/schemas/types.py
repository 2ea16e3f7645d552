"""Types of the strings and numbers in responses, with their JSON Schema for the OpenAPI document.

Functions that only read do not load pydantic, so these types carry JSON Schema keywords without importing it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema


@dataclass(frozen=True)
class SchemaKeywords:
    """JSON Schema keywords of a value; those that are None are left out."""

    description: str
    format: str | None = None
    pattern: str | None = None
    minimum: int | None = None

    def __get_pydantic_json_schema__(self, core_schema: "CoreSchema", handler: "GetJsonSchemaHandler") -> Any:  # noqa: ANN401 - pydantic's protocol
        """Add the keywords to the schema that pydantic generates."""
        return handler(core_schema) | {name: value for name, value in vars(self).items() if value is not None}


type Actor = Annotated[
    str,
    SchemaKeywords("Who caused an event, or what kind of actor.", pattern="^(customer|staff|service|system)(:.+)?$"),
]
type Amount = Annotated[
    str,
    SchemaKeywords(
        "An amount of money: a decimal string with the decimals of its currency.", pattern=r"^[0-9]+(\.[0-9]+)?$"
    ),
]
type SignedAmount = Annotated[
    str,
    SchemaKeywords(
        "A signed amount of money: a decimal string with the decimals of its currency.",
        pattern=r"^-?[0-9]+(\.[0-9]+)?$",
    ),
]
type Count = Annotated[int, SchemaKeywords("A number of things: 0 or more.", minimum=0)]
type CurrencyCode = Annotated[str, SchemaKeywords("An ISO 4217 currency code.", pattern="^[A-Z]{3}$")]
type EventId = Annotated[
    str,
    SchemaKeywords("An event's id: its order's id and its sequence.", pattern=r"^[0-9a-f-]{36}\.[1-9][0-9]*$"),
]
type FeedCursor = Annotated[str, SchemaKeywords("A place in the feed of events.", pattern="^[0-9]+$")]
type Moment = Annotated[str, SchemaKeywords("A time by RFC 3339, in UTC, with milliseconds.", format="date-time")]
type OrderId = Annotated[str, SchemaKeywords("An order's id: a UUID; later orders have greater ids.", format="uuid")]
type OrderPath = Annotated[str, SchemaKeywords("A path in this API.", format="uri-reference")]
type OrderNumber = Annotated[int, SchemaKeywords("An order's number for people: 100001 or more.", minimum=100_001)]
type Positive = Annotated[int, SchemaKeywords("A whole number: 1 or more.", minimum=1)]
