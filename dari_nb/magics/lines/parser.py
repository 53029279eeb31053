"""The line of a magic, and the parser that reads it by a table of options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...suggestions import did_you_mean
from ..usage import usage_error
from .options import Option


class HelpAsked(Exception):  # noqa: N818
    """The line asks for help, which is its text; no error, so that nothing stops."""


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

    def filled(self, fill: Callable[[str], str]) -> Line:
        """Return the line with the values of its options filled in; its text stays."""

        def filled(value: Any) -> Any:
            if isinstance(value, list):
                return [fill(each) for each in value]
            return fill(value) if isinstance(value, str) else value

        return Line({name: filled(value) for name, value in self.values.items()}, self.text)


HELP = ("--help", "-h")
_OPTIONS = re.compile(r" \[(?:options|--[^\]]*)\]")
_FLAG = re.compile(r"\s*(--?[A-Za-z][\w-]*)(?:=(?=\S)|(?=\s|$))")
_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'"
_KEY = r"[^\s,='\"]+="
_VALUE = re.compile(rf"\s*((?:{_QUOTED})(?=\s|$)|\S+)")
_ITEM = re.compile(rf"\s*((?:{_QUOTED})(?=[\s,]|$)|[^\s,]+|,)")
_PAIR = re.compile(rf"\s*((?:{_KEY})?(?:{_QUOTED})(?=[\s,]|$)|(?:(?!,\s*{_KEY})\S)+)")
_COMMA = re.compile(r"\s*,[\s,]*(?=[^\s,])")
_LAST_COMMA = re.compile(r"\s*,\s*$")


class LineParser:
    """Reads the lines of one magic.

    Args:
        usage: The line that errors show, such as ``%dari_send [options] TEXT``.
        options: The options it takes.
        is_text: Whether what stands behind the options is text.
        does: What its magic does, in half a line of a list.
        notes: What help tells besides the options.
        example: A line, or a cell, as one may type it; the usage when left out.
    """

    def __init__(
        self,
        usage: str,
        options: Sequence[Option],
        *,
        is_text: bool = False,
        does: str = "",
        notes: str = "",
        example: str = "",
    ) -> None:
        self.usage = usage
        self.does = does
        self.example = example or usage
        self.options = options
        self.notes = notes
        self.takes_text = is_text or any(option.is_text for option in options)
        self._by_flag = {o.flag: o for o in options} | {o.short: o for o in options if o.short}

    def text(self, line: str) -> Line:
        """Read options, then text that is taken as it stands; ``--`` ends the options.

        Raises:
            UsageError: An option is unknown or lacks its value, or stands behind the text.
        """
        parsed = Line()
        self._read_text(parsed, self._leading_into(parsed, line))
        return parsed

    def word_and_text(self, line: str) -> tuple[Line, str]:
        """Read one word with options on both sides, then text as :meth:`text` does.

        The word is empty where the line has none.

        Raises:
            UsageError: As there.
        """
        parsed, word = Line(), ""
        rest = self._leading_into(parsed, line)
        if rest:
            word, rest = self._value(rest)
        self._read_text(parsed, self._leading_into(parsed, rest))
        return parsed, word

    def words(self, line: str) -> tuple[Line, list[str]]:
        """Read words with options anywhere between them.

        Raises:
            UsageError: An option is unknown or lacks its value, or a quote is left open.
        """
        parsed = Line()
        rest = self._leading_into(parsed, line)
        words: list[str] = []
        while rest:
            word, rest = self._value(rest)
            words.append(word)
            rest = self._leading_into(parsed, rest)
        return parsed, words

    @property
    def brief(self) -> str:
        """The usage without options, as one line of a list has room for."""
        return _OPTIONS.sub("", self.usage.partition(" or %")[0])

    def help(self) -> str:
        """Return the usage, one line for each option, the notes, and an example to paste."""
        example = f"Example:\n{self.example}"
        return "\n\n".join(filter(None, [self.options_help(), self.notes, example]))

    def options_help(self) -> str:
        """Return the usage and one line for each option."""
        rows = [(_form(option), option.help) for option in self.options]
        width = max((len(form) for form, _ in rows), default=0)
        return "\n".join([self.usage, *(f"  {form:<{width}}  {text}" for form, text in rows)])

    def _leading_into(self, parsed: Line, rest: str) -> str:
        while match := _FLAG.match(rest):
            option = self._option(match[1])
            rest = rest[match.end() :]
            if option.value is None:
                parsed.values[option.name] = True
            elif option.many:
                values, rest = self._values(rest, option)
                parsed.values.setdefault(option.name, []).extend(values)
            else:
                parsed.values[option.name], rest = self._value(rest, option)
        return rest.lstrip()

    def _option(self, flag: str) -> Option:
        if flag in HELP:
            raise HelpAsked(self.help())
        option = self._by_flag.get(flag)
        if option is None:
            from ...resources.sessions.arguments import is_llm_option

            if is_llm_option(flag):
                raise usage_error(
                    f"no line takes {flag}: how an LLM answers is set where it is named, and --llm "
                    "chooses it; %dari help options tells how",
                    code="unknown_option",
                )
            raise usage_error(
                f"unknown option {flag}{did_you_mean(flag, self._by_flag)}; %dari help lists all, "
                f"and text that begins with - stands behind --\nusage: {self.usage}",
                code="unknown_option",
            )
        return option

    def _values(self, rest: str, option: Option) -> tuple[list[str], str]:
        """Read values with commas between them; commas in quotes are theirs."""
        pattern = _PAIR if option.is_pair else _ITEM
        first, rest = self._value(rest, option, pattern)
        values = [first]
        while match := _COMMA.match(rest):
            value, rest = self._value(rest[match.end() :], option, pattern)
            values.append(value)
        return values, _LAST_COMMA.sub("", rest)

    def _value(
        self, rest: str, option: Option | None = None, pattern: re.Pattern[str] = _VALUE
    ) -> tuple[str, str]:
        match = pattern.match(rest)
        if match is None:
            flag = option.flag if option else ""
            raise usage_error(
                f"{flag} needs a value: {flag} {option.value if option else ''}",
                code="missing_value",
            )
        return unquote(match[1]), rest[match.end() :]

    def _read_text(self, parsed: Line, rest: str) -> None:
        if rest.startswith("-- ") or rest == "--":
            parsed.text = rest[2:].strip()
            return
        parsed.text = rest.strip()
        self._refuse_trailing(parsed.text)

    def _refuse_trailing(self, text: str) -> None:
        """An option behind the text would be sent as text, which nobody wants to pay for."""
        last = text.rsplit(None, 2)[1:]
        is_sentence = text.endswith(("?", "!", "."))
        known = [word for word in last if word in self._by_flag and not is_sentence]
        if known:
            raise usage_error(
                f"{known[0]} stands behind the text: put options first, or -- before the text "
                f"to send it as it is\nusage: {self.usage}",
                code="misplaced_argument",
            )


def unquote(word: str) -> str:
    """Take a word, or the value of a pair, out of its quotes, if it has any.

    Raises:
        UsageError: A quote is left open.
    """
    key = re.match(rf"{_KEY}(?=['\"])", word)
    if key is not None and re.fullmatch(_QUOTED, word[key.end() :]):
        return key[0] + unquote(word[key.end() :])
    if word[:1] not in ("'", '"'):
        return word
    try:
        return "".join(shlex.split(word))
    except ValueError:
        raise usage_error(f"a quote is left open in {word}", code="unclosed_quote") from None


def _form(option: Option) -> str:
    flags = f"{option.short}, {option.flag}" if option.short else option.flag
    return f"{flags} {option.value}" if option.value else flags
