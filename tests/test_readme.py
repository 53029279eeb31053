"""The README's Python blocks run as they stand, one after another in one shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUN_CELLS = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in sys.stdin.read().split("\\0"):
    shell.run_cell(cell).raise_error()
"""


def cells_of_readme() -> list[str]:
    """Return the README's Python blocks."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def test_the_readme_runs(tmp_path: Path) -> None:
    cells = cells_of_readme()
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith("DARI_") or k == "DARI_NB_CACHE"
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN_CELLS],
        input="\0".join(cells),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(cells) == 6
    assert "stressed" in done.stdout
    assert "count_characters" in done.stdout


def test_the_readme_tells_of_each_extra() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    told = re.findall(r"^\| `\[(\w+)\]` \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert set(told) == set(extras) - {"dev"}
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 160


def test_the_readme_names_each_command_for_tapes_and_the_line_that_git_needs() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    [told] = re.findall(r"`dari-local tape ([a-z|]+) FILE`", readme)
    done = subprocess.run(
        [sys.executable, "-m", "dari_nb.cli", "tape", "--help"],
        capture_output=True,
        check=True,
        text=True,
        cwd=ROOT,
    )
    commands = re.findall(r"^    ([a-z]+) ", done.stdout, re.MULTILINE)
    assert sorted(told.split("|")) == sorted(commands)
    assert "`*.tape text eol=lf -merge` in `.gitattributes`" in readme
