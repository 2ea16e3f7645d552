"""List failed tasks and dead letters, and redrive tasks: `make redrive`."""

import sys
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from local.console import Output
from local.errors import LocalError
from local.stack import Stack

ALL = ["all"]
FUNCTION = "relay_outbox"
WIDE = 200
"""The width of a table that is written to a file."""


def show(stack: Stack) -> int:
    """Print the failed tasks, and the dead letters that name no task; return the exit code."""
    listed = stack.call(FUNCTION, {"failed": "list"})
    console = Output(width=None if sys.stdout.isatty() else WIDE)
    if tasks := listed["tasks"]:
        table = Table("Task", "Order", "Kind", "Attempts", "Reason")
        for task in tasks:
            reason = Text(task["last_error"] or "")  # no markup
            table.add_row(task["id"], task["order_id"], task["kind"], str(task["attempts"]), reason)
        console.print(table)
        print('To redrive them: make redrive TASKS=all, or TASKS="<task> <task>"')
    else:
        print("There are no failed tasks.")
    if unknown := listed["unknown"]:
        print("Dead letters that name no task, and cannot be redriven:")
        table = Table("Message", "Body")
        for message in unknown:
            table.add_row(message["message_id"], Text(message["body"]))
        console.print(table)
    return 0


def redrive(stack: Stack, tasks: Sequence[str]) -> int:
    """Redrive all failed tasks, or those with the given ids; return the exit code.

    Raises:
        LocalError: An id is not that of a task, or some of the tasks have not failed.
    """
    chosen = {} if tasks == ALL else {"tasks": list(tasks)}
    redriven: int = stack.call(FUNCTION, {"failed": "redrive", **chosen})["redriven"]
    print(f"Redriven: {redriven}")
    if chosen and redriven < len(set(tasks)):
        raise LocalError("Only failed tasks can be redriven; `make redrive` lists them.")
    return 0
