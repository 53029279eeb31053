"""Git, asked in folders that others have made."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

# Without this, a folder's own configuration could make git run a program of its choice.
_GIT = ("git", "-c", "core.fsmonitor=false")


def run_git(
    folder: Path, *command: str, environment: Mapping[str, str], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run a command of git in a folder, whatever comes of it.

    Raises:
        OSError: There is no git, or no such folder.

    >>> import os
    >>> from pathlib import Path
    >>> run_git(Path(), "version", environment=os.environ).returncode
    0
    """
    return subprocess.run(  # noqa: S603
        (*_GIT, *command),
        cwd=folder,
        env=environment,
        input=given,
        capture_output=True,
        check=False,
    )
