"""List orders: of all customers with the scope orders:read, else the caller's own."""

from functools import cache

from aws_lambda_powertools.event_handler import Response

from orders import bootstrap
from orders.http.api import Api
from orders.use_cases.list_orders import list_query
from orders.warmup import connect, warm_up

app = Api()
orders = cache(bootstrap.list_orders)


@app.get("/v1/orders")
@app.get("/v1/orders/", deprecated=True)
@app.get("/orders", deprecated=True)
def list_orders() -> Response[str]:
    """List orders."""
    query = list_query(app.caller, app.query)
    return app.orders(orders().list(query))


warm_up(orders, connect)
handler = app.handler
