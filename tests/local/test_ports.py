import pytest

from local import ports
from local.errors import LocalError

NEEDED = {"gateway": 9001, "MiniStack": 9003}


def test_given_free_ports_when_checked_then_there_is_no_error() -> None:
    ports.require_free(NEEDED, is_free=lambda _: True)


def test_given_taken_ports_when_checked_then_each_is_named_with_its_process() -> None:
    listeners = {9001: "nginx (pid 7)", 9003: None}
    with pytest.raises(LocalError) as raised:
        ports.require_free(NEEDED, is_free=lambda _: False, listener=listeners.__getitem__)
    message = str(raised.value)
    assert "Port 9001 (gateway) is in use by nginx (pid 7)." in message
    assert "Port 9003 (MiniStack) is in use by an unknown process." in message
    assert "PORT=" in message


def test_given_one_taken_port_when_checked_then_only_it_is_named() -> None:
    with pytest.raises(LocalError) as raised:
        ports.require_free(NEEDED, is_free=lambda port: port != 9003, listener=lambda _: "nginx (pid 7)")
    assert "9003" in str(raised.value)
    assert "Port 9001" not in str(raised.value)
