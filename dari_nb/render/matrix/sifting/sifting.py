"""Which tasks and cells of a matrix a person has asked for, and in which order.

The page sifts by itself (``js/src/matrix/sift.ts``), also while the kernel is busy;
``js/test/matrix/conditions.json`` holds both to the same answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, NamedTuple

from ....score_kinds import is_missing
from ..against import ORDER, Against, seen_against
from ..alike import Said, said_of, sameness
from ..cells import cell_html, label_text, row_html
from ..figures import amount_of, cells_by_place, peek_text
from ..matrix import ENDED, Matrix, MatrixCell, MatrixRow

_TOKEN = re.compile(
    r'("[^"]*"|[^\s"<>=!:]+)\s*(<=|>=|!=|==?|<|>|:)\s*("[^"]*"|[^\s"<>=!:]\S*)'
    r'|("[^"]*"|[^\s"<>=!:]+)\s*[<>=!:]\S*'
    r'|("[^"]*"?|\S+)'
)
_SIGNS = {
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{NOT EQUAL TO}": "!=",
}
_TAG = re.compile(r"<[^>]*>")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?")
_DIGITS = re.compile(r"(\d+)")
_WORDS = {"yes": "1", "true": "1", "no": "0", "false": "0"}
DIFFERS = "differs"
"""Asks for tasks, and not for cells."""
_MOST_VALUES = 12  # names that are not there
_LONGEST = 100  # characters of a name that is not there
_FACTS = ("number", "task", "column", "state", "answer", "time", "cost", DIFFERS, "change")
_HIDDEN = ("text", "tools", "seconds", "outcome", "status", "llm", "repeat")
"""Facts that only tell cells apart, and other names of the same one."""
NAMES = frozenset({*_FACTS, *_HIDDEN})
"""What conditions call something already, so that no new score is called so."""


@dataclass(frozen=True)
class Wish:
    """What a person wants to see of a matrix.

    Attributes:
        where: Words that tasks must hold, and conditions such as ``right = no`` that cells must
            meet: a name, ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=`` or ``:`` (contains), and a
            value; ``*`` is any. What has spaces stands in quotation marks. ``differs = right``
            are tasks whose cells differ in that.
        order: What tasks are sorted by, with ``-`` before it for the largest first; what differs,
            or got worse, comes first when it is empty.
        baseline: What columns are compared with.
        score: What they are compared by.
    """

    where: str = ""
    order: str = ""
    baseline: str = ""
    score: str = ""

    @property
    def words(self) -> str:
        """What it leaves, in words; empty where it leaves all."""
        return " ".join(self.where.split())


class Sifted(NamedTuple):
    """What is left: rows in order, cells that meet the conditions, and why no row is."""

    rows: list[MatrixRow]
    cells: list[MatrixCell]
    why: str


class Condition(NamedTuple):
    """What is asked of cells: a name, a sign, and a value in small letters."""

    name: str
    sign: str
    wanted: str


def sift(matrix: Matrix, wish: Wish) -> Sifted:
    """Find the tasks and cells that somebody wishes to see."""
    seen = seen_against(matrix, wish.baseline, wish.score)
    facts = Facts(matrix, seen)
    conditions, words = read_conditions(wish.where, facts.names)
    cells: dict[str, list[MatrixCell]] = {row.id: [] for row in matrix.rows}
    for cell in matrix.cells:
        cells[cell.row].append(cell)
    left: dict[str, list[MatrixCell]] = {}
    own = [one for one in conditions if one.name != DIFFERS]
    for row in matrix.rows:
        fit = [c for c in cells[row.id] if all(_fits(facts.of(row, c, x.name), x) for x in own)]
        differs = (facts.differ(row, cells[row.id], x) for x in conditions if x.name == DIFFERS)
        if (fit or not conditions) and all(differs):
            left[row.id] = fit
    if words:
        texts = _texts(matrix, left)
        left = {row: fit for row, fit in left.items() if all(word in texts[row] for word in words)}
    rows = [row for row in matrix.rows if row.id in left]
    rows = _sorted(rows, matrix, wish, seen, facts, cells)
    why = "" if rows or not matrix.rows else _why_none(wish, facts)
    wanted = {cell.id for found in left.values() for cell in found}
    return Sifted(rows, [cell for cell in matrix.cells if cell.id in wanted], why)


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
        self.told = [name for name in self.names.values() if name not in _HIDDEN]

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
            "task": label_text(row.label),
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


def differing(matrix: Matrix, score: str) -> int:
    """Count the tasks that are chosen by ``differs = score``."""
    facts, asked = Facts(matrix, None), Condition(DIFFERS, "=", score.lower())
    cells: dict[str, list[MatrixCell]] = {row.id: [] for row in matrix.rows}
    for cell in matrix.cells:
        cells[cell.row].append(cell)
    return sum(facts.differ(row, cells[row.id], asked) for row in matrix.rows)


OWN: Mapping[str, Callable[[MatrixCell], Any]] = {
    "state": lambda cell: cell.state,
    "outcome": lambda cell: cell.state,
    "status": lambda cell: cell.state,
    "answer": peek_text,
    "text": said_of,
    "tools": lambda cell: "\n".join(cell.tools) if cell.tools is not None else None,
    "time": lambda cell: cell.seconds,
    "seconds": lambda cell: cell.seconds,
    "cost": lambda cell: None if (cost := amount_of(cell.cost)) is None else float(cost),
    "repeat": lambda cell: cell.repeat,
}


def read_conditions(where: str, names: Mapping[str, str]) -> tuple[list[Condition], list[str]]:
    """Read conditions and words; what names no fact is words, too."""
    conditions: list[Condition] = []
    words: list[str] = []
    was_condition = False
    for found in _TOKEN.finditer(with_plain_signs(where.lower())):
        name = names.get((found[1] or found[4] or "").strip('"'))
        if name is not None:
            # Half a condition is met by nothing, and it is said why.
            conditions.append(Condition(name, found[2] or "?", (found[3] or "").strip('"')))
        elif not (was_condition and found[0] == "and"):
            alone = found[0].startswith('"') and not found[1] and not found[4]
            words += [found[0].strip('"')] if alone else found[0].replace('"', "").split()
        was_condition = name is not None
    return conditions, words


def with_plain_signs(where: str) -> str:
    """Write the signs of mathematics as the page reads them; what is in quotation marks stays.

    >>> with_plain_signs('cost \N{GREATER-THAN OR EQUAL TO} 1')
    'cost >= 1'
    """
    parts = where.split('"')
    for place in range(0, len(parts), 2):
        for sign, plain in _SIGNS.items():
            parts[place] = parts[place].replace(sign, plain)
    return '"'.join(parts)


def has_word(where: str, word: str) -> bool:
    """Whether a word of what is asked is this one, not in quotation marks."""
    return any(found[0] == word for found in _TOKEN.finditer(where.lower()))


def _why_none(wish: Wish, facts: Facts) -> str:
    """Say why no row is left: what is asked for that is not there or cannot be read, or nothing."""
    unknown = []
    for found in _TOKEN.finditer(with_plain_signs(wish.where)):
        half, name = (found[4] or "").strip('"'), (found[1] or "").strip('"')
        if half.lower() in facts.names and half:
            return f"“{found[0]}” is no condition; one is {half} < 1"
        if name and name.lower() not in facts.names:
            unknown.append(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…")
    if unknown:
        named = ", ".join(unknown[:_MOST_VALUES])
        return f"there is no {named}; there is {', '.join(facts.told)}"
    return f"nothing matches “{wish.where}”"


def _fits(value: Any, asked: Condition) -> bool:
    is_there = value is not None and value != ""
    if asked.wanted == "*":
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


def _texts(matrix: Matrix, rows: Iterable[str]) -> dict[str, str]:
    """All that rows say, in small letters."""
    wanted, places = set(rows), cells_by_place(matrix)
    told: dict[str, list[str]] = {row: [] for row in wanted}
    for row in matrix.rows:
        if row.id in wanted:
            told[row.id] += [label_text(row.label), row_html(row, matrix.numbers[row.id])]
    for (row_id, _), cells in places.items():
        if row_id in wanted:
            told[row_id] += [cell_html(cell, kinds=matrix.kinds) for cell in cells]
    return {row: unescape(_TAG.sub(" ", " ".join(html))).lower() for row, html in told.items()}


def _sorted(
    rows: list[MatrixRow],
    matrix: Matrix,
    wish: Wish,
    seen: Against | None,
    facts: Facts,
    cells: Mapping[str, Sequence[MatrixCell]],
) -> list[MatrixRow]:
    if not wish.order:
        same = sameness(matrix)
        rank = {row.id: ORDER.index(seen.rows[row.id]) if seen else 0 for row in rows}
        return sorted(rows, key=lambda row: (rank[row.id], same[row.id], matrix.numbers[row.id]))
    name = facts.names.get(wish.order.removeprefix("-").lower(), "")
    by_number = sorted(rows, key=lambda row: matrix.numbers[row.id])
    keys = {row.id: _key(facts.all_of(row, cells[row.id], name)) for row in rows}
    there = [row for row in by_number if keys[row.id] is not None]
    there.sort(key=lambda row: _order_key(keys[row.id] or ""), reverse=wish.order.startswith("-"))
    return [*there, *(row for row in by_number if keys[row.id] is None)]


def _key(values: Sequence[Any]) -> str | None:
    """The mean of numbers, or the first text."""
    texts = [_WORDS.get(text_of(value), text_of(value)) for value in values]
    if texts and all(_NUMBER.fullmatch(text) for text in texts):
        return repr(sum(map(float, texts)) / len(texts))
    return text_of(values[0]) if values else None


def _order_key(text: str) -> tuple[int, float, list[tuple[int, int, str]]]:
    return (0, float(text), []) if _NUMBER.fullmatch(text) else (1, 0.0, _natural(text))
