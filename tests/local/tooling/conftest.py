import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dari_nb.local.tooling import Limits, Toolbox, ToolOutcome, toolbox_of

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
