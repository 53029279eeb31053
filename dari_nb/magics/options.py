"""The options of a magic's line: their table, and the parser that reads a line by it."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from IPython.core.error import UsageError


@dataclass(frozen=True)
class Option:
    """One option of a magic.

    Attributes:
        flag: The long form, such as ``--llm``; the part after the dashes is its name.
        value: What the value is called in help; ``None`` for a switch.
        help: One short line.
        short: The short form, if there is one.
        many: Whether it may be given several times; its value is then a list.
    """

    flag: str
    value: str | None
    help: str
    short: str | None = None
    many: bool = False

    @property
    def name(self) -> str:
        """The key of the option's value in :class:`Line`."""
        return self.flag.lstrip("-")


ASSIGN = Option("--out", "NAME", "assign the result to a variable", short="-o")
BACKGROUND = Option("--bg", None, "return at once; the output goes on by itself")
TIMEOUT = Option("--timeout", "S", "wait at most so many seconds")
FILE = Option("--file", "PATH", "attach a file; may be repeated", many=True)
META = Option("--meta", "K=V", "metadata; may be repeated", many=True)
LLM = Option("--llm", "L", "LLM option of the agent")
VERSION = Option("--version", "V", "version of the agent; the active one by default")
RAW = Option("--raw", None, "no {name} interpolation")
QUIET = Option("--quiet", None, "show nothing")
SESSION = Option("--session", "ID", "the session to use instead of the current one")

TOOLS = Option("--tools", "F,G", "functions that answer the agent's tool calls", many=True)
APPROVE = Option("--approve", "ask|always|F", "who decides whether a call is run")
KERNEL_TOOLS = (TOOLS, APPROVE)

SENDING = (ASSIGN, BACKGROUND, TIMEOUT, FILE, META, LLM, *KERNEL_TOOLS, RAW, QUIET)
"""The options that all magics that send have in common."""


@dataclass
class Line:
    """What a line says.

    Attributes:
        values: Values by option name; switches are ``True``; options not given are absent.
        text: What stands after the options, as it was written.
    """

    values: dict[str, Any] = field(default_factory=dict)
    text: str = ""

    def get(self, option: Option) -> Any:
        """Return an option's value; ``None``, or an empty list, when it was not given."""
        return self.values.get(option.name, [] if option.many else None)

    def has(self, option: Option) -> bool:
        """Whether an option was given."""
        return option.name in self.values


