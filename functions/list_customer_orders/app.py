"""List the orders of one customer."""

from functools import cache

from aws_lambda_powertools.event_handler import Response

from orders.api import Api, customer_id
from orders.read import ReadOrders

app = Api()
orders = cache(ReadOrders.from_environment)


@app.get("/v1/customers/<customer>/orders")
@app.get("/v1/orders/my-orders/<customer>/", deprecated=True)
def list_customer_orders(customer: str) -> Response[str]:
    """A page of the customer's orders."""
    return app.orders(orders().list(app.caller, app.query, customer_id(customer)))


handler = app.handler
