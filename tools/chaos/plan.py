"""What customers and staff are going to do, chosen at random from a seed."""

from collections import Counter
from dataclasses import dataclass
from random import Random

CART_SHARE = 0.5
"""How many of the customers have filled a cart."""
ORDERS_PER_CUSTOMER = 8
MOST_LINES = 4
MOST_UNITS = 5
PLENTY = 1_000_000
SCARCE_PER_ORDER = 0.6
PRICES = {"desk": "249.00", "lamp": "34.50", "cable": "9.99", "mat": "19.90", "mouse": "24.95", "poster": "12.00"}
"""The unit price of each product, by product."""
SCARCE_PRODUCT = "poster"
CANCEL_SHARE = 0.25
MOVE_SHARE = 0.35
LONGEST_PAUSE_SECONDS = 12.0
JOURNEYS = (("shipped",), ("shipped", "delivered"), ("shipped", "delivered", "returned"), ("shipped", "returned"))


@dataclass(frozen=True, slots=True)
class Plan:
    """An order to be placed, and what is to happen to it then.

    Attributes:
        number: Tells it from the others.
        customer: Who places it.
        units: How many of each product.
        from_cart: The customer has these in their cart, and orders the cart.
        cancels: The customer cancels it.
        reports: What staff reports of it, one after another.
        pause_seconds: How long whoever acts on it waits before they do.
    """

    number: int
    customer: int
    units: Counter[str]
    from_cart: bool
    cancels: bool
    reports: tuple[str, ...]
    pause_seconds: float


def stock(orders: int) -> dict[str, int]:
    """Return the stock of each product for so many orders; one product is going to sell out."""
    scarce = round(orders * SCARCE_PER_ORDER)
    return {product: scarce if product == SCARCE_PRODUCT else PLENTY for product in PRICES}


def draw(orders: int, seed: int) -> list[Plan]:
    """Return so many plans in the order in which they begin; no customer orders more than one cart."""
    random = Random(seed)
    customers = max(1, orders // ORDERS_PER_CUSTOMER)
    filled = set(random.sample(range(customers), round(customers * CART_SHARE)))
    plans = []
    for number in range(orders):
        customer = number if number < customers else random.randrange(customers)
        fate = random.random()
        plans.append(
            Plan(
                number=number,
                customer=customer,
                units=_units(random),
                from_cart=number in filled,  # the customer's first order
                cancels=fate < CANCEL_SHARE,
                reports=random.choice(JOURNEYS) if CANCEL_SHARE <= fate < CANCEL_SHARE + MOVE_SHARE else (),
                pause_seconds=random.uniform(0, LONGEST_PAUSE_SECONDS),
            )
        )
    random.shuffle(plans)
    return plans


def _units(random: Random) -> Counter[str]:
    products = random.sample(sorted(PRICES), random.randint(1, min(MOST_LINES, len(PRICES))))
    return Counter({product: random.randint(1, MOST_UNITS) for product in products})
