"""The results as Markdown, and their place in a document."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.benchmarks.capacity import SECONDS
from tests.benchmarks.contenders import CONTENDERS, IDIOMATIC, OURS, TUNED, UNSENT
from tests.benchmarks.figures import Figures
from tests.benchmarks.goals import Results, goals, growth
from tests.benchmarks.scale import DEEPEST, FEW, FIRST, KINDS, MANY, METRICS, RELAY, TASK
from tests.benchmarks.warm import SENT

BEGIN = "<!-- What follows is written by `make bench`. -->"
END = "<!-- Up to here. -->"


def write(results: Results, document: Path) -> None:
    """Put the tables between the two markers of a document."""
    before, _, rest = document.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n\n{render(results)}\n{END}{after}")


def render(results: Results) -> str:
    """All tables, each under its heading."""
    sections = {
        "Goals": _goals(results),
        "Warm requests": _warm(results),
        "Cold starts": _cold(results),
        "On Lambda's runtime emulator": _emulated(results),
        "Orders a second": _throughput(results),
        "Few orders and many": _scale(results),
        "Simulated: 40,000 orders a minute": f"{_environments(results)}\n\n{_queues(results)}",
    }
    made = (
        f"{results['date']}: {results['machine']}; {results['few']:,} and {results['many']:,} orders, "
        f"rounds: {results['rounds']}."
    )
    return "\n".join((f"*{made}*\n", *(f"### {heading}\n\n{table}\n" for heading, table in sections.items())))


def _goals(results: Results) -> str:
    rows = (
        (goal.name, f"{goal.relation} {goal.bound:g}", f"{goal.reached:.3g}", "yes" if goal.is_met else "**no**")
        for goal in goals(results)
    )
    return _table(("goal", "bound", "reached", "met"), rows)


def _warm(results: Results) -> str:
    def rows() -> Iterator[Sequence[str]]:
        for name, measured in results["warm"].items():
            contenders = [_time(measured[contender]) if contender in measured else "" for contender in CONTENDERS]
            against = results["warm"]["create"] if name == SENT else measured
            yield name, *contenders, *(_ratio(measured[OURS], against[peer]) for peer in (TUNED, IDIOMATIC))

    return _table(("request", *CONTENDERS, "of tuned", "of idiomatic"), rows())


def _cold(results: Results) -> str:
    base = results["cold"][IDIOMATIC]["both"]
    return _table(
        ("function", "loading", "with the first answer", "SQS apart", "whole process", "of idiomatic"),
        (
            (
                name,
                *(_time(measured[part]) for part in ("loading", "both", "apart", "process")),
                _ratio(measured["both"], base),
            )
            for name, measured in results["cold"].items()
        ),
    )


def _emulated(results: Results) -> str:
    parts = next(iter(results["emulated"].values()))
    return _table(
        ("function", *parts),
        ((name, *map(_time, measured.values())) for name, measured in results["emulated"].items()),
    )


def _throughput(results: Results) -> str:
    contenders = (*CONTENDERS, UNSENT)

    def rows() -> Iterator[Sequence[str]]:
        for number, rates in results["throughput"].items():
            medians = {contender: statistics.median(rates[contender]) for contender in contenders}
            cells = (
                f"{medians[contender]:,.0f} ({min(rates[contender]):,.0f} to {max(rates[contender]):,.0f})"
                for contender in contenders
            )
            yield str(number), *cells, *(f"{medians[ours] / medians[TUNED]:.2f}" for ours in (OURS, UNSENT))

    return _table(("environments", *contenders, "of tuned", "nothing sent, of tuned"), rows())


def _scale(results: Results) -> str:
    few, many = (f"{results[size]:,}" for size in (FEW, MANY))

    def rows() -> Iterator[Sequence[str]]:
        for name in KINDS:
            measured = results["scale"][name]
            first, deep = (f"{growth(results, name, page):.2f}" for page in (FIRST, DEEPEST))
            yield (
                name,
                _time(measured[FIRST][FEW]),
                _time(measured[FIRST][MANY]),
                first,
                _time(measured[DEEPEST][MANY]),
                deep,
            )
        for name in (TASK, RELAY, METRICS):
            measured = results["scale"][name][FIRST]
            yield name, _time(measured[FEW]), _time(measured[MANY]), f"{growth(results, name, FIRST):.2f}", "", ""

    return _table(("what", few, many, "ratio", f"page 5,000 of {many}", "ratio"), rows())


def _environments(results: Results) -> str:
    return _table(
        ("function", "environments started when all begins at once", "at work when it has settled"),
        (
            (f"`{name}`", f"{found['started']:,}", f"{found['at_work']:,}")
            for name, found in results["environments"].items()
        ),
    )


def _queues(results: Results) -> str:
    def rows() -> Iterator[Sequence[str]]:
        for concurrency, queues in results["queues"].items():
            for service, queue in queues.items():
                waited = (f"{queue[which]:.3g}" for which in ("median_seconds", "p99_seconds"))
                yield concurrency, service, *waited, f"{queue['left']:,}", f"{queue['batch']:.1f}"

    header = (
        "`TaskConcurrency`",
        "queue",
        "s waited, median",
        "p99",
        f"left after {SECONDS:.0f} s",
        "tasks in a batch",
    )
    return _table(header, rows())


def _time(figures: Figures) -> str:
    return f"{_number(figures['median'])} ({_number(figures['p99'])}; ±{_number(figures['spread'] / 2)})"


def _number(milliseconds: float) -> str:
    """With as many decimals as say something."""
    return f"{milliseconds:.0f}" if milliseconds >= 100 else f"{milliseconds:.3g}"


def _ratio(measured: Figures, base: Figures) -> str:
    return f"{measured['median'] / base['median']:.2f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (header, ["---"] * len(header), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
