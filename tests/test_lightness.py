"""Loading the package and its extension brings in nothing heavy; that comes with first use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ["anywidget", "httpx", "markdown_it", "msgspec", "pandas", "starlette"]
LOADED = f"import sys; print([name for name in {HEAVY} if name in sys.modules])"
SHELL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "dari_nb")
assert "dari_send" in shell.magics_manager.magics["line"]
"""


def modules_after(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{LOADED}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize("code", ["import dari_nb", SHELL], ids=["import", "load_ext"])
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert modules_after(code) == "[]"


def test_frames_come_with_pandas_and_without_the_client() -> None:
    heavy = modules_after("import dari_nb.frames")
    assert "pandas" in heavy
    assert "httpx" not in heavy


def test_the_client_works_alone() -> None:
    assert modules_after("import dari_nb; dari_nb.Client") == "['httpx', 'msgspec']"
