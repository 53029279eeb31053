"""What README and documentation name is there, and the README's code runs."""

import re
import subprocess
import sys
import tomllib

import pytest

RUN_CELLS = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in sys.stdin.read().split("\\0"):
    shell.run_cell(cell).raise_error()
"""


@pytest.fixture(scope="module")
def readme(root):
    return (root / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(root):
    """Return README and documentation by path."""
    paths = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    return {path: path.read_text(encoding="utf-8") for path in paths}


def blocks(readme, language):
    return re.findall(rf"^```{language}\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)


def test_code_blocks_run_in_order(readme, plain_env, tmp_path):
    cells = blocks(readme, "python")
    assert len(cells) > 3
    command = [sys.executable, "-c", RUN_CELLS]
    options = {"input": "\0".join(cells), "text": True, "cwd": tmp_path, "env": plain_env}
    done = subprocess.run(command, capture_output=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "stressed" in done.stdout


def test_relative_links_lead_to_files(pages):
    for path, text in pages.items():
        links = [*re.findall(r"\]\(([^)#]+)", text), *re.findall(r'src(?:set)?="([^"]+)"', text)]
        relative = [link for link in links if "://" not in link]
        assert path.name != "README.md" or len(relative) > 10
        assert [link for link in relative if not (path.parent / link).exists()] == []


def test_commands_of_make_exist(readme, root):
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", readme, re.MULTILINE))
    targets = re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test", "lab"} <= named <= set(targets)


def test_table_of_extras_is_complete(readme, root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    named = re.findall(r"^\| `\[(\w+)\]` \|", readme, re.MULTILINE)
    assert set(named) == set(project["optional-dependencies"]) - {"dev"}


def test_tests_that_show_promises_exist(pages, root):
    named = re.findall(r"`([\w/]+/test_\w+\.py)`", "".join(pages.values()))
    assert named
    assert [path for path in named if not (root / "tests" / path).exists()] == []


def test_installed_command_is_in_help(readme, plain_env):
    command = [sys.executable, "-m", "dari_nb.cli", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, env=plain_env)
    named = set(re.findall(r"`dari-local (\w+)", readme))
    assert named
    assert [name for name in named if name not in done.stdout] == []
