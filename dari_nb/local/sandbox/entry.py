"""Enters a user namespace with two users, then becomes the program it is given.

Run as a script, and only where the server is root: what runs in the sandbox is then a user who owns
nothing on the machine, because the limit of processes does not hold for root.

Arguments: the outer id that is 1000 inside, and the program with its arguments.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_NEW_USER_NAMESPACE = 0x10000000
INNER = 1000
"""The user and group in the sandbox."""


def enter(outer: int) -> None:
    """Put this process into a namespace in which root is root and ``outer`` is `INNER`.

    Raises:
        OSError: The kernel refuses.
    """
    ready, tell = os.pipe()
    process = os.getpid()
    mapper = os.fork()
    if mapper == 0:
        os.read(ready, 1)
        os._exit(_map(process, f"0 0 1\n{INNER} {outer} 1\n"))
    try:
        if ctypes.CDLL(None, use_errno=True).unshare(_NEW_USER_NAMESPACE):
            raise OSError(ctypes.get_errno(), "no user namespace can be made")
    finally:
        os.write(tell, b".")
        _, status = os.waitpid(mapper, 0)
    if status:
        raise OSError("the users of the namespace cannot be set")
    os.close(ready)
    os.close(tell)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def _map(process: int, users: str) -> int:
    try:
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{process}/{name}").write_text(users)
    except OSError:
        return 1
    return 0


if __name__ == "__main__":
    try:
        enter(int(sys.argv[1]))
    except OSError as error:
        sys.exit(f"entry: {error.strerror or error}")
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606
