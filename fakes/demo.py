"""The demo state: the products of a shop for desks, and what its customers have in their carts."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from fakes.address import EnteredAddress
from fakes.cart import CartContents
from fakes.fakes import Fakes
from fakes.inventory import ProductUpdate

STOCK = 1_000_000
"""How many units of each product there are."""

PRODUCTS = {
    "SKU123": ("Standing Desk Frame", "100.00"),
    "SKU456": ("Desk Lamp", "50.00"),
    "PROD001": ("Wireless Headphones", "79.99"),
    "PROD002": ("Laptop Stand", "29.99"),
    "1": ("Mechanical Keyboard", "89.00"),
    "2": ("Wireless Mouse", "34.50"),
    "3": ("27-inch Monitor", "249.00"),
    "4": ("USB-C Dock", "129.00"),
    "5": ("Webcam", "59.95"),
    "6": ("Desk Mat", "19.90"),
    "7": ("Monitor Arm", "74.00"),
    "8": ("USB-C Cable", "9.99"),
    "9": ("Portable SSD", "109.00"),
    "10": ("Notebook", "4.50"),
}
"""The name and the unit price in USD of each product, by product id."""

POSTAGE = {"standard": ("Standard delivery", "5.99"), "express": ("Express delivery", "14.90")}
"""The name and the price in USD of each shipping method."""

SALES_TAX = {
    "WI": ("Wisconsin sales tax, 5.5%", "0.055"),
    "IL": ("Illinois sales tax, 10.25%", "0.1025"),
    "WA": ("Washington sales tax, 10.35%", "0.1035"),
}
"""The name and the rate of the tax on goods and postage, by region of the United States. Elsewhere there is none."""

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with a full cart.

    Attributes:
        address: Where the parcel goes. The bill goes there too, unless `billing_address` says otherwise.
        units: By product id.
        voucher: How many USD a voucher takes off; "0" if there is none.
    """

    email: str
    address: EnteredAddress
    units: Mapping[str, int]
    shipping_method: str = "standard"
    payment_method: str = "pm_card_visa"
    billing_address: EnteredAddress | None = None
    voucher: str = "0"


CUSTOMERS = {
    "1": Customer(
        email="bob@example.com",
        address={
            "name": "Bob Miller",
            "line1": "1408 West Oak Street",
            "line2": "Apartment 5",
            "city": "Chicago",
            "region": "IL",
            "postal_code": "60607",
            "country": "US",
            "phone": "+1 312 555 0142",
        },
        units={"1": 1, "2": 2},
    ),
    "2": Customer(
        email="carla@example.com",
        address={
            "name": "Carla Gomez",
            "line1": "Rua das Flores 18",
            "city": "Porto",
            "postal_code": "4050-262",
            "country": "PT",
        },
        units={"SKU123": 1, "SKU456": 2},
        shipping_method="express",
    ),
    "3": Customer(
        email="david@example.com",
        address={
            "name": "David Kim",
            "company": "Kim & Partners",
            "line1": "600 Pine Street",
            "line2": "Floor 12",
            "city": "Seattle",
            "region": "WA",
            "postal_code": "98101",
            "country": "US",
            "phone": "+1 206 555 0188",
        },
        billing_address={
            "company": "Kim & Partners, Accounts Payable",
            "line1": "P.O. Box 2210",
            "city": "Seattle",
            "region": "WA",
            "postal_code": "98111",
            "country": "US",
        },
        units={"3": 2, "7": 2, "8": 3},
        shipping_method="express",
        payment_method="pm_invoice_30_days",
        voucher="25.00",
    ),
    "4": Customer(
        email="emma@example.com",
        address={
            "name": "Emma Rossi",
            "line1": "Via Garibaldi 7",
            "city": "Torino",
            "region": "TO",
            "postal_code": "10122",
            "country": "IT",
        },
        units={"10": 12},
    ),
    "5": Customer(
        email="alice@example.com",
        address={
            "name": "Alice Johnson",
            "line1": "27 Elm Street",
            "city": "Madison",
            "region": "WI",
            "postal_code": "53703",
            "country": "US",
        },
        units={"PROD001": 2, "PROD002": 1},
    ),
}
"""Customers by id. The addresses are made up."""


def fill(fakes: Fakes) -> None:
    """Add the demo products and carts."""
    for product_id, (name, unit_price) in PRODUCTS.items():
        update = {"name": name, "quantity": STOCK, "unit_price": unit_price}
        fakes.inventory.set_product(product_id, ProductUpdate.model_validate(update))
    for customer_id, customer in CUSTOMERS.items():
        fakes.carts.set_cart(customer_id, CartContents.model_validate(_contents(customer)))


def _contents(customer: Customer) -> dict[str, object]:
    """Return the cart of a customer who has gone through the checkout up to the order."""
    items = [
        {
            "product_id": product_id,
            "quantity": quantity,
            "unit_price": PRODUCTS[product_id][1],
            "name": PRODUCTS[product_id][0],
        }
        for product_id, quantity in customer.units.items()
    ]
    return {
        "items": items,
        "customer_name": customer.address["name"],
        "customer_email": customer.email,
        "adjustments": _adjustments(customer),
        "shipping_address": customer.address,
        "billing_address": customer.billing_address or customer.address,
        "shipping_method": customer.shipping_method,
        "payment_method": customer.payment_method,
    }


def _adjustments(customer: Customer) -> list[dict[str, str]]:
    """Return voucher, postage and tax, in the order in which an invoice has them."""
    postage, price = POSTAGE[customer.shipping_method]
    adjustments = [{"kind": "shipping", "amount": price, "description": postage}]
    voucher = -Decimal(customer.voucher)
    if voucher:
        adjustments.insert(0, {"kind": "discount", "amount": f"{voucher:f}", "description": "Voucher"})
    if customer.address["country"] == "US":
        tax, rate = SALES_TAX[customer.address["region"]]
        goods = sum(Decimal(PRODUCTS[product][1]) * quantity for product, quantity in customer.units.items())
        amount = ((goods + voucher + Decimal(price)) * Decimal(rate)).quantize(CENT, ROUND_HALF_UP)
        adjustments.append({"kind": "tax", "amount": f"{amount:f}", "description": tax})
    return adjustments
