"""A stack's processes are recognized by their environment; others are left running."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import processes

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
type Start = Callable[[Path, str], subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python programs that belong to a stack, and waits for their first output."""
    started: list[subprocess.Popen[bytes]] = []

    def run(state: Path, program: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", program], env={processes.MARKER: str(state)}, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout
        process.stdout.readline()
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_given_two_stacks_when_one_is_stopped_then_the_other_keeps_running(tmp_path: Path, start: Start) -> None:
    mine = start(tmp_path / "mine", "import time; print(flush=True); time.sleep(60)")
    other = start(tmp_path / "other", "import time; print(flush=True); time.sleep(60)")
    assert [process.pid for process in processes.owned(tmp_path / "mine")] == [mine.pid]
    processes.stop(tmp_path / "mine")
    assert mine.wait() == -15
    assert other.poll() is None


def test_given_a_process_that_will_not_end_when_stopped_then_it_is_killed(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.2)
    process = start(tmp_path, STUBBORN)
    processes.stop(tmp_path)
    assert process.wait() == -9


def test_given_no_processes_when_stopped_then_there_is_no_error(tmp_path: Path) -> None:
    processes.stop(tmp_path)


def test_given_a_long_log_when_quoted_then_its_path_and_last_lines_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    log.write_text("\n".join(f"line {number}" for number in range(100)))
    quoted = processes.tail(log).splitlines()
    assert quoted[0] == f"Last lines of {log}:"
    assert quoted[-1] == "  line 99"
    assert len(quoted) == 16
