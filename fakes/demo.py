"""The demo state: products and carts to try the system with."""

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

CARTS = {
    "1": ("Bob Miller", "bob@example.com", {"1": 1, "2": 2}),
    "2": ("Carla Gomez", "carla@example.com", {"SKU123": 1, "SKU456": 2}),
    "3": ("David Kim", "david@example.com", {"3": 2, "7": 2, "8": 3}),
    "4": ("Emma Rossi", "emma@example.com", {"10": 12}),
    "5": ("Alice Johnson", "alice@example.com", {"PROD001": 2, "PROD002": 1}),
}
"""The name, e-mail address and units of each product of each customer, by customer id."""


def fill(fakes: Fakes) -> None:
    """Add the demo products and carts."""
    for product_id, (name, unit_price) in PRODUCTS.items():
        update = {"name": name, "quantity": STOCK, "unit_price": unit_price}
        fakes.inventory.set_product(product_id, ProductUpdate.model_validate(update))
    for customer_id, (name, email, units) in CARTS.items():
        items = [
            {"product_id": product_id, "quantity": quantity, "unit_price": PRODUCTS[product_id][1]}
            for product_id, quantity in units.items()
        ]
        contents = {"items": items, "customer_name": name, "customer_email": email}
        fakes.carts.set_cart(customer_id, CartContents.model_validate(contents))
