"""What it costs to load dari_nb, beside `import httpx`: in fresh processes and in a live kernel."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel
from rows import Row, at_most, print_rows

ROOT = Path(__file__).parents[2]
RUNS = 9
KERNELS = 5

TIMED = """
import time
start = time.perf_counter()
{work}
print(time.perf_counter() - start)
"""
LOAD_EXT = "get_ipython().run_line_magic('load_ext', 'dari_nb')"


def measure() -> list[Row]:
    rounds = [(process("import dari_nb"), process("import httpx")) for _ in range(RUNS)]
    fresh = compare(f"fresh process, median of {RUNS}", "import dari_nb", rounds, limit=0.3)
    rounds = [(kernel(LOAD_EXT), kernel("import httpx")) for _ in range(KERNELS)]
    live = compare(f"live kernel, median of {KERNELS}", "%load_ext dari_nb", rounds, limit=1.0)
    return [fresh, live]


def compare(where: str, what: str, rounds: list[tuple[float, float]], limit: float) -> Row:
    ours, peer = (statistics.median(times) * 1000 for times in zip(*rounds, strict=True))
    print(f"  {where}")
    print(f"  {what:18} {ours:6.1f} ms")
    print(f"  {'import httpx':18} {peer:6.1f} ms")
    return at_most(what, ours / peer, limit, "x import httpx")


def process(work: str) -> float:
    """Seconds that the work takes in a new interpreter, the start of which does not count."""
    command = [sys.executable, "-c", TIMED.format(work=work)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)


def kernel(work: str) -> float:
    """Seconds that the work takes in a new kernel that has answered once."""
    manager, client = start_new_kernel(cwd=str(ROOT), stderr=subprocess.DEVNULL)
    printed: list[str] = []

    def keep(message: dict[str, Any]) -> None:
        printed.append(message["content"].get("text", ""))

    try:
        client.execute_interactive(TIMED.format(work=work), output_hook=keep, timeout=60)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return float("".join(printed))


if __name__ == "__main__":
    print_rows(measure())
