"""List the orders of one customer."""

from functools import cache

from aws_lambda_powertools.event_handler import Response

from orders import bootstrap
from orders.http.api import Api, customer_id
from orders.use_cases.list_orders import list_query
from orders.warmup import connect, warm_up

app = Api()
orders = cache(bootstrap.list_orders)


@app.get("/v1/customers/<customer>/orders")
@app.get("/v1/orders/my-orders/<customer>", deprecated=True)
@app.get("/v1/orders/my-orders/<customer>/", deprecated=True)
def list_customer_orders(customer: str) -> Response[str]:
    """List a customer's orders."""
    query = list_query(app.caller, app.query, customer_id(customer))
    return app.orders(orders().list(query))


warm_up(orders, connect)
handler = app.handler
