"""How commands end when nobody reads their output any more, or Ctrl-C is pressed."""

import subprocess
import sys

import pytest

from tests.support import ROOT

PRINTS = {
    "print": "while True: print('a line')",
    "rich": "from local.console import Output\n    console = Output()\n    while True: console.print('a line')",
    "little": "print('a line')\n    return 0",
}


@pytest.mark.parametrize("prints", PRINTS)
def test_given_a_closed_pipe_when_a_command_prints_then_it_ends_in_silence(prints: str) -> None:
    program = (
        "import sys\nfrom local.interrupts import exit_code\n"
        f"def command():\n    {PRINTS[prints]}\n"
        "sys.exit(exit_code(command))"
    )
    command = subprocess.Popen(  # noqa: S603 - a program of this test
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert command.stdout
    assert command.stderr
    command.stdout.close()
    with command:
        assert command.stderr.read() == ""
    assert command.returncode == 0
