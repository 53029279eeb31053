"""What is wrong with conditions that leave nothing, where they ask for what cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from ....score_kinds import JUDGING
from ...plain.visible import visible_name
from ..against import ORDER
from ..conditions import condition, has
from ..matrix import Matrix
from .facts import (
    DIFFERS,
    OF_STATE,
    SHOWN_STATES,
    STATES,
    TOKEN,
    Condition,
    Facts,
    can_be_ordered,
    has_word,
    is_amount,
    read_conditions,
    text_of,
    with_plain_signs,
    without_marks,
)

_CHANGES = {
    **dict.fromkeys(("worse", "regression", "regressions"), "worse"),
    **dict.fromkeys(("better", "improvement", "improvements"), "better"),
}
_WRONG = {"wrong", "incorrect", "mistake", "mistakes"}
_ISO_DATE = re.compile(
    r"\d{4}-\d{1,2}(-\d{1,2}([t ]\d{1,2}:\d{2}(:\d{2}(\.\d{3}|\.\d{6})?)?z?)?)?", re.ASCII
)
_NO_OR = 'there is no or: all conditions are to be met, and "or" in quotation marks is a word'
_SIGN = re.compile(r"[<>=]+[\d.,]*")
_FIGURES = re.compile(r"[+-]?[.,]?[0-9]")
_EDGES = {",": "a comma", "&": "&", ";": "a semicolon", "|": "|", "(": "brackets", ")": "brackets"}
"""What people write around conditions elsewhere, and what it is called."""
_EDGE = re.compile(r"([,&;|)])+(?:([^\s<>=!:]+)[<>=!:]|$)")
_IS = {"is", "are", "equals"}
_MONEY = re.compile(r"\$\d*\.?\d+|\d*\.?\d+\$|\$")
_MOST = 100  # characters of what was asked that are said again
_MOST_NAMES = 12  # that are not there


def misread(matrix: Matrix, facts: Facts, where: str, *, is_met: bool) -> str:
    """Say why conditions cannot be meant so; empty where they can, whether they are met or not.

    Args:
        matrix: The matrix.
        facts: What is known in it.
        where: What is asked for.
        is_met: Whether anything is left.
    """
    conditions, words = read_conditions(where, facts)
    if conditions and has_word(where, "or"):
        return _NO_OR
    if has_word(where, "not"):
        return 'there is no not: one is topic != travel, and "not" in quotation marks is a word'
    if "" in words and where.count('"') % 2:
        return "a quotation mark is not closed"
    if is_met:
        # What else is asked for may be met by nothing, which is an answer.
        always = [one for one in conditions if one.name == DIFFERS or one.sign[0] in "<>"]
        return next(_of_conditions(matrix, facts, always), "")
    if where.count('"') % 2:
        return "a quotation mark is not closed"
    if "change" not in facts.names and _asks_for("change", where):
        return "change needs a baseline, and a score to compare by"
    spaced = _of_spaces(matrix, facts, conditions, words)
    told = chain(
        _of_edges(facts, conditions, words, where), _of_conditions(matrix, facts, conditions)
    )
    whys = (next(spaced, ""), next(told, ""), _of_words(matrix, words, facts))
    if why := next(filter(None, whys), "") or _of_names(matrix, facts, where):
        return why
    alone = next(filter(_SIGN.fullmatch, words), "")
    return f"a name stands before {short(alone)}, such as cost_usd < 1" if alone else ""


def short(text: str, most: int = _MOST) -> str:
    """Say what was asked, or its beginning."""
    line = visible_name(text[: 4 * most])
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _asks_for(name: str, where: str) -> bool:
    """Whether a condition, or half of one, is of this name."""
    asked = (found[1] or found[4] or "" for found in TOKEN.finditer(with_plain_signs(where)))
    return name in (without_marks(one).lower() for one in asked)


def _of_conditions(matrix: Matrix, facts: Facts, asked: list[Condition]) -> Iterator[str]:
    for one in asked:
        if one.sign == "?":
            if one.name in ("answer", "task", "text"):
                yield f"“{one.name}” is no condition; one is {one.name}: sorry"
        elif one.name == DIFFERS and one.wanted not in facts.names:
            yield f"nothing is called {short(one.wanted)}; there is {_listed(facts.shown_names)}"
        elif not one.is_any and one.sign not in (":", "!="):
            yield from _of_order(matrix, facts, one) if one.sign[0] in "<>" else ()
            yield from _of_value(matrix, one)


def _of_edges(facts: Facts, asked: list[Condition], words: list[str], where: str) -> Iterator[str]:
    """Say what does not stand between conditions and around them."""
    for one in asked:
        edge = None if f'"{one.wanted}"' in where.lower() else _EDGE.search(one.wanted)
        is_own = edge is not None and edge[1] == ")" and "(" in one.wanted
        if edge and not is_own and (edge[2] is None or edge[2] in facts.names):
            yield _without(edge[1])
    if asked and (alone := next((word for word in words if word in _EDGES), "")):
        yield _NO_OR if alone == "|" else _without(alone)


def _without(edge: str) -> str:
    beside = "conditions stand beside each other"
    return f"{beside} without {_EDGES[edge]}, such as right = no cost_usd > 1"


def _of_order(matrix: Matrix, facts: Facts, asked: Condition) -> Iterator[str]:
    rows = {row.id: row for row in matrix.rows}
    cells = ((rows[cell.row], [cell]) for cell in matrix.cells)
    values = [text_of(v) for place in cells for v in facts.all_of(*place, asked.name)]
    name, wanted = short(asked.name), short(asked.wanted)
    known = f"{asked.sign} compares numbers such as 2.5 and dates such as 2026-11-27"
    odd = next(filter(_has_no_order, values), "")
    if values and all(map(is_amount, values)) and not is_amount(asked.wanted):
        yield _is_none_of(matrix, asked)
    elif odd:
        yield f"{name} holds “{short(odd)}”, and {known}"
    elif values and _has_no_order(asked.wanted):
        yield f"“{wanted}” has no order: {known}"
    elif values and not any(map(can_be_ordered, values)):
        yield f"{name} holds words, and {asked.sign} compares numbers"
    elif values and not can_be_ordered(asked.wanted):
        yield f"{name} is neither more nor less than {wanted}"


def _has_no_order(text: str) -> bool:
    """Whether it begins as numbers and dates do, and is neither, such as ``2,5``."""
    is_known = is_amount(text) or _ISO_DATE.fullmatch(text)
    return not is_known and _FIGURES.match(text) is not None


def _of_value(matrix: Matrix, asked: Condition) -> Iterator[str]:
    labels = [column.label for column in matrix.columns]
    known = {
        **dict.fromkeys(("column", "llm"), labels),
        **dict.fromkeys(OF_STATE, STATES),
        "change": ORDER,
    }
    if any(asked.name in row.metadata for row in matrix.rows):
        return
    there = known.get(asked.name)
    if there and asked.wanted not in map(str.lower, there):
        yield f"there is no {asked.name} {short(asked.wanted)}; there is {_listed(there)}"
    elif _is_figure(matrix, asked.name) and not is_amount(asked.wanted):
        yield _is_none_of(matrix, asked)


def _is_none_of(matrix: Matrix, asked: Condition) -> str:
    name, wanted = short(asked.name), short(asked.wanted)
    if _MONEY.fullmatch(asked.wanted):
        return f"amounts stand without $, such as {name} < {wanted.strip('$') or 1}"
    if matrix.kinds.get(asked.name) == "yes/no":
        return f"{name} is yes or no, and {wanted} is neither"
    return f"{name} is a number, and {wanted} is none"


def _is_figure(matrix: Matrix, name: str) -> bool:
    kind = matrix.kinds.get(name)
    return name in ("number", "latency_s", "cost_usd") or kind == "number" or kind in JUDGING


def _of_spaces(
    matrix: Matrix, facts: Facts, asked: list[Condition], words: list[str]
) -> Iterator[str]:
    """Say how a value is asked for that has spaces, where its first word alone was read as one."""
    rows = {row.id: row for row in matrix.rows}
    said = f"{' '.join(words)} "
    for one in asked:
        places = ((rows[cell.row], cell) for cell in matrix.cells)
        values = {text_of(facts.of(*place, one.name)) for place in places}
        lasts = {text: text.removeprefix(f"{one.wanted} ") for text in values}
        meant = [t for t, last in lasts.items() if last != t and f" {last} " in f" {said}"]
        told = condition(one.name, max(meant, key=len, default=""), one.sign)
        if told:
            yield f"what has spaces stands in quotation marks: {short(told)}"


def _of_words(matrix: Matrix, words: list[str], facts: Facts) -> str:
    change = next((_CHANGES[word] for word in words if word in _CHANGES), "")
    judged = next((name for name, kind in matrix.kinds.items() if kind == "yes/no"), "")
    wrong = condition(judged, "no") if not _WRONG.isdisjoint(words) else ""
    states = {*STATES, *SHOWN_STATES}
    state = next((condition("state", word) for word in words if word in states), "")
    for name, sign, value in zip(words, words[1:], words[2:], strict=False):
        if name in facts.names and sign in _IS:
            meant = condition(facts.names[name], value)
            return f"“{short(f'{name} {sign} {value}')}” is no condition; one is {short(meant)}"
    if "||" in words:
        return _NO_OR
    if money := next(filter(_MONEY.fullmatch, words), ""):
        return f"amounts stand without $, such as cost_usd < {money.strip('$') or 1}"
    if not (change or wrong or state):
        return ""
    first = "with a baseline " if change and "change" not in facts.names else ""
    meant = f"change = {change}" if change else wrong or state
    return f"these are words in tasks and answers; {first}the condition is {meant}"


def _of_names(matrix: Matrix, facts: Facts, where: str) -> str:
    """Say which names are not there, or that one stands in half a condition or after a sign."""
    unknown = []
    for found in TOKEN.finditer(with_plain_signs(where)):
        half, name = without_marks(found[4] or ""), without_marks(found[1] or "")
        if half.lower() in facts.names and half:
            sign = found[0][len(found[4]) :].strip()
            meant = f"{half} < 1" if sign[0] in "<>" else _example_condition(matrix, facts, half)
            return f"“{short(found[0])}” is no condition; one is {short(meant)}"
        if name and name[0] in _EDGES and name.lstrip("".join(_EDGES)).lower() in facts.names:
            return _without(name[0])
        if name and name.lower() not in facts.names:
            unknown.append(short(name))
    if not unknown:
        return ""
    named = ", ".join(unknown[:_MOST_NAMES])
    return f"there is no {named}; there is {', '.join(facts.shown_names)}"


def _example_condition(matrix: Matrix, facts: Facts, half: str) -> str:
    """Write a condition that some cell meets, of a name; or that the name is known at all."""
    rows, name = {row.id: row for row in matrix.rows}, facts.names[half.lower()]
    if name == DIFFERS:
        return condition(half, "answer")
    values = (text_of(v) for c in matrix.cells for v in facts.all_of(rows[c.row], [c], name))
    return condition(half, next(values, "")) or has(half)


def _listed(names: Iterable[str]) -> str:
    return short(", ".join(names), 4 * _MOST)
