"""What git knows of a file in conflict, and what it writes into one."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from ...git import run_git

_SETTLED = "dari-settled"
"""Where it stands beside what git knows of a merge which conflicts were settled here."""
_MOST_SETTLED = 100
_MARK = re.compile(rb"^(<{7,}|\|{7,}|={7,}|>{7,})[^\n]*$", re.MULTILINE)
_ABOUT = ("-c", "core.autocrlf=false", "-c", "user.name=a", "-c", "user.email=a")
_COMMIT = "commit refs/heads/{name}\ncommitter a <a> 0 +0000\ndata 0\n\n{parent}"
_FILE = "M 100644 inline file\ndata {size}\n"


def staged(file: Path, number: int) -> bytes | None:
    """What git keeps of a file that is in conflict: 1 the base, 2 ours, 3 theirs."""
    return _git(file.parent, "cat-file", "blob", f":{number}:./{file.name}")


def committed(file: Path) -> bytes | None:
    """A file as the last commit has it."""
    return _git(file.parent, "show", f"HEAD:./{file.name}")


def in_conflict(file: Path) -> list[str]:
    """The files in the folder of one, and below, that are in conflict and end as its name does."""
    told = _git(file.parent, "ls-files", "--unmerged", "-z") or b""
    names = {os.fsdecode(entry.partition(b"\t")[2]) for entry in told.split(b"\0")}
    return sorted(name for name in names if name and Path(name).suffix == file.suffix)


def note_settled(file: Path, ours: bytes, theirs: bytes) -> None:
    """Note that a conflict was settled; where that cannot be kept it counts as not settled yet."""
    place = _place_of_settled(file)
    if place is None or was_settled(file, ours, theirs):
        return
    with suppress(OSError):
        known = place.read_text("ascii").splitlines() if place.exists() else []
        known = [*known, _conflict(file, ours, theirs)][-_MOST_SETTLED:]
        place.write_text("".join(f"{line}\n" for line in known), "ascii")


def was_settled(file: Path, ours: bytes, theirs: bytes) -> bool:
    """Whether a conflict between two sides was settled here, whatever the file is by now."""
    place = _place_of_settled(file)
    with suppress(OSError, UnicodeDecodeError):
        return place is not None and _conflict(file, ours, theirs) in place.read_text("ascii")
    return False


def _place_of_settled(file: Path) -> Path | None:
    told = _git(file.parent, "rev-parse", "--git-path", _SETTLED)
    return file.parent / os.fsdecode(told.rstrip(b"\n")) if told else None


def _conflict(file: Path, ours: bytes, theirs: bytes) -> str:
    whole = b"\0".join(hashlib.sha256(one).digest() for one in (os.fsencode(file), ours, theirs))
    return hashlib.sha256(whole).hexdigest()


def is_left_alone(file: Path) -> bool:
    """Whether git leaves our side in a file in conflict, and no marks (``-merge``)."""
    told = _git(file.parent, "check-attr", "merge", "--", file.name) or b""
    return told.rstrip().endswith(b": merge: unset")


def merges_lines(file: Path) -> bool:
    """Whether a file is where git is, and git merges it line by line."""
    told = _git(file.parent, "check-attr", "merge", "--", file.name)
    return told is not None and not is_left_alone(file)


def place_of_edit(data: bytes, base: bytes | None, ours: bytes, theirs: bytes) -> int | None:
    """The first line of a file with marks that git has not written; ``None`` where it wrote all."""
    lines = _unnamed(data)
    most = 0
    sides = {"base": base, "ours": ours, "theirs": theirs}
    for written in _written(sides, shows_base=b"\n|||||||" in data):
        other = _unnamed(written)
        if other == lines:
            return None
        pairs = enumerate(zip(lines, other, strict=False))
        end = min(len(lines), len(other))
        most = max(most, next((at for at, (line, its) in pairs if line != its), end))
    return most + 1


def _unnamed(data: bytes) -> list[bytes]:
    """The lines of a file whose marks do not name the sides: git calls them by what it does."""
    return _MARK.sub(lambda mark: mark[1][:7], data.replace(b"\r\n", b"\n")).split(b"\n")


def _written(sides: Mapping[str, bytes | None], *, shows_base: bool) -> Iterator[bytes]:
    """Give what git writes when it merges, and when it makes the conflict anew.

    It is asked in a repository of its own, by its own settings.
    """
    with TemporaryDirectory(prefix="dari-settle-") as place:
        folder = Path(place)
        _git(folder, "init", "--quiet", "--template=", isolated=True)
        commits = b"".join(_commits(sides))
        _git(folder, "fast-import", "--quiet", given=commits, isolated=True)
        for style in ("diff3", "zdiff3") if shows_base else ("merge",):
            _git(folder, "checkout", "--quiet", "--force", "ours", isolated=True)
            styled = ("-c", f"merge.conflictStyle={style}")
            _git(folder, *styled, "merge", "--quiet", "theirs", isolated=True)
            yield _content(folder)
            _git(folder, "checkout", f"--conflict={style}", "file", isolated=True)
            yield _content(folder)
            _git(folder, "reset", "--quiet", "--hard", isolated=True)


def _content(folder: Path) -> bytes:
    try:
        return (folder / "file").read_bytes()
    except OSError:
        return b""


def _commits(sides: Mapping[str, bytes | None]) -> Iterator[bytes]:
    for name, data in sides.items():
        parent = "" if name == "base" else "from refs/heads/base\n"
        yield _COMMIT.format(name=name, parent=parent).encode()
        if data is not None:
            yield _FILE.format(size=len(data)).encode() + data + b"\n"


def _git(folder: Path, *command: str, given: bytes = b"", isolated: bool = False) -> bytes | None:
    """What git says; ``None`` where there is none, or it refuses."""
    environment = dict(os.environ)
    if isolated:
        environment = {k: v for k, v in environment.items() if not k.startswith("GIT_")}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    whole = (*_ABOUT, *command) if isolated else command
    try:
        done = run_git(folder, *whole, environment=environment, given=given)
    except OSError:
        return None
    return None if done.returncode else done.stdout
