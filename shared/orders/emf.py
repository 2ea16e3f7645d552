"""CloudWatch's embedded metric format (EMF): metrics as JSON lines on standard output.

AWS documentation: "Embedded metric format specification". One document holds metrics of several dimension sets, as long
as no dimension and no metric has two values in it, so that an invocation writes as few lines as possible.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

type Unit = Literal["Count", "Seconds", "None"]

# `json.dumps` would make an encoder for each document.
_to_json = json.JSONEncoder(separators=(",", ":")).encode
_MAX_VALUES = 100
"""Values of one metric in a document."""


@dataclass(slots=True)
class Document:
    """One line of metrics."""

    dimensions: dict[str, str] = field(default_factory=dict)
    values: dict[str, list[float]] = field(default_factory=dict)
    units: dict[tuple[str, ...], dict[str, Unit]] = field(default_factory=dict)

    def add(self, name: str, unit: Unit, value: float, dimensions: Mapping[str, str]) -> bool:
        """Add a value, if the document has room for it."""
        if any(self.dimensions.get(key, setting) != setting for key, setting in dimensions.items()):
            return False
        names = tuple(sorted(dimensions))
        known = self.units.get(names, {})
        values = self.values.get(name, [])
        if len(values) == _MAX_VALUES or (values and name not in known):
            return False
        self.dimensions.update(dimensions)
        self.units.setdefault(names, known)[name] = unit
        self.values.setdefault(name, values).append(value)
        return True

    def render(self, namespace: str) -> str:
        """Return the document as JSON."""
        directives = [
            {
                "Namespace": namespace,
                "Dimensions": [list(names)],
                "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
            }
            for names, units in self.units.items()
        ]
        head = {"_aws": {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": directives}}
        return _to_json({**head, **self.dimensions, **self.values})


class Metrics:
    """The metrics of one invocation."""

    def __init__(self) -> None:
        self._documents: list[Document] = []

    def add(self, name: str, unit: Unit, value: float, dimensions: Mapping[str, str]) -> None:
        """Add a value of a metric; the service is a dimension of each."""
        dimensions = {**dimensions, "service": os.environ["POWERTOOLS_SERVICE_NAME"]}
        if not any(document.add(name, unit, value, dimensions) for document in self._documents):
            self._documents.append(Document())
            self._documents[-1].add(name, unit, value, dimensions)

    def flush(self) -> None:
        """Write the metrics, and start over."""
        documents, self._documents = self._documents, []
        for document in documents:
            print(document.render(os.environ["POWERTOOLS_METRICS_NAMESPACE"]))  # noqa: T201 - Lambda's way to logs
