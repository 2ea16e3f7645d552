"""Fifty clients at once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx

CLIENTS = 50


def at_once(request: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    """Make a call from fifty clients at the same moment; return their answers."""
    barrier = Barrier(CLIENTS)

    def ask(number: int) -> httpx.Response:
        barrier.wait()
        return request(number)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(ask, range(CLIENTS)))


def test_given_ten_pieces_when_many_reserve_at_once_then_ten_succeed(client: httpx.Client) -> None:
    """GIVEN ten of a product WHEN fifty want one each THEN ten get it."""
    client.put("/inventory/products/1", json={"quantity": 10})

    answers = at_once(
        lambda number: client.put(
            f"/inventory/reservations/{number}", json={"lines": [{"product_id": "1", "quantity": 1}]}
        )
    )

    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 40}
    assert client.get("/inventory/products/1").json()["quantity"] == 0


def test_given_lines_in_opposite_order_when_reserved_at_once_then_no_deadlock(client: httpx.Client) -> None:
    """GIVEN two products WHEN fifty want both, in either order of lines THEN nobody waits for ever or gets half."""
    client.put("/inventory/products/1", json={"quantity": 30})
    client.put("/inventory/products/2", json={"quantity": 20})
    lines = [{"product_id": "1", "quantity": 1}, {"product_id": "2", "quantity": 1}]

    answers = at_once(
        lambda number: client.put(f"/inventory/reservations/{number}", json={"lines": lines[:: (-1) ** number]})
    )

    assert Counter(answer.status_code for answer in answers) == {201: 20, 409: 30}
    assert client.get("/inventory/products/1").json()["quantity"] == 10
    assert client.get("/inventory/products/2").json()["quantity"] == 0


def test_given_a_reservation_when_released_at_once_then_stock_returns_once(client: httpx.Client) -> None:
    """GIVEN a reservation WHEN fifty release it THEN its stock comes back once."""
    client.put("/inventory/products/1", json={"quantity": 10})
    client.put("/inventory/reservations/r", json={"lines": [{"product_id": "1", "quantity": 4}]})

    answers = at_once(lambda _: client.delete("/inventory/reservations/r"))

    assert {answer.status_code for answer in answers} == {204}
    assert client.get("/inventory/products/1").json()["quantity"] == 10


def test_given_one_key_when_charged_at_once_then_there_is_one_charge(client: httpx.Client) -> None:
    """GIVEN one key WHEN fifty charge under it at once THEN there is one charge, and all are told the same."""
    body = {"reference": "o", "customer_id": "5", "amount": 100, "currency": "USD"}

    answers = at_once(lambda _: client.post("/payment/charges", json=body, headers={"Idempotency-Key": "key"}))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 49}
    assert len({answer.text for answer in answers}) == 1
    assert len(client.get("/payment/charges").json()["charges"]) == 1


def test_given_a_charge_when_refunded_at_once_then_never_more_than_it(client: httpx.Client) -> None:
    """GIVEN a charge of 100 WHEN fifty refund 7 each THEN fourteen succeed."""
    body = {"reference": "o", "customer_id": "5", "amount": 100, "currency": "USD"}
    charge = client.post("/payment/charges", json=body, headers={"Idempotency-Key": "key"}).json()
    url = f"/payment/charges/{charge['id']}"

    answers = at_once(
        lambda number: client.post(
            f"{url}/refunds", json={"amount": 7}, headers={"Idempotency-Key": f"refund-{number}"}
        )
    )

    assert Counter(answer.status_code for answer in answers) == {201: 14, 409: 36}
    assert client.get(url).json()["refunded_amount"] == 98
