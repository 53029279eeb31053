"""Questions on a line: IPython takes ``word?`` at its end for a call for help; here it is text."""

from __future__ import annotations

from collections.abc import Sequence
from tokenize import DEDENT, ENDMARKER, INDENT, NAME, TokenInfo
from typing import Any, cast

from IPython.core.inputtransformer2 import EscapedCommand, MagicAssign, TransformerManager
from IPython.core.prefilter import is_shadowed

from ..catalogue import TAKES_TEXT
from ..usage import usage_error

Tokens = Sequence[TokenInfo]


class Questions:
    """Finds the lines of one shell that are text from their magic on.

    It stands among the shell's token transformers, which IPython asks one after the other for the
    first line that each of them knows. Help for a magic itself, ``%dari_send?``, is left alone.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def find(self, tokens_by_line: Sequence[Tokens]) -> _Question | None:
        """Return how the first such line is to be read, if there is one."""
        lines = [tokens for line in tokens_by_line if (tokens := _without_indent(line))]
        for tokens in lines:
            assigned = MagicAssign.find([tokens])
            if assigned and _is_text(tokens, _index(tokens, assigned)):
                return _Question(tokens, assigned)
            if tokens[0].string == "%" and _is_text(tokens, 0):
                return _Question(tokens, EscapedCommand(tokens[0].start))
        if len(lines) == 1 and self._is_bare(lines[0]):
            return _Question(lines[0], EscapedCommand(lines[0][0].start), sign="%")
        return None

    def _is_bare(self, tokens: Tokens) -> bool:
        """Whether IPython would call a magic without its sign here, were it not for the mark."""
        name = tokens[0].string
        return (
            self._shell.automagic
            and not is_shadowed(name, self._shell)
            and self._shell.find_magic(name) is not None
            and [token.string for token in tokens[-2:-1]] == ["?"]
            and _names_one(tokens, 0)
            and tokens[1].string not in ("=", ",", "(", ")")
        )


class _Question:
    """Goes before whatever else begins on the same line, help at its end above all."""

    priority = 0

    def __init__(self, tokens: Tokens, reading: Any, sign: str = "") -> None:
        self.start_line, self.start_col = tokens[0].start[0] - 1, tokens[0].start[1]
        self._reading = reading
        self._sign = sign

    def transform(self, lines: list[str]) -> Any:
        at, column = self.start_line, self.start_col
        signed = f"{lines[at][:column]}{self._sign}{lines[at][column:]}"
        return self._reading.transform([*lines[:at], signed, *lines[at + 1 :]])


def hear_questions(shell: Any) -> None:
    """Let questions on the lines of our magics through to them, from the next cell on.

    Raises:
        UsageError: The cell that runs has questions, too, and was read before it ran.
    """
    questions = Questions(shell)
    shell.input_transformer_manager.token_transformers.append(questions)
    if _was_misread(shell, questions):
        raise usage_error(
            "dari_nb is loaded now: run this cell again, or load it in a cell of its own, because "
            "IPython has already taken the questions of this one for requests for help",
            code="loaded_too_late",
        )


def leave_questions(shell: Any) -> None:
    """Leave all lines to IPython again."""
    transformers = shell.input_transformer_manager.token_transformers
    transformers[:] = [t for t in transformers if not isinstance(t, Questions)]


def _was_misread(shell: Any, questions: Questions) -> bool:
    """Whether the cell that runs was read without its questions."""
    history, reader = shell.history_manager, TransformerManager()
    typed, read = history.input_hist_raw[-1], history.input_hist_parsed[-1].rstrip()
    without = reader.transform_cell(typed).rstrip()
    reader.token_transformers.append(cast("Any", questions))
    heard = reader.transform_cell(typed).rstrip()
    return bool(without == read != heard)


def _without_indent(tokens: Tokens) -> Tokens:
    at = 0
    while at < len(tokens) and tokens[at].type in (INDENT, DEDENT, ENDMARKER):
        at += 1
    return tokens[at:]


def _index(tokens: Tokens, found: MagicAssign) -> int:
    start = (found.start_line + 1, found.start_col)
    return next(index for index, token in enumerate(tokens) if token.start == start)


def _is_text(tokens: Tokens, at: int) -> bool:
    """Whether the sign there begins one of our magics, by itself or behind one such as %time."""
    if _names_one(tokens, at + 1):
        return True
    signs = [token.string for token in tokens[at : at + 3 : 2]]
    return signs == ["%", "%"] and tokens[at + 1].type == NAME and _names_one(tokens, at + 3)


def _names_one(tokens: Tokens, at: int) -> bool:
    """Whether the name of a magic that takes text stands there, and then, apart, something else."""
    name, *behind = tokens[at : at + 2]
    if name.string not in TAKES_TEXT or not behind:
        return False
    # Python 3.11 makes a token of the space before a sign that it does not know.
    return behind[0].start != name.end or behind[0].string.isspace()
