"""Read the functions' logs from MiniStack, and format them."""

import datetime as dt
import json
import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.text import Text

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

FOLLOW_SECONDS = 1.0
PLATFORM_PREFIXES = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START ")
LEVEL_STYLES = {"DEBUG": "dim", "INFO": "green", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}
SHOWN_FIELDS = {"level", "message", "exception"}
"""Fields that `pretty` shows without their names."""
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
    """

    time: dt.datetime
    function: str
    message: str

    @property
    def is_platform(self) -> bool:
        """Whether Lambda wrote the line, not the function."""
        return self.message.startswith(PLATFORM_PREFIXES)


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
            for event in events:
                moment = dt.datetime.fromtimestamp(event["timestamp"] / 1000, tz=dt.UTC)
                yield LogLine(moment, self._function, event["message"].rstrip("\n"))

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
    """Format a line: time, level, function, message and further fields."""
    clock = line.time.astimezone().strftime("%H:%M:%S")
    entry = _entry(line.message)
    level = str(entry.get("level", ""))
    text = Text.assemble(
        (clock, "dim"), " ", (f"{level:<8}", LEVEL_STYLES.get(level, "")), (f"{line.function:<22} ", "cyan")
    )
    if not entry:
        return text.append(line.message)
    text.append(str(entry.get("message", "metrics" if "_aws" in entry else "")))
    for name, value in entry.items():
        if name not in SHOWN_FIELDS | HIDDEN_FIELDS and value is not None:
            text.append(f" {name}=", "dim").append(value if isinstance(value, str) else json.dumps(value))
    if "exception" in entry:
        text.append(f"\n{entry['exception']}", "red")
    return text


def _entry(message: str) -> dict[str, Any]:
    """Return the fields of a structured line; empty for plain text."""
    try:
        entry = json.loads(message)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
