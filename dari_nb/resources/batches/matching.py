"""Which tasks of several batches are the same, and what each of them is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from ...models import parse_time
from .keys import is_given
from .pairing import expected_of, id_of, pairs_of, spaced_otherwise
from .tasks import Task

if TYPE_CHECKING:
    from .results import Results

_TIMES = " \N{MULTIPLICATION SIGN} "
_DAYS = ("%b %-d", "%b %-d %H:%M", "%b %-d %H:%M:%S")
_SHOWN, _BEFORE = 40, 20  # characters of a label, and before the place where it differs


def names_of(batches: Sequence[Results]) -> list[str]:
    """Call each by the name that it was given, else by its agent, its day, its time, its run."""
    runs = [batch.run_id for batch in batches]
    if len(set(runs)) == len(runs) and all(map(is_given, runs)):
        return runs
    agents = agents_of(batches)
    if len(agents) == len(batches):
        return agents
    told = max(
        ([_called(batch, form) for batch in batches] for form in _DAYS),
        key=lambda names: len({*names}),  # the shortest of those that tell the most
    )
    seen: Counter[str] = Counter()
    names = []
    for name in told:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _called(batch: Results, form: str) -> str:
    return batch.run_id if is_given(batch.run_id) else day_of(batch, form) or batch.run_id


def agents_of(batches: Sequence[Results]) -> list[str]:
    """Name the agents, each once."""
    return list(dict.fromkeys(batch.agent.name for batch in batches))


def sizes_text(batches: Mapping[str, Results]) -> str:
    """Say how large each of them is, by name; empty where they are as large as each other."""
    from ...render import count_text

    sizes = {name: (len(batch.tasks), batch.repeats) for name, batch in batches.items()}
    if len(set(sizes.values())) == 1:
        return ""
    told = []
    for name, (tasks, repeats) in sizes.items():
        parts = [count_text(tasks, "task"), count_text(len(batches[name].columns), "column")]
        parts += [str(repeats)] if repeats > 1 else []
        told.append(f"{_TIMES.join(parts)} ({name})")
    return ", ".join(told)


def day_of(batch: Results, form: str) -> str:
    """Say when the first of its sessions was made, in UTC; empty when nothing tells."""
    times = [time for cell in batch.cells if (time := parse_time(cell.created_at))]
    first = min(times, default=None)
    if first is None:
        return ""
    day = first.strftime(form.replace("%-d", "{day}"))
    return day.format(day=first.day)


def matched(batches: Sequence[Results]) -> tuple[list[Task], list[dict[int, int]], set[int]]:
    """Give each task a row, and say for each batch in which rows its tasks stand.

    Returns:
        A task for each row; the rows of each batch's tasks, by their indices; and the rows of
        tasks that have none beside them only since nothing tells which one it is.
    """
    tasks: list[Task] = []
    places: list[dict[int, int]] = []
    firsts: list[int] = []
    unsure: set[tuple[int, int]] = set()
    for number, batch in enumerate(batches):
        own: dict[int, int] = {}
        for before, (there, first) in enumerate(zip(places, firsts, strict=True)):
            found = pairs_of(batches[before].tasks, batch.tasks)
            # What belongs to a row is said by the first batch that has it.
            rows = {new: there[old] for new, old in found.olds.items() if there[old] >= first}
            own |= {new: row for new, row in rows.items() if new not in own}
            unsure |= {(before, index) for index in found.unsure[0]}
            unsure |= {(number, index) for index in found.unsure[1]}
        firsts.append(len(tasks))
        for task in batch.tasks:
            if task.index not in own:
                own[task.index] = len(tasks)
                tasks.append(replace(task, index=len(tasks)))
        places.append(own)
    shared = {row for row, n in Counter(r for own in places for r in own.values()).items() if n > 1}
    return tasks, places, {places[number][index] for number, index in unsure} - shared


def spaced_rows(batches: Sequence[Results], places: Sequence[Mapping[int, int]]) -> set[int]:
    """Find the rows of tasks that white space alone tells from one of another batch."""
    found: set[int] = set()
    for (old, theirs), (new, ours) in combinations(zip(batches, places, strict=True), 2):
        olds = [task for task in old.tasks if theirs[task.index] not in ours.values()]
        news = [task for task in new.tasks if ours[task.index] not in theirs.values()]
        pairs = spaced_otherwise(olds, news) if olds and news else {}
        found |= {ours[n] for n in pairs} | {theirs[o] for o in pairs.values()}
    return found


def distinguished(tasks: Sequence[Task]) -> dict[int, str]:
    """Show of each task, by its index, as much as tells it from the others."""
    from ...render.matrix.cells import label_text

    labels = {task.index: label_text(task.label) for task in tasks}
    found = {}
    for task in tasks:
        label = labels[task.index]
        others = [labels[other.index] for other in tasks if other.index != task.index]
        near = [o for o in others if o != label and o[:_SHOWN] == label[:_SHOWN]]
        shown = _shown(label, max((_alike(label, o) for o in near), default=0))
        found[task.index] = f"“{shown}”{_known_of(task) if label in others else ''}"
    return found


def _known_of(task: Task) -> str:
    """Say what there is of a task beside its text: what is expected of it, or its id."""
    told = {"expected": expected_of(task), "id": id_of(task)}
    return next((f" ({name} {value[:_SHOWN]})" for name, value in told.items() if value), "")


def _alike(one: str, other: str) -> int:
    """Return how many characters at the beginning are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _shown(label: str, differs_at: int) -> str:
    """Cut a label, so that the place is seen at which it differs from others."""
    latest = max(0, differs_at - _BEFORE)
    start = label.rfind(" ", max(0, latest - _BEFORE // 2), latest) + 1 or latest
    cut = label[start : start + _SHOWN]
    before, after = "…" * bool(start), "…" * (len(label) > start + _SHOWN)
    return f"{before}{cut.strip()}{after}"
