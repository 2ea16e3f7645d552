"""The command line: `python -m local.dashboard --output FILE`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local import cloudformation, deployed
from local.dashboard import measured, nested, page
from local.interrupts import exit_code
from local.layout import ROOT
from local.options import add_stack_options
from local.stack import Stack


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the dashboard of a running stack to a file.

    Args:
        arguments: Command-line arguments; those of the process by default.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(arguments)
    return exit_code(lambda: _draw(Stack(ROOT, options.state, options.port), options.output))


def _draw(stack: Stack, output: Path | None) -> int:
    output = output or stack.layout.state / "dashboard.html"
    metrics = measured.read(stack.logs(), deployed.function_names(stack.layout))
    widgets = nested.widgets(nested.resources(ROOT, nested.DASHBOARD, cloudformation.STACK))
    output.write_text(page.render("Orders", widgets, metrics))
    print(f"Written to {output}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.dashboard",
        description="Draw the dashboard from the metrics in the logs of a running stack.",
    )
    parser.add_argument(
        "--output", type=Path, help="HTML file to write; dashboard.html in the stack's folder by default"
    )
    add_stack_options(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
