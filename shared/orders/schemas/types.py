"""What the strings and numbers of answers look like: types for people and for the API's document.

Functions that only read load no pydantic, so an answer's type says what pydantic would, without it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema


@dataclass(frozen=True)
class Shape:
    """What JSON Schema says of a value; keywords left out say nothing."""

    description: str
    format: str | None = None
    pattern: str | None = None
    minimum: int | None = None

    def __get_pydantic_json_schema__(self, core_schema: "CoreSchema", handler: "GetJsonSchemaHandler") -> Any:  # noqa: ANN401 - pydantic's protocol
        """Add the keywords to the schema that pydantic makes."""
        return handler(core_schema) | {name: value for name, value in vars(self).items() if value is not None}


type Amount = Annotated[
    str, Shape("Money: a decimal string with the decimals of its currency.", pattern=r"^[0-9]+(\.[0-9]+)?$")
]
type Count = Annotated[int, Shape("How many.", minimum=0)]
type CurrencyCode = Annotated[str, Shape("A currency, by ISO 4217.", pattern="^[A-Z]{3}$")]
type Moment = Annotated[str, Shape("A moment, by RFC 3339, in UTC, to the millisecond.", format="date-time")]
type OrderId = Annotated[str, Shape("An order's id: a UUID; later orders have greater ones.", format="uuid")]
type OrderPath = Annotated[str, Shape("A path of this API.", format="uri-reference")]
type Positive = Annotated[int, Shape("1, 2, 3 and so on.", minimum=1)]
