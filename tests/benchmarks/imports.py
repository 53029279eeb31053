"""What it costs to load dari_nb, beside `import httpx`: in fresh processes and in a live kernel."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel

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


def main() -> None:
    rounds = [(process("import dari_nb"), process("import httpx")) for _ in range(RUNS)]
    report(f"fresh process, median of {RUNS}", "import dari_nb", rounds, target=0.3)
    rounds = [(kernel(LOAD_EXT), kernel("import httpx")) for _ in range(KERNELS)]
    report(f"live kernel, median of {KERNELS}", "%load_ext dari_nb", rounds, target=1.0)


def report(where: str, what: str, rounds: list[tuple[float, float]], target: float) -> None:
    ours, peer = (statistics.median(times) * 1000 for times in zip(*rounds, strict=True))
    print(f"imports, {where}")
    print(f"  {what:18} {ours:6.1f} ms   {ours / peer:.2f} of httpx (target {target})")
    print(f"  {'import httpx':18} {peer:6.1f} ms")


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
    main()
