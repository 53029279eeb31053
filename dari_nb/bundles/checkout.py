"""What git says about a folder in a checkout."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ..errors import InvalidRequestError
from ..git import run_git

_SELECTION = ("--cached", "--others", "--exclude-standard")
_NO_CHECKOUT = "fatal: not a git repository"


def listed(folder: Path) -> set[str] | None:
    """The files of a folder that git knows or would add; ``None`` outside of checkouts.

    Where there is no git, either, nobody can say what it knows.

    Raises:
        InvalidRequestError: Git does not read the checkout; the text is what git says.
    """
    names = _asked(folder)
    return None if names is None else set(_files(folder, names))


def _files(folder: Path, names: set[str]) -> Iterator[str]:
    for name in names:
        path = folder / name
        try:
            mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue  # deleted, and git has not been told yet
        if stat.S_ISDIR(mode):
            yield from _inner(path, name.rstrip("/"), names)
        else:
            yield name


def _inner(path: Path, name: str, names: set[str]) -> Iterator[str]:
    """The files of a repository in a repository, of which git gives only the folder's name."""
    if os.path.lexists(path / ".git"):
        inner = _asked(path)
        if inner is None:
            raise InvalidRequestError(
                f"Git cannot read the repository {name!r}.", code="git_failed"
            )
        yield from (f"{name}/{one}" for one in _files(path, inner))
    elif not any(one.startswith(f"{name}/") for one in names if one != f"{name}/"):
        raise InvalidRequestError(
            f"{name!r} has nothing of what git knows there. If it is a submodule, get its files: "
            "git submodule update --init.",
            code="git_failed",
        )


def _asked(folder: Path) -> set[str] | None:
    try:
        done = run_git(folder, "ls-files", "-z", *_SELECTION, environment=_environment())
    except FileNotFoundError:
        return None
    said = os.fsdecode(done.stderr).strip()
    if done.returncode and said.startswith(_NO_CHECKOUT):
        return None
    if done.returncode:
        raise InvalidRequestError(
            f"Git does not say what belongs to {str(folder)!r}: {' '.join(said.split())}",
            code="git_failed",
        )
    return {os.fsdecode(name) for name in done.stdout.split(b"\0") if name}


def _environment() -> dict[str, str]:
    """The environment without what would name another repository than the folder's own."""
    kept = {
        key: text
        for key, text in os.environ.items()
        if not key.startswith("GIT_") or key.startswith("GIT_CONFIG")
    }
    return {**kept, "LC_ALL": "C"}
