"""The options of the magics' lines, and what their values mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..usage import usage_error

MEANT = {
    **dict.fromkeys(("ask", "new", "start"), "agent"),
    **dict.fromkeys(("say", "message", "continue"), "send"),
    **dict.fromkeys(("run", "compare"), "batch"),
    **dict.fromkeys(("show", "history"), "transcript"),
    **dict.fromkeys(("stop", "abort", "interrupt"), "cancel"),
}
"""Magics, without ``dari_``, by other words that people have for what they do."""


@dataclass(frozen=True)
class Option:
    """One option of a magic.

    Attributes:
        flag: The long form, such as ``--llm``; the part after the dashes is its name.
        value: What the value is called in help; ``None`` for a switch.
        help: One short line.
        short: The short form, if there is one.
        many: Whether it takes several values, with commas or given again; its value is a list.
        is_text: Whether its value is what people write, such as metadata, and not a name.
        is_pair: Whether its value is ``k=v``: a comma ends it where another pair follows.
    """

    flag: str
    value: str | None
    help: str
    short: str | None = None
    many: bool = False
    is_text: bool = False
    is_pair: bool = False

    @property
    def name(self) -> str:
        """The key of the option's value in :class:`Line`."""
        return self.flag.lstrip("-")


ASSIGN = Option("--out", "NAME", "assign the result to a variable", short="-o")
BACKGROUND = Option("--bg", None, "return at once; the output goes on by itself")
TIMEOUT = Option("--timeout", "S", "wait at most so many seconds")
FILE = Option("--file", "PATH", "attach a file; or several: a,b", many=True, is_text=True)
META = Option(
    "--meta", "K=V", "metadata; or several: k=v,l=w", many=True, is_text=True, is_pair=True
)
LLM = Option("--llm", "L", "LLM option of the agent")
VERSION = Option("--version", "V", "version of the agent; the active one by default")
RAW = Option("--raw", None, "no {name} interpolation")
QUIET = Option("--quiet", None, "show nothing")
SESSION = Option("--session", "ID", "the session to use instead of the current one")
AGAIN = Option("--again", None, "ask the last prompt anew, or TEXT in its place, in a fork")

TOOLS = Option("--tools", "F,G", "functions that answer the agent's tool calls", many=True)
APPROVE = Option("--approve", "ask|always|F", "who decides whether a call is run")
KERNEL_TOOLS = (TOOLS, APPROVE)

SENDING = (ASSIGN, BACKGROUND, TIMEOUT, FILE, META, LLM, *KERNEL_TOOLS, RAW, QUIET)
"""The options that all magics that send have in common."""


def pairs(values: Iterable[str], option: Option = META) -> dict[str, str]:
    """Read ``k=v`` values.

    Raises:
        UsageError: There is no ``=`` in one, or nothing before it.
    """
    result: dict[str, str] = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or not key:
            raise usage_error(
                f"{option.flag} takes {option.value}, not {value!r}", code="invalid_metadata"
            )
        result[key] = text
    return result


def seconds(value: str | None, option: Option = TIMEOUT) -> float | None:
    """Read a number of seconds.

    Raises:
        UsageError: It is no positive number.
    """
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not number > 0:
        raise usage_error(
            f"{option.flag} takes seconds, such as 60, not {value!r}", code="invalid_timeout"
        )
    return number
