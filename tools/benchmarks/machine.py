"""The machine that the measurements run on."""

import os
import platform
import re
from pathlib import Path

import psutil

from local.postgres import VERSION


def describe() -> str:
    """Name the processor, memory, kernel and software versions."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return (
        f"{os.cpu_count()} processors ({model[1] if model else platform.machine()}), "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB, Linux {platform.release().partition('-')[0]}, "
        f"Python {platform.python_version()}, PostgreSQL {VERSION}"
    )
