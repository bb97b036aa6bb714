"""What the numbers were measured on."""

import os
import platform
import re
from pathlib import Path

from benchmarks import packages
from benchmarks.stage import Stage


def describe(stage: Stage) -> dict[str, str]:
    """The machine and everything on it that matters, name by name."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "processor": cpu[1] if cpu else platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{int(memory[1]) / 1024**2:.0f} GiB" if memory else "",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "postgres": stage.execute("SHOW server_version")[0][0],
        **packages.versions(),
    }
