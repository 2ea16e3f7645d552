"""What an order has beside its lines: adjustments, addresses, methods, and the words of its customer and its shop."""

from collections.abc import Iterable, Mapping
from typing import Literal, NotRequired, TypedDict

AdjustmentKind = Literal["shipping", "tax", "discount", "fee"]

MAX_ADJUSTMENTS = 20
MAX_METADATA = 50


class Address(TypedDict):
    """A postal address; a field that it does not have is missing."""

    name: NotRequired[str]
    """The person who receives it."""
    company: NotRequired[str]
    """The company that receives it."""
    line1: str
    """Street and number, or a post-office box."""
    line2: NotRequired[str]
    """Apartment, floor, building and the like."""
    city: str
    """The city or town."""
    region: NotRequired[str]
    """The state, province or county."""
    postal_code: NotRequired[str]
    """The postal code."""
    country: str
    """ISO 3166-1 alpha-2 code."""
    phone: NotRequired[str]
    """A phone number for the carrier."""


class Adjustment(TypedDict):
    """A signed amount beside the lines of an order, in minor units."""

    kind: AdjustmentKind
    amount: int
    description: str | None


class Details(TypedDict):
    """One row of `order_details`, without its order."""

    adjustments: list[Adjustment] | None
    shipping_address: Address | None
    billing_address: Address | None
    shipping_method: str | None
    payment_method: str | None
    note: str | None
    metadata: Mapping[str, str] | None


NO_DETAILS: Details = {
    "adjustments": None,
    "shipping_address": None,
    "billing_address": None,
    "shipping_method": None,
    "payment_method": None,
    "note": None,
    "metadata": None,
}
"""Of an order that has no row in `order_details`."""


def adjusted(adjustments: Iterable[Adjustment] | None) -> int:
    """Return the sum of adjustments, in minor units."""
    return sum(each["amount"] for each in adjustments or ())


# ISO 3166-1, the officially assigned alpha-2 codes, and XK, which carriers and the European Union use for Kosovo.
_COUNTRIES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
    "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
COUNTRIES: tuple[str, ...] = tuple(_COUNTRIES.split())
"""The codes of countries."""
