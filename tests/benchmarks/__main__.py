"""Run each script of this folder in a process of its own, and end with one table of all targets."""

from __future__ import annotations

import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from textwrap import shorten

from rows import Row, print_rows, run_script

SCRIPTS = sorted({file.stem for file in Path(__file__).parent.glob("*.py")} - {"__main__", "rows"})


def main() -> int:
    """Return 1 if a script failed; a missed target is only reported."""
    rows: list[Row] = []
    for name in SCRIPTS:
        print(f"\n{name}.py", flush=True)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            run = pool.submit(run_script, name)
        if error := run.exception():
            traceback.print_exception(error)
            rows.append(Row(f"{name}.py", shorten(f"failed: {error}", 60), "", None))
        else:
            rows += run.result()
    print()
    print_rows(rows)
    return int(any(row.is_met is None for row in rows))


if __name__ == "__main__":
    sys.exit(main())
