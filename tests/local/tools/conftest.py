import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dari_nb.local.agents.tools import ToolOutcome
from dari_nb.local.sandbox.limits import Limits
from dari_nb.local.tools import Toolbox, toolbox_of

ALL = ["read", "bash", "edit", "write", "grep", "find", "ls"]
SECRET = "kept outside"


class Agent:
    """Uses the tools of one session as an agent does, one call after another."""

    def __init__(self, toolbox: Toolbox, workspace: Path) -> None:
        self.toolbox = toolbox
        self.workspace = workspace

    def use(self, name: str, **arguments: Any) -> ToolOutcome:
        return asyncio.run(self.toolbox.run(name, arguments))

    def gets(self, name: str, **arguments: Any) -> Any:
        outcome = self.use(name, **arguments)
        assert not outcome.is_error, outcome.result
        return outcome.result

    def fails(self, name: str, **arguments: Any) -> str:
        outcome = self.use(name, **arguments)
        assert outcome.is_error, outcome.result
        return outcome.result

    def bash(self, command: str, **options: Any) -> ToolOutcome:
        return self.use("bash", command=command, **options)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file of the machine that no tool may show or change."""
    path = tmp_path / "outside" / "secret.txt"
    path.parent.mkdir()
    path.write_text(SECRET)
    path.parent.chmod(0o755)
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "sessions" / "workspace"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def agent(workspace: Path) -> Callable[..., Agent]:
    """Makes agents with all built-in tools in one workspace."""

    def make(
        *, manifest: dict[str, Any] | None = None, files: Any = None, limits: Any = None, **options
    ) -> Agent:
        told = {"built_in_tools": ALL, **(manifest or {})}
        box = toolbox_of(told, files or {}, workspace, limits=Limits(**(limits or {})), **options)
        return Agent(box, workspace)

    return make


@pytest.fixture
def someone(agent: Callable[..., Agent]) -> Agent:
    """An agent with the usual limits."""
    return agent()


PROGRAM = (
    b"def run(given):\n    space = {}\n    exec(given['code'], space)\n    return space['said']\n"
)
PYTHON = {
    "manifest": {
        "custom_tools": [
            {
                "name": "python",
                "path": "tools/python",
                "kind": "main",
                "runtime": "python",
                "handler": "tool.py:run",
                "timeout_seconds": 20,
            }
        ]
    },
    "files": {
        "tools/python/tool.yml": b"{name: python, description: d, input_schema: in.json}",
        "tools/python/in.json": b'{"type": "object", "required": ["code"]}',
        "tools/python/tool.py": PROGRAM,
    },
}
"""A custom tool that runs any code and returns what the code calls ``said``."""


@pytest.fixture
def python(agent: Callable[..., Agent]) -> Agent:
    """An agent that also has a tool for Python code."""
    return agent(**PYTHON)


def running(mark: str) -> list[int]:
    """The processes of the machine that have this in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found
