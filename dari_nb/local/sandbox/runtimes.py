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
_MODULES = "node_modules"
_LOADER = "dist/loader.mjs"


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


def runtime_of(name: str, file: str) -> Runtime:
    """The runtime that a manifest names, ``python`` or ``typescript``, for a handler's file."""
    if name == "python":
        return _python()
    # Loaders of modules run in a thread of their own, which newer versions have no room for here.
    needs_tsx = PurePosixPath(file).suffix in _TYPED and (_node_version() or (0, 0)) < _STRIPS
    return _node(_tsx() if needs_tsx else None)


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
    if suffix in _TYPED and version < _STRIPS and _tsx() is None:
        number = ".".join(map(str, version))
        return (
            f"{file!r} needs Node 22.6 or newer, or tsx (npm install --global tsx); Node {number} "
            "runs .js and .mjs handlers only."
        )
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


def _node(tsx: Path | None) -> Runtime:
    program = Path(shutil.which("node") or "/usr/bin/node").resolve()
    binds = [(str(_RUNNERS / "node.mjs"), "/opt/dari/node.mjs")]
    inside = program
    if not program.is_relative_to("/usr"):
        inside = Path("/opt/node/node")
        binds.append((str(program), str(inside)))
    options = ["--no-warnings"]
    if tsx is not None:
        modules, loader = _inside(tsx)
        binds += modules
        options += ["--import", loader]
    elif (_node_version() or (0, 0)) >= _STRIPS:
        options.append("--experimental-strip-types")
    return Runtime((str(inside), *options, "/opt/dari/node.mjs"), tuple(binds))


def _tsx() -> Path | None:
    """The package tsx, which runs all of TypeScript: on the path, or of the current folder."""
    found = shutil.which("tsx") or shutil.which("tsx", path="node_modules/.bin")
    if found is None:
        return None
    # The command is a link to the package's dist/cli.mjs, or a script beside the package.
    places = (Path(found).resolve().parents[1], Path(found).absolute().parents[1] / "tsx")
    return next((place.resolve() for place in places if (place / _LOADER).is_file()), None)


def _inside(tsx: Path) -> tuple[list[tuple[str, str]], str]:
    """How the sandbox is shown a package with what it needs, and the address of its loader."""
    if tsx.is_relative_to("/usr"):
        return [], (tsx / _LOADER).as_uri()
    # The outermost folder holds what links in an inner one may lead to.
    modules = next((place for place in reversed(tsx.parents) if place.name == _MODULES), tsx.parent)
    inside = Path("/opt/tsx", _MODULES)
    loader = inside / tsx.relative_to(modules) / _LOADER
    return [(str(modules), str(inside))], loader.as_uri()


def _node_version() -> tuple[int, int] | None:
    program = shutil.which("node")
    return _version_of(program) if program else None


@cache
def _version_of(program: str) -> tuple[int, int] | None:
    done = subprocess.run(  # noqa: S603
        [program, "--version"], capture_output=True, text=True, timeout=20, check=False
    )
    match = re.match(r"v(\d+)\.(\d+)", done.stdout)
    return (int(match[1]), int(match[2])) if match else None
