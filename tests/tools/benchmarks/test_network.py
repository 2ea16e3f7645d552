"""The network that a benchmark can put between functions and database."""

import socket
import threading
from pathlib import Path
from time import perf_counter

import pytest

from tools.benchmarks import network

PORT = 5432
NAME = f".s.PGSQL.{PORT}"


def echo(server: socket.socket) -> None:
    """Send back what the first client sends, until it has finished."""
    connection, _ = server.accept()
    with connection:
        while data := connection.recv(4_096):
            connection.sendall(data)


def test_given_a_network_when_a_client_asks_then_the_answer_is_whole_and_late(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(network, "_SOCKETS", tmp_path / "network")
    question = bytes(range(256)) * 1_000
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / NAME))
        server.listen()
        answering = threading.Thread(target=echo, args=(server,))
        answering.start()
        with network.slow_way(tmp_path, PORT, 50) as folder, socket.socket(socket.AF_UNIX) as client:
            client.connect(str(folder / NAME))
            begun = perf_counter()
            client.sendall(question)
            answer = client.recv(len(question), socket.MSG_WAITALL)
            seconds = perf_counter() - begun
        answering.join()
    assert answer == question
    assert seconds >= 0.05
