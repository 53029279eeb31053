"""The languages that custom tools are written in, as this machine has them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath

_RUNNERS = Path(__file__).with_name("runners")
_STRIPS = (22, 6)
"""The version from which Node reads TypeScript, by leaving the types out."""
_SCRIPTS = (".js", ".mjs", ".cjs")
_TYPED = (".ts", ".mts", ".cts")


@dataclass(frozen=True)
class Runtime:
    """How handlers of one language are run in the sandbox.

    Attributes:
        program: The program with the arguments that come before the handler's file and export.
        binds: What it needs of the machine beside ``/usr``: pairs of a path outside and inside.
        variables: What it needs in its environment.
    """

    program: tuple[str, ...]
    binds: tuple[tuple[str, str], ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


def runtime_of(name: str) -> Runtime:
    """The runtime that a manifest names, ``python`` or ``typescript``."""
    return _python() if name == "python" else _node()


def runtime_trouble(name: str, file: str) -> str | None:
    """Say why a handler cannot run on this machine and what to do, or ``None``."""
    suffix = PurePosixPath(file).suffix
    if name == "python":
        return None if suffix == ".py" else f"A Python handler is a .py file, not {file!r}."
    if suffix not in _SCRIPTS + _TYPED:
        return f"A TypeScript handler is a .ts or .js file, not {file!r}."
    version = _node_version()
    if version is None:
        return "It needs Node, which is missing here. Install Node 22.6 or newer."
    if suffix in _TYPED and version < _STRIPS:
        number = ".".join(map(str, version))
        return f"{file!r} needs Node 22.6 or newer; Node {number} runs .js and .mjs handlers only."
    return None


@cache
def _python() -> Runtime:
    """The interpreter below this one's environment, without what that environment has installed."""
    base = Path(sys.base_prefix).resolve()
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    runner = (str(_RUNNERS / "python.py"), "/opt/dari/python.py")
    options = ("-X", "utf8", "/opt/dari/python.py")
    if base.is_relative_to("/usr"):
        return Runtime((str(base / "bin" / name), *options), (runner,))
    binds = [(str(base / part), f"/opt/python/{part}") for part in ("bin", "lib")]
    shared = sysconfig.get_config_var("Py_ENABLE_SHARED")
    variables = {"LD_LIBRARY_PATH": "/opt/python/lib"} if shared else {}
    return Runtime((f"/opt/python/bin/{name}", *options), (*binds, runner), variables)


@cache
def _node() -> Runtime:
    program = Path(shutil.which("node") or "/usr/bin/node").resolve()
    runner = (str(_RUNNERS / "node.mjs"), "/opt/dari/node.mjs")
    strips = ("--experimental-strip-types",) if (_node_version() or (0, 0)) >= _STRIPS else ()
    options = ("--no-warnings", *strips, "/opt/dari/node.mjs")
    if program.is_relative_to("/usr"):
        return Runtime((str(program), *options), (runner,))
    return Runtime(("/opt/node/node", *options), ((str(program), "/opt/node/node"), runner))


@cache
def _node_version() -> tuple[int, int] | None:
    program = shutil.which("node")
    if program is None:
        return None
    done = subprocess.run(  # noqa: S603
        [program, "--version"], capture_output=True, text=True, timeout=20, check=False
    )
    match = re.match(r"v(\d+)\.(\d+)", done.stdout)
    return (int(match[1]), int(match[2])) if match else None
