"""Follow the events of all orders: keep the orders, and the revenue of each currency, in an SQLite database."""

import json
import os
import sqlite3
import time
from decimal import Decimal
from typing import Any

import requests
from urllib3 import Retry

URL, TOKEN, DATABASE = (os.environ[name] for name in ("ORDERS_URL", "ORDERS_TOKEN", "ORDERS_DATABASE"))
RETRIES = Retry(total=None, status_forcelist=[429, 500, 502, 503, 504], backoff_factor=0.5, backoff_jitter=0.5)
SCHEMA = """
CREATE TABLE IF NOT EXISTS feed (id INTEGER PRIMARY KEY CHECK (id = 1), cursor TEXT);
INSERT OR IGNORE INTO feed VALUES (1, '0');
CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, version, status, payment_status, shipping_status, total, lines);
CREATE TABLE IF NOT EXISTS revenue (currency TEXT PRIMARY KEY, amount TEXT);
"""
SAVE = """INSERT OR REPLACE INTO orders
VALUES (:order_id, :sequence, :status, :payment_status, :shipping_status, :total, :lines)"""
COUNT = "INSERT INTO revenue VALUES (:currency, :total) ON CONFLICT DO UPDATE SET amount = plus(amount, :total)"


def apply(database: sqlite3.Connection, event: dict[str, Any]) -> None:
    """Apply an event. Replace this by what you need, in the same database."""
    database.execute(SAVE, event | {"lines": json.dumps(event["items"])})
    if event["type"] == "payment.succeeded" and event["payment_status"] == "paid":
        database.execute(COUNT, event)


def follow(feed: requests.Session, database: sqlite3.Connection) -> None:
    """Wait for a page of events; apply it and store its cursor in one transaction."""
    [cursor] = database.execute("SELECT cursor FROM feed").fetchone()
    answer = feed.get(f"{URL}/v1/events", params={"after": cursor, "limit": "1000", "wait": "20"}, timeout=30)
    answer.raise_for_status()
    page = answer.json()
    with database:  # a transaction; no row has the old cursor if another poller was faster
        if database.execute("UPDATE feed SET cursor = ? WHERE cursor = ?", (page["next_cursor"], cursor)).rowcount:
            for event in page["events"]:
                apply(database, event)


def connect() -> tuple[requests.Session, sqlite3.Connection]:
    """Return a session that retries what fails, and the database."""
    feed, database = requests.Session(), sqlite3.connect(DATABASE)
    feed.headers["Authorization"] = f"Bearer {TOKEN}"
    feed.mount(URL, requests.adapters.HTTPAdapter(max_retries=RETRIES))
    database.create_function("plus", 2, lambda one, other: str(Decimal(one) + Decimal(other)))
    database.executescript(SCHEMA)
    return feed, database


if __name__ == "__main__":
    connections = connect()
    while True:
        try:
            follow(*connections)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            time.sleep(1)  # the answer was cut off; what is refused ends the process
