"""The sandbox: bubblewrap's command line, and whether it works here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from ..workspaces.folder import Folder
from ..workspaces.walking import walk
from .entry import INNER
from .limits import KIB, Limits
from .syscalls import filter_program, is_known_machine

OUTSIDER = 64_999
"""Who the sandbox's user is outside where the server is root: a number that owns nothing."""
INSTALL = "Install bubblewrap 0.8 or newer; on Debian and Ubuntu: apt-get install bubblewrap."
_PERMIT = (
    "bwrap is there, but this system forbids user namespaces, or what is to be done in them. "
    "Permit them: sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces=10000, and "
    "on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0; in a container, start it with "
    "--security-opt seccomp=unconfined --security-opt systempaths=unconfined, or --privileged."
)
_FORBIDDEN = re.compile(
    r"namespace|not permitted|permission denied|read-only file|no space left", re.IGNORECASE
)
_ENTRY = Path(__file__).with_name("entry.py")
_LINKED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SYSTEM = ("/etc/alternatives", "/etc/ld.so.cache")
_NETWORK = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/ssl/certs",
    "/etc/ca-certificates",
    "/etc/pki/tls/certs",
)
# The first process dies with the server, but only once it has said so to the kernel; until then, a
# process of the prologue ends all others when the server's end of the lifeline closes.
# The variables are set last, when no more rights are held, and come by a descriptor: what stands in
# a command line can be seen from outside.
_PROLOGUE = """\
(read -r -u {lifeline}; kill -KILL -1) {variables}<&- </dev/null >/dev/null 2>&1 &
exec {lifeline}<&-
ulimit -u {processes} -d {memory} -f {file} -n {descriptors} -c 0 || exit 125
cd /workspace || exit 125
echo 1000 2>/dev/null >/proc/self/oom_score_adj
while IFS= read -r -d '' pair; do export "$pair" 2>/dev/null; done <&{variables}
exec {variables}<&-
exec "$@"
"""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a sandbox shows of the machine.

    Attributes:
        workspace: The folder that is ``/workspace``, to be written to.
        bundle: The folder that is ``/bundle``, only to be read.
        network: Whether the machine's network can be reached.
        binds: What else is shown, only to be read: pairs of a path outside and one inside.
    """

    workspace: Path
    bundle: Path | None = None
    network: bool = False
    binds: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Passed:
    """Descriptors that a sandbox inherits.

    Attributes:
        filtered: The filter of system calls.
        variables: The environment, as pairs that end with a zero byte.
        lifeline: A pipe whose other end is open for as long as the server lives.
        hang_up: Closes that other end.
    """

    filtered: int
    variables: int
    lifeline: int
    hang_up: Callable[[], None]

    @property
    def inherited(self) -> tuple[int, int, int]:
        """What the command has to be given."""
        return self.filtered, self.variables, self.lifeline


def sandbox_available() -> bool:
    """Whether tools can run in the sandbox here."""
    return sandbox_trouble() is None


def sandbox_trouble() -> str | None:
    """Say why no sandbox can be made here and what to do, or ``None`` when one can."""
    if not sys.platform.startswith("linux") or not is_known_machine():
        return "The sandbox needs Linux on x86-64 or arm64."
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return f"The program bwrap is missing. {INSTALL}"
    return _tried(bwrap)


@cache
def _tried(bwrap: str) -> str | None:
    """Run nothing in a sandbox, as everything else is run."""
    with TemporaryDirectory(prefix="dari-sandbox-") as folder, passed({}) as descriptors:
        room = Room(workspace=Path(folder))
        hand_over(room.workspace)
        try:
            done = subprocess.run(  # noqa: S603
                command(room, ["/bin/true"], Limits(), descriptors, bwrap),
                pass_fds=descriptors.inherited,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env={},
                cwd="/",
                timeout=20,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bwrap does not run here: {error}. {INSTALL}"
    if done.returncode == 0:
        return None
    said = done.stderr.decode("utf-8", "replace").strip()[-300:]
    said = said or f"exit code {done.returncode}"
    advice = _PERMIT if _FORBIDDEN.search(said) else INSTALL
    return f"bwrap cannot make a sandbox here: {said}. {advice}"


@contextmanager
def passed(variables: Mapping[str, str], *, network: bool = False) -> Iterator[Passed]:
    """Hold the descriptors open that `command` needs."""
    pairs = "".join(f"{name}={value}\0" for name, value in variables.items())
    with ExitStack() as stack:
        filtered = stack.enter_context(_in_memory(filter_program(network=network)))
        told = stack.enter_context(_in_memory(pairs.encode("utf-8", "surrogateescape")))
        lifeline, ours = os.pipe()
        stack.callback(os.close, lifeline)
        line = stack.enter_context(ExitStack())
        line.callback(os.close, ours)
        yield Passed(filtered, told, lifeline, line.close)


@contextmanager
def _in_memory(data: bytes) -> Iterator[int]:
    descriptor = os.memfd_create("dari")
    try:
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def hand_over(workspace: Path) -> None:
    """Make a workspace the sandbox's own, and shut it for everyone else on the machine."""
    workspace.chmod(0o700)
    if os.geteuid() != 0:
        return
    os.chown(workspace, OUTSIDER, OUTSIDER)
    with Folder(workspace).directory([]) as root:
        for entry in walk(root):
            # A second name may lie outside: such a file is never given away.
            if entry.found.st_uid != OUTSIDER and (entry.is_folder or entry.found.st_nlink == 1):
                os.chown(entry.name, OUTSIDER, OUTSIDER, dir_fd=entry.here, follow_symlinks=False)


