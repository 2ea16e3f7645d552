"""The results as Markdown tables in a document."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tools.benchmarks.baseline import BEFORE, NOW
from tools.benchmarks.capacity import SECONDS
from tools.benchmarks.contenders import CREATORS, EQUAL_WORK, IDIOMATIC, OURS, TUNED, UNSENT
from tools.benchmarks.goals import Results, create_of, goals, growth
from tools.benchmarks.scale import DEEPEST, FEED, FEW, FIRST, KINDS, MANY, METRICS, RELAY, TASK
from tools.benchmarks.summary import Summary
from tools.benchmarks.warm import WITH_SQS

BEGIN = "<!-- What follows is written by `make bench`. -->"
END = "<!-- Up to here. -->"

_PEERS = (TUNED, EQUAL_WORK, IDIOMATIC)


def write(results: Results, document: Path) -> None:
    """Write the tables between the two markers of a document."""
    before, _, rest = document.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n\n{render(results)}\n{END}{after}")


def render(results: Results) -> str:
    """Return all tables, each with its heading."""
    sections = {
        "Goals": _goals(results),
        **({"Before and after": _baseline(results)} if "baseline" in results else {}),
        "Warm requests": _warm(results),
        "Cold starts": _cold(results),
        "Cold starts on the runtime interface emulator": _emulated(results),
        "Orders per second": _throughput(results),
        "Cost of an order": _cost(results),
        "Life of an order": _lives(results),
        "Small and large databases": _scale(results),
        "The feed under load": _feed(results),
        "Simulated: 40,000 orders a minute": f"{_environments(results)}\n\n{_queue(results)}",
    }
    conditions = (
        f"{results['date']}: {results['machine']}; {results['few']:,} and {results['many']:,} orders, "
        f"rounds: {results['rounds']}; network: {results['network_ms']:g} ms."
    )
    return "\n".join((f"*{conditions}*\n", *(f"### {heading}\n\n{table}\n" for heading, table in sections.items())))


def _goals(results: Results) -> str:
    rows = (
        (goal.name, f"{goal.relation} {goal.bound:g}", f"{goal.reached:.3g}", "yes" if goal.is_met else "**no**")
        for goal in goals(results)
    )
    return _table(("goal", "bound", "measured", "met"), rows)


def _baseline(results: Results) -> str:
    rows = (
        (name, _time(of[BEFORE]), _time(of[NOW]), _ratio(of[NOW], of[BEFORE]))
        for name, of in results["baseline"].items()
    )
    return _table(("request, with SQS", BEFORE, NOW, "ratio"), rows)


def _warm(results: Results) -> str:
    def rows() -> Iterator[Sequence[str]]:
        for name, measured in results["warm"].items():
            bases = {peer: create_of(results, peer) for peer in _PEERS} if name == WITH_SQS else measured
            yield (
                name,
                *(_time(measured[contender]) if contender in measured else "" for contender in CREATORS),
                *(_ratio(measured[OURS], bases[peer]) if peer in bases else "" for peer in _PEERS),
            )

    return _table(("request", *CREATORS, *(f"ours / {peer}" for peer in _PEERS)), rows())


def _cold(results: Results) -> str:
    base = results["cold"][IDIOMATIC]["first_response"]
    rows = (
        (
            name,
            *(_time(measured[part]) for part in ("init", "first_response", "without_sqs", "process")),
            _ratio(measured["first_response"], base),
        )
        for name, measured in results["cold"].items()
    )
    header = ("function", "init", "to first response", "without SQS", "whole process", "first response / idiomatic")
    return _table(header, rows)


def _emulated(results: Results) -> str:
    parts = next(iter(results["emulated"].values()))
    rows = ((name, *map(_time, measured.values())) for name, measured in results["emulated"].items())
    return _table(("function", *parts), rows)


def _throughput(results: Results) -> str:
    contenders = (*CREATORS, UNSENT)
    ratios = ((OURS, TUNED), (OURS, EQUAL_WORK), (UNSENT, TUNED))

    def rows() -> Iterator[Sequence[str]]:
        for number, rates in results["throughput"].items():
            medians = {contender: statistics.median(rates[contender]) for contender in contenders}
            cells = (
                f"{medians[contender]:,.0f} ({min(rates[contender]):,.0f} to {max(rates[contender]):,.0f})"
                for contender in contenders
            )
            yield str(number), *cells, *(f"{medians[ours] / medians[peer]:.2f}" for ours, peer in ratios)

    return _table(("environments", *contenders, *(f"{ours} / {peer}" for ours, peer in ratios)), rows())


def _cost(results: Results) -> str:
    rows = (
        (
            name,
            *(_time(cost[part]) for part in ("function", "server", "total")),
            *(f"{cost[part] / 1000:.1f}" for part in ("log_bytes", "log_bytes_after_checkpoint")),
        )
        for name, cost in results["cost"].items()
    )
    header = ("contender", "CPU of the function", "of the server", "of both", "log, KB", "after a checkpoint")
    return _table(header, rows)


def _lives(results: Results) -> str:
    rows = (
        (name, _time(life["database"]), _number(life["server"]), str(life["statements"]), str(life["calls"]))
        for name, life in results["lives"].items()
    )
    return _table(("checkout", "database time", "CPU of the server", "statements", "invocations"), rows)


def _scale(results: Results) -> str:
    few, many = (f"{results[size]:,}" for size in (FEW, MANY))

    def rows() -> Iterator[Sequence[str]]:
        for name in (*KINDS, *FEED, TASK, RELAY, METRICS):
            pages = results["scale"][name]
            first = pages[FIRST]
            has_pages = name in KINDS or name in FEED
            deep = (_time(pages[DEEPEST][MANY]), f"{growth(results, name, DEEPEST):.2f}") if has_pages else ("", "")
            yield name, _time(first[FEW]), _time(first[MANY]), f"{growth(results, name, FIRST):.2f}", *deep

    return _table(("list or work", few, many, "ratio", f"page 5,000 of {many}", "ratio"), rows())


def _feed(results: Results) -> str:
    found = results["feed"]
    return _table(
        ("writers", "seconds", "events", "median lag, ms", "p99 lag, ms"),
        [
            (
                str(found["writers"]),
                f"{found['seconds']:g}",
                f"{found['events']:,}",
                f"{found['median_lag']:.0f}",
                f"{found['p99_lag']:.0f}",
            )
        ],
    )


def _environments(results: Results) -> str:
    rows = (
        (f"`{name}`", f"{found['started']:,}", f"{found['busy']:,}") for name, found in results["environments"].items()
    )
    return _table(("function", "environments started under sudden load", "busy in steady state"), rows)


def _queue(results: Results) -> str:
    def rows() -> Iterator[Sequence[str]]:
        for concurrency, services in results["queue"].items():
            for service, tasks in services.items():
                waited = (f"{tasks[which]:.3g}" for which in ("median_seconds", "p99_seconds"))
                yield concurrency, service, *waited, f"{tasks['backlog']:,}", f"{tasks['busy']:.1f}"

    header = (
        "`TaskConcurrency` / `WorkerConcurrency`",
        "service",
        "wait, p50 in s",
        "p99",
        f"backlog after {SECONDS:.0f} s",
        "sent again per task",
    )
    return _table(header, rows())


def _time(times: Summary) -> str:
    return f"{_number(times['median'])} ({_number(times['p99'])}; ±{_number(times['spread'] / 2)})"


def _number(milliseconds: float) -> str:
    """Format with three significant digits at most."""
    return f"{milliseconds:.0f}" if milliseconds >= 100 else f"{round(milliseconds, 6):.3g}"


def _ratio(measured: Summary, base: Summary) -> str:
    return f"{measured['median'] / base['median']:.2f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (header, ["---"] * len(header), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
