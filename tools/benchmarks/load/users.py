"""The customers that Locust simulates: they place, read, list and cancel orders."""

import os
import random
from collections import deque
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any

from locust import FastHttpUser, between, task

from local import tokens
from tools.benchmarks.load.products import PRODUCTS

REMEMBERED = 20
"""Orders that a customer reads or cancels later."""

_numbers = count(1)


class Customer(FastHttpUser):
    wait_time = between(0.2, 1.0)

    def on_start(self) -> None:
        self.customer_id = f"load-{next(_numbers)}"
        secret = tokens.shared_secret(Path(os.environ["STATE"]))
        self.headers = {"Authorization": f"Bearer {tokens.sign(secret, self.customer_id)}"}
        self.placed: deque[str] = deque(maxlen=REMEMBERED)

    @task(3)
    def place(self) -> None:
        chosen = random.sample(PRODUCTS, random.randint(1, 4))
        items = [{"product_id": product, "quantity": random.randint(1, 3)} for product in chosen]
        with self._send("POST", "/v1/orders", "place", json={"items": items}) as answer:
            if answer.status_code == HTTPStatus.CREATED:
                self.placed.append(answer.json()["id"])

    @task(6)
    def read(self) -> None:
        with self._send("GET", f"/v1/orders/{self._any_order()}", "read"):
            pass

    @task(3)
    def list(self) -> None:
        with self._send("GET", f"/v1/customers/{self.customer_id}/orders", "list"):
            pass

    @task(1)
    def cancel(self) -> None:
        with self._send("POST", f"/v1/orders/{self._any_order()}/cancel", "cancel") as answer:
            if answer.status_code == HTTPStatus.CONFLICT:  # already shipped: a valid answer
                answer.success()

    def _any_order(self) -> str:
        while not self.placed:
            self.place()
        return random.choice(self.placed)

    def _send(self, method: str, path: str, name: str, **others: Any) -> Any:
        return self.client.request(method, path, name=name, headers=self.headers, catch_response=True, **others)
