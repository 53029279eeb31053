"""What a program printed and how it ended, read from the shapes in which tools give it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..plain.values import decoded

_TEXT = ("stdout", "output", "out", "text", "result")
_ERRORS = ("stderr", "err", "errors")
_EXIT = ("exit_code", "exitCode", "returncode", "return_code", "exit_status", "exit", "code")
_SAID = re.compile(
    r"(?:process |command )?(?:exited|exit|finished|failed)(?: with)?[ :](?:exit )?"
    r"(?:code|status)?[ :=]*(\d{1,3})\b",
    re.IGNORECASE,
)


class Output(NamedTuple):
    """What came of a program.

    Attributes:
        text: What it printed.
        errors: What it printed as errors, where that is apart.
        exit_code: Its exit code, when it is known.
        rest: What else the result holds.
    """

    text: str
    errors: str = ""
    exit_code: int | None = None
    rest: Any = None


def output_of(result: Any) -> Output:
    """Read a result of a shell or of code.

    >>> output_of({"stdout": "a", "exit_code": 2})
    Output(text='a', errors='', exit_code=2, rest={})
    """
    value = decoded(result)
    if isinstance(value, str):
        return Output(value, exit_code=_said(value))
    if not isinstance(value, dict):
        return Output("", rest=value)
    text, errors = _first(value, _TEXT, str), _first(value, _ERRORS, str)
    code = _first(value, _EXIT, int)
    used = {text, errors, code} - {None}
    if not used:
        return Output("", rest=value)
    return Output(
        value[text] if text else "",
        value[errors] if errors else "",
        value[code] if code else None,
        {key: part for key, part in value.items() if key not in used},
    )


def _first(value: dict[str, Any], names: tuple[str, ...], kind: type) -> str | None:
    return next((name for name in names if type(value.get(name)) is kind), None)


def _said(text: str) -> int | None:
    """The exit code that the first or the last line tells."""
    lines = text.strip().split("\n")
    for line in (lines[-1], lines[0]):
        match = _SAID.fullmatch(line.strip(" ()[].<>")) if len(line) < 80 else None
        if match:
            return int(match[1])
    return None
