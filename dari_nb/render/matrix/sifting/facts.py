"""What is known of tasks and their cells, by name, and the conditions that it meets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ....score_kinds import is_missing
from ..against import Against
from ..alike import Said, said_of
from ..figures import amount_of, peek_text, state_word
from ..matrix import ENDED, Matrix, MatrixCell, MatrixRow
from ..outcomes import PLAIN

_IN_MARKS = r'"(?:[^"]|"")*'
TOKEN = re.compile(
    rf'({_IN_MARKS}"|[^\s"<>=!:]+)\s*(<=|>=|!=|==?|<|>|:)\s*({_IN_MARKS}"|[^\s"<>=!:]\S*)'
    rf'|({_IN_MARKS}"|[^\s"<>=!:]+)\s*[<>=!:]\S*'
    rf'|({_IN_MARKS}"?|\S+)'
)
_SIGNS = {
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{NOT EQUAL TO}": "!=",
}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?")
_DIGITS = re.compile(r"(\d+)")
_WORDS = {"yes": "1", "true": "1", "no": "0", "false": "0"}
STATES = (
    *("planned", "queued", "running", "waiting_for_tool"),
    *("completed", "failed", "cancelled", "unsent"),
)
OF_STATE = frozenset({"state", "outcome", "status"})
SHOWN_STATES = {state_word(state): state for state in STATES}
"""States by the words that are shown for them, which may be asked for, too."""
_SHOWN_CHANGES = {shown: change for change, shown in PLAIN.items()}
_ALSO = frozenset({"and", "&", "&&", ","})
"""May stand after a condition, before another one."""
DIFFERS = "differs"
"""Asks for tasks, and not for cells."""
_FACTS = ("number", "task", "column", "state", "answer", "latency_s", "cost_usd", DIFFERS, "change")
_HIDDEN = ("text", "tools", "outcome", "status", "llm", "repeat")
"""Facts that only tell cells apart, and other names of the same one."""
NAMES = frozenset({*_FACTS, *_HIDDEN})
"""What conditions call something already, so that no new score is called so."""


class Condition(NamedTuple):
    """What is asked of cells: a name, a sign, and a value in small letters, or any."""

    name: str
    sign: str
    wanted: str
    is_any: bool = False


class Facts:
    """All that can be sorted by and asked for, by name: of a task, and of one of its cells."""

    def __init__(self, matrix: Matrix, seen: Against | None) -> None:
        self._matrix = matrix
        self._seen = seen
        self._labels = {column.id: column.label for column in matrix.columns}
        known = [name for name in (*_FACTS, *_HIDDEN) if seen or name != "change"]
        names = dict.fromkeys(known)
        names |= dict.fromkeys(str(name) for row in matrix.rows for name in row.metadata)
        names |= dict.fromkeys(str(name) for cell in matrix.cells for name in cell.scores)
        self.names = {name.lower(): name for name in names}
        self.shown_names = [name for name in self.names.values() if name not in _HIDDEN]
        given = {name for row in matrix.rows for name in row.metadata}
        self._of_state = OF_STATE - given.union(*(cell.scores for cell in matrix.cells))

    def known_value(self, name: str, wanted: str) -> str:
        """Return a value that is asked for as it is known: it may be called as it is shown."""
        if name in self._of_state:
            return SHOWN_STATES.get(wanted, wanted)
        return _SHOWN_CHANGES.get(wanted, wanted) if name == "change" else wanted

    def of(self, row: MatrixRow, cell: MatrixCell, name: str) -> Any:
        """Return one fact; ``None`` where it is not known."""
        for given in (cell.scores, row.metadata):
            if name in given:
                return None if is_missing(given[name]) or given[name] == "" else given[name]
        if name == "change":
            return self._seen.of(row.id, cell.column) if self._seen else None
        own = OWN.get(name)
        if own is not None:
            return own(cell)
        return {
            "number": self._matrix.numbers[row.id],
            "task": " ".join(row.label.split()),
            "column": self._labels[cell.column],
            "llm": self._labels[cell.column],
        }.get(name)

    def all_of(self, row: MatrixRow, cells: Iterable[MatrixCell], name: str) -> list[Any]:
        """Return a fact of several cells, as far as it is known."""
        found = (self.of(row, cell, name) for cell in cells)
        return [value for value in found if value is not None and value != ""]

    def differ(self, row: MatrixRow, cells: Iterable[MatrixCell], asked: Condition) -> bool:
        """Whether the cells that have ended differ in what is asked, as far as they have it."""
        name = self.names.get(asked.wanted, "")
        ended = [cell for cell in cells if cell.state in ENDED]
        told = (
            set(filter(None, map(Said, ended)))
            if name == "answer"
            else set(map(text_of, self.all_of(row, ended, name)))
        )
        return (len(told) > 1) == (asked.sign != "!=")


OWN: Mapping[str, Callable[[MatrixCell], Any]] = {
    "state": lambda cell: cell.state,
    "outcome": lambda cell: cell.state,
    "status": lambda cell: cell.state,
    "answer": peek_text,
    "text": said_of,
    "tools": lambda cell: "\n".join(cell.tools) if cell.tools is not None else None,
    "latency_s": lambda cell: cell.latency_s,
    "cost_usd": lambda cell: None if (cost := amount_of(cell.cost_usd)) is None else float(cost),
    "repeat": lambda cell: cell.repeat,
}


def read_conditions(where: str, facts: Facts) -> tuple[list[Condition], list[str]]:
    """Read conditions and words; what names no fact is words, too."""
    conditions: list[Condition] = []
    words: list[str] = []
    was_condition = False
    for found in TOKEN.finditer(with_plain_signs(where.lower())):
        name = facts.names.get(without_marks(found[1] or found[4] or ""))
        if name is not None:
            # Half a condition is met by nothing, and it is said why.
            wanted = facts.known_value(name, without_marks(found[3] or ""))
            conditions.append(Condition(name, found[2] or "?", wanted, found[3] == "*"))
        elif not (was_condition and found[0] in _ALSO):
            alone = found[0].startswith('"') and not found[1] and not found[4]
            words += [without_marks(found[0])] if alone else found[0].replace('"', "").split()
        # What is written as one is meant as one, though nothing is called so.
        was_condition = bool(found[1] or found[4])
    return conditions, words


def without_marks(token: str) -> str:
    """Return what stands in quotation marks, where two of them are one, or what needs none.

    >>> without_marks('"a ""b"" c"'), without_marks("cost_usd")
    ('a "b" c', 'cost_usd')
    """
    if not token.startswith('"'):
        return token.strip('"')
    return token[1:].removesuffix('"').replace('""', '"')


def with_plain_signs(where: str) -> str:
    """Write the signs of mathematics as they are typed; what is in quotation marks stays.

    >>> with_plain_signs('cost_usd \N{GREATER-THAN OR EQUAL TO} 1')
    'cost_usd >= 1'
    """
    parts = where.split('"')
    for place in range(0, len(parts), 2):
        for sign, plain in _SIGNS.items():
            parts[place] = parts[place].replace(sign, plain)
    return '"'.join(parts)


def has_word(where: str, word: str) -> bool:
    """Whether a word of what is asked is this one, not in quotation marks."""
    return any(found[0] == word for found in TOKEN.finditer(where.lower()))


def fits(value: Any, asked: Condition) -> bool:
    """Whether a fact is what a condition asks for; one that is not known never is."""
    is_there = value is not None and value != ""
    if asked.is_any:
        return is_there == (asked.sign != "!=")
    if not is_there:
        return False
    text = text_of(value)
    if asked.sign == ":":
        return asked.wanted in text
    if asked.sign[0] in "<>" and not 0 < _rank(text) <= _rank(asked.wanted):
        return False
    order = _compare(text, asked.wanted)
    if asked.sign == "!=":
        return order != 0
    return "=" in asked.sign if order == 0 else asked.sign.startswith("<" if order < 0 else ">")


def text_of(value: Any) -> str:
    """Say a fact as it is asked for, in small letters."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).lower()


