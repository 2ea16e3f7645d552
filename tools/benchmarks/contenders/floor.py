"""A minimal handler: no framework, one prepared statement that answers in JSON, no validation, no logs."""

import json
import os
import urllib.parse
from http.client import HTTPConnection
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812

from orders.domain.clock import Clock

type Json = dict[str, Any]

_MOMENT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
_SUMMARY = f"""
    'id', found.id, 'customer_id', customer_id, 'customer_name', customer_name, 'customer_email', customer_email,
    'status', status, 'payment_status', payment_status, 'shipping_status', shipping_status,
    'failure_reason', failure_reason, 'cancel_reason', cancel_reason, 'tracking_number', tracking_number,
    'currency', currency, 'total', (total / 100.0)::numeric(20, 2)::text, 'line_count', line_count, 'version', version,
    'created_at', {_MOMENT.format("created_at")}, 'updated_at', {_MOMENT.format("updated_at")},
    'links', CASE
        WHEN status IN ('pending', 'confirmed')
        THEN json_build_object('self', '/v1/orders/' || found.id, 'cancel', '/v1/orders/' || found.id || '/cancel')
        ELSE json_build_object('self', '/v1/orders/' || found.id) END
"""
_ITEMS = """
    json_agg(json_build_object('product_id', product_id, 'quantity', quantity,
        'unit_price', (unit_price / 100.0)::numeric(20, 2)::text,
        'line_total', (quantity * unit_price / 100.0)::numeric(20, 2)::text) ORDER BY line_no)
"""
_PAGE = f"""
SELECT json_build_object('orders', coalesce(json_agg(json_build_object({_SUMMARY}) ORDER BY found.id DESC), '[]'),
    'count', count(*), 'page_size', 20, 'next_cursor', min(found.id::text))::text
FROM (SELECT * FROM peer.orders WHERE {{}} ORDER BY id DESC LIMIT 20) AS found
"""
_STATEMENTS = f"""
PREPARE get_order (uuid, text) AS
SELECT json_build_object({_SUMMARY}, 'items', (
    SELECT {_ITEMS} FROM peer.order_items WHERE order_id = found.id))::text
FROM peer.orders AS found WHERE id = $1 AND customer_id = $2;

PREPARE list_customer_orders (text) AS {_PAGE.format("customer_id = $1")};

PREPARE list_orders AS {_PAGE.format("true")};

PREPARE search_orders (text) AS
{_PAGE.format("id IN (SELECT order_id FROM peer.order_items WHERE product_id = $1)")};

PREPARE create_order (uuid, text, text, json) AS
WITH items AS (
    SELECT row_number() OVER ()::integer AS line_no, product_id, quantity, (unit_price * 100)::bigint AS unit_price
    FROM json_to_recordset($4) AS item (product_id text, quantity integer, unit_price numeric)
), placed AS (
    INSERT INTO peer.orders (id, customer_id, status, payment_status, shipping_status, currency, total, line_count,
        version, created_at, updated_at)
    SELECT $1, $2, 'pending', 'pending', 'pending', 'USD', sum(quantity * unit_price), count(*), 1, now(), now()
    FROM items RETURNING *
), lines AS (
    INSERT INTO peer.order_items (order_id, line_no, product_id, quantity, unit_price) SELECT $1, * FROM items
), enqueued AS (
    INSERT INTO peer.outbox (order_id, kind) VALUES ($1, 'charge_payment'), ($1, 'send_notification')
), keyed AS (
    INSERT INTO peer.idempotency_keys (caller, key, order_id, expires_at)
    VALUES ($2, $3, $1, now() + interval '1 day')
)
SELECT json_build_object({_SUMMARY}, 'items', (SELECT {_ITEMS} FROM items))::text FROM placed AS found;
"""


def _connect() -> Connection:
    connection: Connection = psycopg2.connect(
        host=os.environ["DATABASE_HOST"],
        port=os.environ["DATABASE_PORT"],
        dbname=os.environ["DATABASE_NAME"],
        user=os.environ["DATABASE_USER"],
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENTS)
    return connection


_cursor = _connect().cursor()
_inventory = urllib.parse.urlsplit(os.environ["INVENTORY_URL"])
_session = HTTPConnection(_inventory.netloc)
_clock = Clock()


def handler(event: Json, _: object) -> Json:
    match event["routeKey"]:
        case "GET /v1/orders/{order_id}":
            return _answer("get_order(%s, %s)", event["pathParameters"]["order_id"], _caller(event))
        case "GET /v1/customers/{customer_id}/orders":
            return _answer("list_customer_orders(%s)", event["pathParameters"]["customer_id"])
        case "POST /v1/orders":
            return _create(event)
    if "queryStringParameters" in event:
        return _answer("search_orders(%s)", event["queryStringParameters"]["product_id"])
    return _answer("list_orders")


def _create(event: Json) -> Json:
    order_id = _clock.new_order_id(_clock.now())
    items = json.loads(event["body"])["items"]
    lines = [{"product_id": item["product_id"], "quantity": item["quantity"]} for item in items]
    _session.request(
        "PUT",
        f"{_inventory.path}/reservations/{order_id}",
        json.dumps({"lines": lines}),
        {"Content-Type": "application/json"},
    )
    _session.getresponse().read()
    key = event["headers"]["idempotency-key"]
    return _answer("create_order(%s, %s, %s, %s)", order_id, _caller(event), key, json.dumps(items), status=201)


def _answer(call: str, *values: str, status: int = 200) -> Json:
    _cursor.execute(f"EXECUTE {call}", values)
    [(body,)] = _cursor.fetchall()
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": False}


def _caller(event: Json) -> str:
    return str(event["requestContext"]["authorizer"]["lambda"]["customer_id"])
