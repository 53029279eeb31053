"""Which tasks of several batches are the same, and what each of them is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...models import parse_time
from .keys import digest, is_given
from .tasks import Task

if TYPE_CHECKING:
    from .results import Results

_TIMES = " \N{MULTIPLICATION SIGN} "
_EXPECTED = ("expected", "expectation", "answer", "target")
"""Metadata of which another value makes another task of the same words.

They are not those that a judge is shown: an ``answer`` may be what somebody has answered. More of
them would part tasks of earlier runs that were compared before.
"""
_IDS = ("id", "task_id")
_SHOWN, _BEFORE = 40, 20  # characters of a label, and before the place where it differs


def names_of(batches: Sequence[Results]) -> list[str]:
    """Call each by the name that it was given, else by its agent, its day, its time, its run."""
    runs = [batch.run_id for batch in batches]
    if len(set(runs)) == len(runs) and all(map(is_given, runs)):
        return runs
    agents = agents_of(batches)
    if len(agents) == len(batches):
        return agents
    for form in ("%b %-d", "%b %-d %H:%M", "%b %-d %H:%M:%S"):
        days = [day_of(batch, form) for batch in batches]
        if all(days) and len(set(days)) == len(days):
            return days
    seen: Counter[str] = Counter()
    told = []
    for run in runs:
        seen[run] += 1
        told.append(run if seen[run] == 1 else f"{run} ({seen[run]})")
    return told


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


def matched(batches: Sequence[Results]) -> tuple[list[Task], list[dict[int, int]]]:
    """Give each task a row, and say for each batch in which rows its tasks stand."""
    rows: dict[Any, int] = {}
    tasks: list[Task] = []
    places = []
    for batch in batches:
        seen: Counter[Any] = Counter()
        own: dict[int, int] = {}
        for task in batch.tasks:
            # The same task twice is two rows, in the order that they come in.
            keys = [(key, seen[key]) for key in _keys_of(task)]
            near = [(key, n) for key, at in keys for n in (at, *range(at))]
            seen.update(key for key, _ in keys)
            taken = set(own.values())
            row = next((rows[key] for key in near if key in rows and rows[key] not in taken), None)
            if row is None:
                row = len(tasks)
                tasks.append(replace(task, index=row))
            for key in keys:
                rows.setdefault(key, row)
            own[task.index] = row
        places.append(own)
    return tasks, places


def _keys_of(task: Task) -> Iterable[Any]:
    """What a task is known by, the surest first."""
    about, words = task.metadata, task.text or task.label
    yield digest("whole", words, dict(about))
    yield digest("task", words, _expected_of(about))
    for name in _IDS:
        if about.get(name):
            yield name, about[name]


def _expected_of(metadata: Mapping[str, str]) -> str:
    return next((metadata[name] for name in _EXPECTED if name in metadata), "")


def told_apart(tasks: Sequence[Task]) -> dict[int, str]:
    """Show of each task, by its index, as much as tells it from the others."""
    from ...render.matrix.cells import label_text

    labels = {task.index: label_text(task.label) for task in tasks}
    found = {}
    for task in tasks:
        label = labels[task.index]
        others = [labels[other.index] for other in tasks if other.index != task.index]
        near = [o for o in others if o != label and o[:_SHOWN] == label[:_SHOWN]]
        shown = _shown(label, max((_alike(label, o) for o in near), default=0))
        expected = _expected_of(task.metadata) if label in others else ""
        found[task.index] = f"“{shown}”{f' (expected {expected[:_SHOWN]})' if expected else ''}"
    return found


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
