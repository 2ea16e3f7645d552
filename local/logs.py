"""Read the functions' logs from MiniStack, and format them."""

import datetime as dt
import json
import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.text import Text

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

FOLLOW_SECONDS = 1.0
PLATFORM_PREFIXES = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START ")
DURATION = re.compile(r"\tDuration: (?P<milliseconds>[\d.]+) ms\t")
LEVEL_STYLES = {"DEBUG": "dim", "INFO": "green", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}
SHOWN_FIELDS = {"level", "message", "exception"}
"""Fields that `pretty` shows without their names."""
LEVELS = tuple(LEVEL_STYLES)
"""The levels, the least severe first."""
HIDDEN_FIELDS = {
    "_aws",
    "cold_start",
    "correlation_id",
    "exception_name",
    "function_arn",
    "function_memory_size",
    "function_name",
    "function_request_id",
    "location",
    "service",
    "stack_trace",
    "timestamp",
    "xray_trace_id",
}
"""Fields of Powertools that are redundant on one machine."""
EMULATOR_ERROR = re.compile(r"(?P<time>[\d-]+ [\d:]+) ERROR \[lambda\] .* error for (?P<name>\S+): (?P<error>.*)")


@dataclass(frozen=True)
class LogLine:
    """A line of a function's log.

    Attributes:
        time: When it was written. MiniStack gives all lines of an invocation the time of its end.
        function: Name of the function's folder, `create_order`.
        message: The unformatted line.
        milliseconds: How long the invocation took, on its last line that people read; None on all others.
    """

    time: dt.datetime
    function: str
    message: str
    milliseconds: float | None = None

    @property
    def is_platform(self) -> bool:
        """Whether Lambda wrote the line, not the function."""
        return self.message.startswith(PLATFORM_PREFIXES)

    @property
    def is_readable(self) -> bool:
        """Whether the line is for people: neither Lambda's own, nor an EMF document of metrics."""
        return not self.is_platform and "_aws" not in self.fields

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a structured line; empty for plain text."""
        try:
            entry = json.loads(self.message)
        except ValueError:
            return {}
        return entry if isinstance(entry, dict) else {}

    def is_about(self, order: str) -> bool:
        """Tell whether the line names an order, by itself or as part of a task's id."""
        return order in self.message

    def is_at_least(self, level: str) -> bool:
        """Tell whether the line has this level or a more severe one; plain text, such as a traceback, has any."""
        own = self.fields.get("level")
        return own not in LEVELS or LEVELS.index(own) >= LEVELS.index(level)


class Source(Protocol):
    """A source of log lines."""

    def read(self) -> Iterator[LogLine]:
        """Yield the lines that are new since the last call."""


class FunctionLog:
    """The log group of a function.

    MiniStack's log events have no ids, and it returns a limited number. A line is identified by its position in its
    stream. A stream is one invocation, and all its lines have the same time, so reads always return whole streams.

    Args:
        client: A client for CloudWatch Logs.
        function: The function's name in log lines.
        group: Its log group.
        since: Earliest time, precise to the millisecond; the beginning by default.
    """

    def __init__(
        self, client: "CloudWatchLogsClient", function: str, group: str, since: dt.datetime | None = None
    ) -> None:
        self._client = client
        self._function = function
        self._group = group
        self._since = int(since.timestamp() * 1000) if since else 0
        self._seen: set[tuple[str, int]] = set()

    def read(self) -> Iterator[LogLine]:
        """Yield the lines that are new since the last call."""
        while events := self._new_events():
            for _, invocation in groupby(events, key=lambda event: event["logStreamName"]):
                yield from _with_duration([self._line(event) for event in invocation])

    def _line(self, event: "FilteredLogEventTypeDef") -> LogLine:
        moment = dt.datetime.fromtimestamp(event["timestamp"] / 1000, tz=dt.UTC)
        return LogLine(moment, self._function, event["message"].rstrip("\n"))

    def _new_events(self) -> "list[FilteredLogEventTypeDef]":
        try:
            events = self._client.filter_log_events(logGroupName=self._group, startTime=self._since)["events"]
        except self._client.exceptions.ResourceNotFoundException:
            return []  # the function has not run yet
        places = Counter[str]()
        new = []
        latest = set()
        for event in events:
            places[event["logStreamName"]] += 1
            place = (event["logStreamName"], places[event["logStreamName"]])
            if place not in self._seen:
                new.append(event)
            if event["timestamp"] == events[-1]["timestamp"]:
                latest.add(place)
        if events:
            self._since, self._seen = events[-1]["timestamp"], latest
        return new


def _with_duration(invocation: list[LogLine]) -> list[LogLine]:
    """Set the duration, which Lambda reports at the end of an invocation, on the last line that people read."""
    reported = next((match for line in reversed(invocation) if (match := DURATION.search(line.message))), None)
    last = next((index for index in reversed(range(len(invocation))) if invocation[index].is_readable), None)
    if reported and last is not None:
        invocation[last] = replace(invocation[last], milliseconds=float(reported["milliseconds"]))
    return invocation


class EmulatorLog:
    """Functions that failed to start, such as by an import error: only MiniStack's own log has these errors.

    Args:
        path: MiniStack's log file.
        functions: The functions' names in log lines, by their deployed names.
        since: Earliest time, precise to the second; the beginning by default.
    """

    def __init__(self, path: Path, functions: Mapping[str, str], since: dt.datetime | None = None) -> None:
        self._path = path
        self._functions = functions
        self._since = since.replace(microsecond=0) if since else dt.datetime.min.replace(tzinfo=dt.UTC)
        self._read = 0

    def read(self) -> Iterator[LogLine]:
        """Yield the lines that are new since the last call."""
        with self._path.open(errors="replace") as file:
            file.seek(self._read)
            text = file.read()
            self._read = file.tell()
        for match in EMULATOR_ERROR.finditer(text):
            moment = dt.datetime.fromisoformat(match["time"]).replace(tzinfo=dt.UTC)
            if match["name"] in self._functions and moment >= self._since:
                entry = {"level": "ERROR", "message": f"failed to start: {match['error']}"}
                yield LogLine(moment, self._functions[match["name"]], json.dumps(entry))


def fetch(sources: Iterable[Source]) -> list[LogLine]:
    """Return all lines in the order of their times."""
    return sorted((line for source in sources for line in source.read()), key=lambda line: line.time)


def follow(sources: Collection[Source]) -> Iterator[LogLine]:
    """Yield lines as they are written, until the caller stops."""
    while True:
        yield from fetch(sources)
        time.sleep(FOLLOW_SECONDS)


def pretty(line: LogLine) -> Text:
    """Format a line: time, level, function, message, further fields and duration."""
    clock = line.time.astimezone().strftime("%H:%M:%S")
    entry = line.fields
    level = str(entry.get("level", ""))
    text = Text.assemble(
        (clock, "dim"), " ", (f"{level:<8}", LEVEL_STYLES.get(level, "")), (f"{line.function:<22} ", "cyan")
    )
    if not entry:
        return text.append(line.message)
    text.append(str(entry.get("message", "")))
    for name, value in entry.items():
        if name not in SHOWN_FIELDS | HIDDEN_FIELDS and value is not None:
            text.append(f" {name}=", "dim").append(value if isinstance(value, str) else json.dumps(value))
    if line.milliseconds is not None:
        text.append(" duration=", "dim").append(f"{line.milliseconds:.0f} ms")
    if "exception" in entry:
        text.append(f"\n{entry['exception']}", "red")
    return text