_FLAG = re.compile(r"\s*(--?[A-Za-z][\w-]*)(?:=(?=\S)|(?=\s|$))")
_VALUE = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|\S+)""")


class LineParser:
    """Reads the lines of one magic.

    Args:
        usage: The line that errors show, such as ``%dari_send [options] TEXT``.
        options: The options it takes.
    """

    def __init__(self, usage: str, options: Sequence[Option]) -> None:
        self.usage = usage
        self.options = options
        self._by_flag = {o.flag: o for o in options} | {o.short: o for o in options if o.short}

    def text(self, line: str) -> Line:
        """Read options, then text that is taken as it stands; ``--`` ends the options.

        Raises:
            UsageError: An option is unknown or lacks its value, or stands behind the text.
        """
        parsed, rest = self._leading(line)
        if rest.startswith("-- ") or rest == "--":
            parsed.text = rest[2:].strip()
            return parsed
        parsed.text = rest.strip()
        self._refuse_trailing(parsed.text)
        return parsed

    def words(self, line: str) -> tuple[Line, list[str]]:
        """Read words with options anywhere between them.

        Raises:
            UsageError: An option is unknown or lacks its value, or a quote is left open.
        """
        parsed, rest = self._leading(line)
        words: list[str] = []
        while rest:
            word, rest = self._value(rest)
            words.append(word)
            rest = self._leading_into(parsed, rest)
        return parsed, words

    def help(self) -> str:
        """Return the usage and one line for each option."""
        rows = [(_form(option), option.help) for option in self.options]
        width = max((len(form) for form, _ in rows), default=0)
        return "\n".join([self.usage, *(f"  {form:<{width}}  {text}" for form, text in rows)])

    def _leading(self, line: str) -> tuple[Line, str]:
        parsed = Line()
        return parsed, self._leading_into(parsed, line)

    def _leading_into(self, parsed: Line, rest: str) -> str:
        while match := _FLAG.match(rest):
            option = self._option(match[1])
            rest = rest[match.end() :]
            if option.value is None:
                parsed.values[option.name] = True
                continue
            value, rest = self._value(rest, option)
            if option.many:
                parsed.values.setdefault(option.name, []).append(value)
            else:
                parsed.values[option.name] = value
        return rest.lstrip()

    def _option(self, flag: str) -> Option:
        option = self._by_flag.get(flag)
        if option is None:
            raise UsageError(
                f"unknown option {flag}{did_you_mean(flag, self._by_flag)}; %dari help lists all, "
                f"and text that begins with - stands behind --\nusage: {self.usage}"
            )
        return option

    def _value(self, rest: str, option: Option | None = None) -> tuple[str, str]:
        match = _VALUE.match(rest)
        if match is None:
            flag = option.flag if option else ""
            raise UsageError(f"{flag} needs a value: {flag} {option.value if option else ''}")
        return unquote(match[1]), rest[match.end() :]

    def _refuse_trailing(self, text: str) -> None:
        """An option behind the text would be sent as text, which nobody wants to pay for."""
        last = text.rsplit(None, 2)[1:]
        known = [word for word in last if word in self._by_flag]
        if known:
            raise UsageError(
                f"{known[0]} stands behind the text: put options first, or -- before the text "
                f"to send it as it is\nusage: {self.usage}"
            )


def unquote(word: str) -> str:
    """Take a word out of its quotes, if it has any.

    Raises:
        UsageError: A quote is left open.
    """
    if word[:1] not in ("'", '"'):
        return word
    try:
        return "".join(shlex.split(word))
    except ValueError:
        raise UsageError(f"a quote is left open in {word}") from None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean X?)`` when something close is known, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def pairs(values: Iterable[str], option: Option = META) -> dict[str, str]:
    """Read ``k=v`` values.

    Raises:
        UsageError: There is no ``=`` in one, or nothing before it.
    """
    result: dict[str, str] = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or not key:
            raise UsageError(f"{option.flag} takes {option.value}, not {value!r}")
        result[key] = text
    return result


def kernel_tools(shell: Any, line: Line) -> dict[str, Any]:
    """Return ``tools`` and ``approve`` as functions of the workbench take them.

    Raises:
        UsageError: A name is not defined, or is no function's.
    """
    names = [name for names in line.get(TOOLS) for name in names.split(",") if name.strip()]
    approve = line.get(APPROVE)
    if line.has(TOOLS) and not names:
        raise UsageError("--tools takes names of functions, such as look_up,count")
    if approve not in (None, "ask", "always"):
        approve = _function(shell, approve.strip(), APPROVE)
    return {"tools": [_function(shell, n.strip(), TOOLS) for n in names], "approve": approve}


def _function(shell: Any, name: str, option: Option) -> Any:
    if name not in shell.user_ns:
        known = [known for known in shell.user_ns if not known.startswith("_")]
        raise UsageError(f"{option.flag}: {name} is not defined{did_you_mean(name, known)}")
    if not callable(shell.user_ns[name]):
        raise UsageError(f"{option.flag}: {name} is no function")
    return shell.user_ns[name]


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
        raise UsageError(f"{option.flag} takes seconds, such as 60, not {value!r}")
    return number


def _form(option: Option) -> str:
    flags = f"{option.short}, {option.flag}" if option.short else option.flag
    return f"{flags} {option.value}" if option.value else flags
