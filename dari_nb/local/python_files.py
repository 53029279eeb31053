"""Python files that people name: of agents, and of what answers are worth."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import InvalidRequestError
from .contents import Contents

_SCORE = "score"
"""The function of a file that says what answers are worth."""


def load_agents(server: Contents, path: Path) -> None:
    """Run a file that registers agents; ``server`` is a name in it.

    Args:
        server: Where the agents are registered.
        path: A Python file. It can import its neighbours.

    Raises:
        InvalidRequestError: The file cannot be read, it raises, or it ends the program; the text
            names the line.
    """
    _run(path, "agents", server=server)


def load_score(path: Path) -> Callable[[Any], Any]:
    """Run a file with a function ``score(answer)``, and return that.

    Raises:
        InvalidRequestError: The file cannot be read, it raises or ends the program, or it has no
            such function.
    """
    found = getattr(_run(path, "score"), _SCORE, None)
    if not callable(found):
        raise InvalidRequestError(
            f"{path} has no function {_SCORE}(answer).", code="function_not_found"
        )
    return found  # type: ignore[no-any-return]


def _run(path: Path, what: str, **names: Any) -> ModuleType:
    spec = spec_from_file_location(f"dari_{what}_{path.stem}", path)
    if not path.exists():
        raise InvalidRequestError(f"{path} is not there.", code="file_not_found")
    if spec is None or spec.loader is None or not path.is_file():
        raise InvalidRequestError(f"{path} is no Python file.", code="invalid_file")
    module = module_from_spec(spec)
    vars(module).update(names)
    # Classes and functions look their module up by name when they are pickled or inspected.
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise InvalidRequestError(_failure(path, error), code="import_failed") from error
    return module


def _failure(path: Path, error: BaseException) -> str:
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path.absolute())
    ]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    where = f"{path}, line {line}" if line else str(path)
    if isinstance(error, SystemExit):
        return f"{where}: it ends the program: {error!r}"
    message = error.msg if isinstance(error, SyntaxError) else error
    return f"{where}: {type(error).__name__}: {message}"
