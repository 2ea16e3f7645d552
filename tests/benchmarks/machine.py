"""What the measurements were made on."""

import os
import platform
from pathlib import Path

import psutil

from local.postgres import VERSION


def describe() -> str:
    """Processor, memory, kernel and the versions of what was measured, as one sentence has them."""
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return (
        f"{os.cpu_count()} processors ({processor}), {psutil.virtual_memory().total / 2**30:.0f} GiB, "
        f"Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}, PostgreSQL {VERSION}"
    )
