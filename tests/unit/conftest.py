import socket
from typing import Any, NoReturn

import pytest


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit test must not open sockets."""

    def refuse(*args: Any) -> NoReturn:
        raise AssertionError(f"a unit test tried to connect: {args[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the template sets for a function; nothing answers at these addresses."""
    for name, value in {
        "DATABASE_HOST": "/nowhere",
        "DATABASE_NAME": "orders",
        "DATABASE_USER": "orders",
        "DATABASE_AUTH": "none",
        "INVENTORY_URL": "http://inventory.invalid",
        "CART_URL": "http://cart.invalid",
    }.items():
        monkeypatch.setenv(name, value)
