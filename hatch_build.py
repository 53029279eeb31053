"""Builds the front end into dari_nb/widgets/static when it is missing or older than its sources."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
STATIC = ROOT / "dari_nb" / "widgets" / "static"
SHEETS = ("dari_nb/render/page/static.css", "dari_nb/render/page/trajectories.css")
SOURCES = ("js/src", "js/package-lock.json", "js/build.mjs", *SHEETS)


def is_fresh() -> bool:
    """Tell whether the bundle is there and newer than its sources, which an sdist lacks."""
    bundle = [*STATIC.glob("*.js"), *STATIC.glob("*.css")]
    if not bundle:
        return False
    built = min(file.stat().st_mtime for file in bundle)
    sources = [ROOT / name for name in SOURCES if (ROOT / name).exists()]
    files = [f for s in sources for f in (s.rglob("*") if s.is_dir() else [s]) if f.is_file()]
    return all(file.stat().st_mtime <= built for file in files)


@contextmanager
def one_by_one() -> Iterator[None]:
    """Let installations from one checkout build it one after the other, where that can be had."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (ROOT / "js" / "package.json").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class FrontEnd(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not is_fresh():
            with one_by_one():
                self._build()

    def _build(self) -> None:
        if is_fresh():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("dari_nb: building from a checkout needs Node 20 or newer with npm")
        for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            subprocess.run([npm, *command], cwd=ROOT / "js", check=True)
