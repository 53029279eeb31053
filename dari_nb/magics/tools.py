"""The functions of the kernel that a line names: they answer an agent's tool calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..suggestions import did_you_mean
from .lines.names import names_of_people, visible_names
from .lines.options import APPROVE, TOOLS, Option
from .lines.parser import Line
from .usage import usage_error


def kernel_tools(shell: Any, line: Line) -> dict[str, Any]:
    """Return ``tools`` and ``approve`` as functions of the package take them.

    Where a tape is in that only plays, nothing is run: functions that are not there are left out.

    Raises:
        UsageError: A name is not defined, or is no function's.
    """
    names = visible_names(shell)
    tools, approve = line.get(TOOLS), line.get(APPROVE)
    if "," in tools:
        raise usage_error(
            f"{TOOLS.flag} takes names of functions, such as look_up,count", code="invalid_tool"
        )
    if approve not in (None, "ask", "always"):
        approve = _function(names, approve, APPROVE)
    if any(tool not in names for tool in tools) and _only_plays():
        tools = [tool for tool in tools if tool in names]
    return {"tools": [_function(names, tool, TOOLS) for tool in tools], "approve": approve}


def _only_plays() -> bool:
    from ..resources import current
    from ..tapes.tape import mode_of

    tape = current().tape
    return tape is not None and mode_of(tape) == "play"


def _function(names: Mapping[str, Any], name: str, option: Option) -> Any:
    if name not in names:
        hint = did_you_mean(name, names_of_people(names))
        raise usage_error(f"{option.flag}: {name} is not defined{hint}", code="name_not_defined")
    if not callable(names[name]):
        raise usage_error(f"{option.flag}: {name} is no function", code="not_a_function")
    return names[name]