def is_amount(text: str) -> bool:
    """Whether a value that is asked for is a number, or yes or no, which are 1 and 0."""
    return _NUMBER.fullmatch(_WORDS.get(text, text)) is not None


def can_be_ordered(text: str) -> bool:
    """Whether there is more and less than it: of numbers, and of what begins as dates do."""
    return _rank(text) > 0


def _rank(text: str) -> int:
    """Numbers have an order, and dates have one, also beside a number; words have none."""
    return 2 if is_amount(text) else int("0" <= text[:1] <= "9")


def _compare(one: str, other: str) -> int:
    """Numbers as numbers, yes and no as 1 and 0, and all else in natural order."""
    a, b = (_WORDS.get(text, text) for text in (one, other))
    if _NUMBER.fullmatch(a) and _NUMBER.fullmatch(b):
        return (float(a) > float(b)) - (float(a) < float(b))
    x, y = _natural(one), _natural(other)
    return (x > y) - (x < y)


def _natural(text: str) -> list[tuple[int, int, str]]:
    parts = (part for part in _DIGITS.split(text) if part)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def sorting_value(values: Sequence[Any]) -> str | None:
    """Return what rows are sorted by: the mean of numbers, or the first text."""
    texts = [_WORDS.get(text_of(value), text_of(value)) for value in values]
    if texts and all(_NUMBER.fullmatch(text) for text in texts):
        return repr(sum(map(float, texts)) / len(texts))
    return text_of(values[0]) if values else None


def sorting_key(text: str) -> tuple[int, float, list[tuple[int, int, str]]]:
    """Have numbers before words, and words in natural order."""
    return (0, float(text), []) if _NUMBER.fullmatch(text) else (1, 0.0, _natural(text))