def command(
    room: Room,
    program: Sequence[str],
    limits: Limits,
    descriptors: Passed,
    bwrap: str | None = None,
) -> list[str]:
    """Return the command that runs a program in a sandbox.

    Args:
        room: What the program sees.
        program: The program by its path in the sandbox, with its arguments.
        limits: What it may take; time, output and the workspace's size are not held by this.
        descriptors: What `passed` gave; the command must inherit them.
        bwrap: The program that makes the sandbox.
    """
    shown = [str(bwrap or shutil.which("bwrap")), *_namespaces(room), *_view(room, limits)]
    shown += ["--seccomp", str(descriptors.filtered), "--chdir", "/", "--"]
    prologue = _PROLOGUE.format(
        processes=limits.processes,
        descriptors=limits.descriptors,
        memory=limits.memory_bytes // KIB,
        file=limits.file_bytes // KIB,
        variables=descriptors.variables,
        lifeline=descriptors.lifeline,
    )
    inside = ["/usr/bin/nice", "-n", "10", *_dropped(), "/bin/bash", "-c", prologue, "sandbox"]
    return [*_entered(), *shown, *inside, *program]


def _entered() -> list[str]:
    if os.geteuid() != 0:
        return []
    return [sys.executable, "-I", "-S", str(_ENTRY), str(OUTSIDER)]


def _namespaces(room: Room) -> list[str]:
    options = ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if os.geteuid() == 0:
        # The user namespace is there already; with these rights its second user is taken on.
        for right in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            options += ["--cap-add", right]
        options += ["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"]
        return options if room.network else [*options, "--unshare-net"]
    ids = ["--uid", str(INNER), "--gid", str(INNER)]
    options += ["--unshare-all", "--unshare-user", *ids, "--disable-userns"]
    return [*options, "--share-net"] if room.network else options


def _dropped() -> list[str]:
    if os.geteuid() != 0:
        return []
    ids = ["--reuid", str(INNER), "--regid", str(INNER), "--clear-groups"]
    return ["/usr/bin/setpriv", *ids, "--inh-caps", "-all", "--bounding-set", "-all"]


def _view(room: Room, limits: Limits) -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in _LINKED:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    yield from ("--hostname", "dari")
    for folder in ("/etc", "/opt", *sorted({str(Path(inside).parent) for _, inside in room.binds})):
        yield from ("--perms", "0755", "--dir", folder)
    for name in _SYSTEM + (_NETWORK if room.network else ()):
        yield from ("--ro-bind-try", name, name)
    yield from ("--proc", "/proc", "--dev", "/dev")
    for place in ("/tmp", "/dev/shm"):  # noqa: S108
        yield from ("--perms", "1777", "--size", str(limits.scratch_bytes), "--tmpfs", place)
    yield from ("--bind", str(room.workspace), "/workspace")
    if room.bundle:
        yield from ("--ro-bind", str(room.bundle), "/bundle")
    for outside, inside in room.binds:
        yield from ("--ro-bind", outside, inside)
    # Both lie in memory and have no size of their own.
    yield from ("--remount-ro", "/dev", "--remount-ro", "/")
