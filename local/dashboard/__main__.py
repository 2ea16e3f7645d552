"""The command line: `python -m local.dashboard --output FILE`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local import cloudformation, deployed
from local.dashboard import measured, monitoring, page
from local.errors import LocalError
from local.layout import ROOT
from local.replay.session import add_stack_options
from local.stack import Stack


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the dashboard of a running stack to a file.

    Args:
        arguments: The command line; the process's own by default.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(arguments)
    try:
        stack = Stack(ROOT, options.state, options.port)
        output = options.output or stack.layout.state / "dashboard.html"
        found = measured.read(stack.logs(), deployed.function_names(stack.layout))
        widgets = monitoring.widgets(monitoring.resources(ROOT, cloudformation.STACK))
        output.write_text(page.render("Orders", widgets, found))
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Written to {output}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.dashboard", description="Draw the dashboard from what a running stack has measured."
    )
    parser.add_argument("--output", type=Path, help="an HTML file; dashboard.html in the stack's folder by default")
    add_stack_options(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
