"""How long the loop of the streams stalls while a batch of 10,000 cells is sent with `max_cost`.

The server is a process of its own. The limit pays for a few turns: each of them is a step at which
the batch decides whether the next one fits.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rows import Row, at_most, print_rows

import dari_nb as dari
from dari_nb.resources.connection.background import background

CELLS, PAID = 10_000, 50
ROOT = Path(__file__).parents[2]
SERVER = """
import sys
from dari_nb.local import LocalDari, Usage
server = LocalDari(api_key="dari_bench", cost_delay=0)

@server.agent("priced")
def priced(prompt):
    yield Usage("0.01")
    yield "Done."

print(server.start().url, flush=True)
sys.stdin.read()
"""


def measure() -> list[Row]:
    command = [sys.executable, "-c", SERVER]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as server:
        try:
            d = dari.connect(base_url=server.stdout.readline().strip(), api_key="dari_bench")
            d.agents["priced"].send("A first one, so that its cost is known.").wait()
            gaps: list[float] = []
            background().run(watch(gaps))
            time.sleep(2)
            idle = 1000 * max(gaps)
            gaps.clear()
            tasks = [f"Task {number}" for number in range(CELLS)]
            batch = d.batches.run("priced", tasks, max_cost=PAID / 100).wait()
            longest = 1000 * max(gaps)
        finally:
            server.stdin.close()
    assert len(batch.unsent) == CELLS - PAID
    print(f"  longest stall of the loop: {longest:.0f} ms, before the batch {idle:.0f} ms")
    return [at_most("stream loop, 10,000 cells, max_cost: longest stall", longest, 20, "ms")]


async def watch(gaps: list[float]) -> None:
    """Note how much later than asked the loop wakes, again and again."""
    while True:
        asleep = time.perf_counter()
        await asyncio.sleep(0.001)
        gaps.append(time.perf_counter() - asleep - 0.001)


if __name__ == "__main__":
    print_rows(measure())
