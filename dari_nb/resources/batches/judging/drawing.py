"""The order in which answers are drawn: tasks and columns as evenly as those that there are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..cells import Cell, Column
from ..keys import digest

_Tasks = Mapping[int, Sequence[Column]]
"""The columns that have an answer to a task, those to be taken first in front."""


def in_turn(cells: Sequence[Cell], seed: int) -> Iterator[Cell]:
    """Give an answer to each task, and again until all are given; columns are taken in turn.

    Where some have no answer, a task that comes for the first time goes before a column that comes
    too seldom.
    """
    waiting: dict[int, dict[Column, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for cell in sorted(cells, key=lambda cell: digest("drawn", seed, cell.id)):
        waiting[cell.task_index][cell.column].append(cell)
    drawn: Counter[Column] = Counter()
    taken: Counter[tuple[int, Column]] = Counter()
    order = list(waiting)
    while order:
        options = {task: _least_taken(task, waiting[task], taken) for task in order}
        chosen = _spread(options, drawn)
        order = list(_mixed(chosen, order, drawn, seed))
        for task in order:
            column = chosen[task]
            yield waiting[task][column].pop()
            taken[task, column] += 1
            if not waiting[task][column]:
                del waiting[task][column]
        drawn.update(chosen.values())
        order = [task for task in order if waiting[task]]


def _least_taken(
    task: int, columns: Iterable[Column], taken: Mapping[tuple[int, Column], int]
) -> list[Column]:
    return sorted(columns, key=lambda column: taken[task, column])


def _spread(tasks: _Tasks, drawn: Mapping[Column, int]) -> dict[int, Column]:
    """Choose a column for each task so that all columns are drawn as evenly as can be.

    A task takes the least drawn column that it can get, if need be one that another task leaves for
    another column: N. J. A. Harvey, R. E. Ladner, L. Lovász and T. Tamir, *Semi-matchings for
    bipartite graphs and load balancing*, Journal of Algorithms 59 (2006).
    """
    loads, chosen = Counter(drawn), dict[int, Column]()
    leaving: dict[tuple[Column, Column], dict[int, None]] = defaultdict(dict)

    def put(task: int, column: Column) -> None:
        for other in tasks[task]:
            leaving[chosen.get(task, column), other].pop(task, None)
        chosen[task] = column
        for other in tasks[task]:
            leaving[column, other][task] = None

    every = list(dict.fromkeys(column for columns in tasks.values() for column in columns))
    for task, columns in tasks.items():
        left_for: dict[Column, Column | None] = dict.fromkeys(columns)
        reached = list(columns)
        for column in reached:
            more = [c for c in every if c not in left_for and leaving[column, c]]
            left_for |= dict.fromkeys(more, column)
            reached += more
        column = min(reached, key=loads.__getitem__)
        loads[column] += 1
        while (before := left_for[column]) is not None:
            put(next(iter(leaving[before, column])), column)
            column = before
        put(task, column)
    return chosen


def _mixed(
    chosen: Mapping[int, Column], order: Sequence[int], drawn: Mapping[Column, int], seed: int
) -> Iterator[int]:
    """Give tasks so that their columns come in turn, at random, and none far from its place."""
    loads, waiting = Counter(drawn), defaultdict(list)
    for task in reversed(order):
        waiting[chosen[task]].append(task)
    while waiting:
        given = loads.total()
        column = min(
            waiting, key=lambda c: (loads[c], digest("column", seed, given, c.llm, c.version))
        )
        loads[column] += 1
        yield waiting[column].pop()
        if not waiting[column]:
            del waiting[column]
