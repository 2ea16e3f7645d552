"""The command line of the local stack, `python -m local COMMAND`; the Makefile calls it."""

import argparse
import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError

from local import logs, redrive
from local.console import Output, Progress
from local.errors import LocalError
from local.interrupts import exit_code, heed_termination
from local.layout import ROOT
from local.options import add_stack_options
from local.stack import Stack

CUSTOMER = "5"
SMOKE_CUSTOMER = "smoke-test"
PRODUCT = "PROD001"
SCOPE = "orders:read orders:write"
ORDER = """{
      "items": [{"product_id": "PROD001", "quantity": 2, "unit_price": 79.99}],
      "shipping_address": {"name": "Alice Johnson", "line1": "27 Elm Street", "city": "Madison", "region": "WI",
                           "postal_code": "53703", "country": "US"}
    }"""
STOPPED = "Everything is stopped; the data stays."
Options = argparse.Namespace


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: The command line; the process's own by default.

    Returns:
        The exit code.
    """
    options = parser().parse_args(arguments)
    return exit_code(lambda: options.run(options))


def parser() -> argparse.ArgumentParser:
    """Return the parser; each command sets the function to run as the option `run`."""
    top = argparse.ArgumentParser(prog="python -m local", description="The whole service on this machine.")
    add_stack_options(top)
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[Options], int], summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary)
        added.set_defaults(run=run)
        return added

    command("run", _run, "start everything, show the logs, stop on Ctrl-C")
    command("up", _up, "start everything in the background")
    command("down", _down, "stop everything; the data stays")
    command("clean", _clean, "stop everything and delete the data")
    command("status", _status, "show what runs")

    deploy = command("deploy", _deploy, "build and deploy again after a change")
    deploy.add_argument("--parameter", action="append", type=_pair, default=[], metavar="NAME=VALUE", dest="parameters")

    token = command("token", _token, "print a bearer token")
    token.add_argument("--customer", default=CUSTOMER)
    token.add_argument("--scope", default="", help="scopes, separated by spaces")

    test = command("smoke", _smoke, "place, read and cancel an order")
    test.add_argument("--product", default=PRODUCT, help=f"the product to order one of ({PRODUCT})")

    show = command("logs", _logs, "show the functions' logs")
    show.add_argument("--function", help="the function's folder, such as create_order")
    show.add_argument("--follow", action="store_true", help="wait for further lines")
    show.add_argument("--order", default="", help="only lines about this order")
    show.add_argument(
        "--level", type=str.upper, choices=logs.LEVELS, default=logs.LEVELS[0], help="only from this level"
    )
    show.add_argument("--raw", action="store_true", help="print lines unformatted, metrics too")

    feed = command("events", _events, "show what happened to orders: the feed of events")
    feed.add_argument("--type", default="", help="only these types, separated by commas, such as order.placed")
    feed.add_argument("--order", default="", help="only the events of the order with this id")
    feed.add_argument("--follow", action="store_true", help="wait for further events")

    psql = command("psql", _psql, "open psql, or run a statement")
    psql.add_argument("--sql", help="the SQL statement to run")

    failed = command("redrive", _redrive, "list failed tasks, or redrive them")
    failed.add_argument("--tasks", nargs="*", default=[], help="all, or the ids of the tasks to redrive")

    invoke = command("invoke", _invoke, "invoke a function with an event, as Lambda does")
    invoke.add_argument("--function", required=True, help="the function's folder, such as create_order")
    invoke.add_argument("--event", required=True, type=Path, help="a JSON file")
    invoke.add_argument("--order", help="the id of an order that replaces the one of the sample events")

    command("containers", _containers, "make the running stack reachable for `sam local`, until Ctrl-C")
    return top


def _run(options: Options) -> int:
    stack = _stack(options)
    started = stack.up()
    try:
        _introduce(stack, new=started)
        effect = "stops everything" if started else "ends this command; the stack keeps running"
        print(f"Following the logs; Ctrl-C {effect}.", flush=True)
        _show(stack.follow())
    except KeyboardInterrupt:
        print(flush=True)
    except BotoCoreError:
        if not started or stack.down():  # else another command has stopped it
            raise LocalError(f"MiniStack has stopped; its log is {stack.layout.log('ministack')}.") from None
    finally:
        if started:
            stack.down()
    print(STOPPED if started else "The stack keeps running.")
    return 0


def _up(options: Options) -> int:
    stack = _stack(options)
    _introduce(stack, new=stack.up())
    return 0


def _introduce(stack: Stack, *, new: bool) -> None:
    """Print how to use a running stack."""
    if not new:
        print("The stack is already running. To deploy a change: make deploy-local")
    token = stack.token(CUSTOMER, SCOPE)
    print(f"\nThe console, signed in: {stack.url}/console#token={token}")
    print(f"\nThe orders API is at {stack.url}. Try it:\n")
    print(f"  export TOKEN={token}")
    print(f'  curl -i {stack.url}/v1/orders -H "Authorization: Bearer $TOKEN" \\')
    print(f"    -H 'Content-Type: application/json' -d '{ORDER}'\n")
    print("What happens to orders, as it happens: make events FOLLOW=1\n", flush=True)


def _down(options: Options) -> int:
    print(STOPPED if _stack(options).down() else "Nothing was running.")
    return 0


def _clean(options: Options) -> int:
    stack = _stack(options)
    if others := stack.clean():
        print(f"Kept in {stack.layout.state}, because the stack did not write it: {', '.join(others)}.")
    return 0


def _status(options: Options) -> int:
    stack = _stack(options)
    for name, runs in stack.status().items():
        print(f"{name:<20} {f'runs on port {stack.layout.ports[name]}' if runs else 'stopped'}")
    return 0


def _deploy(options: Options) -> int:
    print("Deployed." if _stack(options).deploy(dict(options.parameters)) else "No changes to deploy.")
    return 0


def _token(options: Options) -> int:
    print(_stack(options).token(options.customer, options.scope))
    return 0


def _smoke(options: Options) -> int:
    from tools import smoke

    stack = _stack(options)
    os.environ["TOKEN"] = stack.token(SMOKE_CUSTOMER)
    return smoke.main(["--url", stack.url, "--product", options.product])


def _logs(options: Options) -> int:
    stack = _stack(options)
    lines = stack.follow(options.function) if options.follow else stack.logs(options.function)
    chosen = (line for line in lines if line.is_about(options.order) and line.is_at_least(options.level))
    _show(chosen, raw=options.raw)
    return 0


def _events(options: Options) -> int:
    from local import events

    return events.show(_stack(options), types=options.type, order=options.order, follow=options.follow)


def _psql(options: Options) -> int:
    stack = _stack(options)
    if not stack.postgres.running:
        raise LocalError("PostgreSQL is not running; run `make up` first.")
    command = stack.postgres.psql(stack.database.name, stack.database.user)
    os.execv(command[0], [*command, *(["-c", options.sql] if options.sql else [])])  # noqa: S606


def _redrive(options: Options) -> int:
    return redrive.redrive(_stack(options), options.tasks) if options.tasks else redrive.show(_stack(options))


def _invoke(options: Options) -> int:
    from local import samples
    from local.invoke import invoke

    stack = _stack(options)
    event = _event(options.event)
    stack.build()
    overrides = (
        samples.settings_of(stack.layout, options.function) if samples.is_sample(stack.layout, options.event) else {}
    )
    with samples.completed(event, options.order) as completed:
        answer, succeeded = invoke(stack.layout, options.function, completed, overrides)
    print(answer)
    if not options.order and samples.ORDER in event:
        print(f"The event names the order {samples.ORDER}; to use one of yours: ORDER=<id>", file=sys.stderr)
    return 0 if succeeded else 1


def _containers(options: Options) -> int:
    from local import containers

    stack = _stack(options)
    settings, address = containers.write_settings(stack.layout), containers.bridge()
    print("Containers can reach the stack, until Ctrl-C. In another terminal:\n")
    print("  .venv/bin/sam local invoke CreateOrderFunction -e events/create_order/items.json \\")
    print("    " + " ".join(containers.sam_options(stack.layout, settings)) + "\n", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(containers.relay(address, (stack.layout.services_port, stack.layout.database_port)))
    return 0


def _event(path: Path) -> str:
    try:
        text = path.read_text()
        json.loads(text)
    except (OSError, ValueError) as error:
        raise LocalError(f"EVENT must name a JSON file: {error}") from error
    return text


def _show(lines: Iterable[logs.LogLine], *, raw: bool = False) -> None:
    console = Output(highlight=False)
    for line in lines:
        if raw and not line.is_platform:
            print(line.message, flush=True)
        elif not raw and line.is_readable:
            console.print(logs.pretty(line), soft_wrap=True)


def _stack(options: Options) -> Stack:
    stream = sys.stderr if options.run is _invoke else sys.stdout
    return Stack(ROOT, options.state, options.port, Progress(stream))


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value


if __name__ == "__main__":
    heed_termination()
    sys.exit(main())
