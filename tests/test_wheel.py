"""The wheel as a stranger gets it: installed in an empty environment that has no npm."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ONE_TURN = """
import dari_nb as dari
from dari_nb.widgets import LiveTranscript
d = dari.connect("local")
turn = d.agents.get("calculator").send("What is 2 + 3?")
assert turn.wait(timeout=20).status == "completed", turn.status
assert "5" in turn.text
assert len(dari.tool_calls_frame(turn.session)) == 1
print(dari.__file__)
"""


def run(*command: str | Path, cwd: Path, path: str) -> str:
    """Run a command with only this PATH in sight, and nothing that points to the checkout."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DARI_", "PYTHON", "VIRTUAL"))}
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, env=kept | {"PATH": path}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(kind: str, source: Path, folder: Path, path: str) -> Path:
    run(
        *(sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", folder, source),
        cwd=source,
        path=path,
    )
    [built] = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which there is nothing, npm included."""
    return str(tmp_path_factory.mktemp("nowhere"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, nowhere: str) -> Path:
    """The wheel, built without npm from the source distribution of this checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    sdist = build("sdist", ROOT, folder, os.environ["PATH"])
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    sources = folder / sdist.name.removesuffix(".tar.gz")
    return build("wheel", sources, tmp_path_factory.mktemp("wheel"), nowhere)


def test_the_wheel_holds_the_front_end_and_the_types_and_nothing_beside_the_package(
    wheel: Path,
) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "dari_nb/py.typed",
        "dari_nb/render/paper.css",
        "dari_nb/widgets/static/live.css",
        "dari_nb/widgets/static/live.js",
    } <= names
    assert all(name.startswith(("dari_nb/", "dari_nb-")) for name in names)


def test_the_wheel_runs_a_turn_in_an_empty_environment(
    wheel: Path, nowhere: str, tmp_path: Path
) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path, path=nowhere)
    where = run(python, "-c", ONE_TURN, cwd=tmp_path, path=nowhere)
    assert Path(where.strip()).is_relative_to(tmp_path)
