"""Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Sample(NamedTuple):
    """One value of a family, told from its others by the labels."""

    labels: Mapping[str, str]
    value: float | Decimal


@dataclass(frozen=True, slots=True)
class Family:
    """All samples of one name."""

    name: str
    type: Literal["counter", "gauge"]
    help: str
    samples: tuple[Sample, ...]


def render(families: Iterable[Family]) -> str:
    """The families as a scrape answers them."""
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {_escape(family.help)}"
    yield f"# TYPE {family.name} {family.type}"
    for labels, value in family.samples:
        pairs = ",".join(f'{name}="{_escape(text).replace('"', r"\"")}"' for name, text in labels.items())
        yield f"{family.name}{{{pairs}}} {value}" if pairs else f"{family.name} {value}"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")
