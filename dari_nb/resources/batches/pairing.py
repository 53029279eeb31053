"""Which tasks of two batches are the same: never two of which anything says that they are not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...models.content import text_block
from .keys import digest
from .tasks import Task

_EXPECTED = ("expected", "expectation", "answer", "target")
"""Metadata of which another value makes another task of the same words.

They are not those that a judge is shown: an ``answer`` may be what somebody has answered. More of
them would part tasks of earlier runs that were compared before.
"""
_IDS = ("id", "task_id")
_FILES, _BLOCKS = "\0files", "\0blocks"  # told apart by them as by metadata


class Pairs(NamedTuple):
    """The tasks of a newer batch, by their indices, with those of an older one.

    Attributes:
        olds: The index of the same task in the older one.
        unsure: Those of the older and of the newer one that may be the same as some of the other,
            but nothing says as which.
    """

    olds: Mapping[int, int]
    unsure: tuple[set[int], set[int]]


def expected_of(task: Task) -> str:
    """What is expected of a task; empty where nothing says."""
    return next((task.metadata[name] for name in _EXPECTED if name in task.metadata), "")


def id_of(task: Task) -> str:
    """The id that somebody has given a task; empty without one."""
    return next((task.metadata[name] for name in _IDS if task.metadata.get(name)), "")


def pairs_of(old: Sequence[Task], new: Sequence[Task]) -> Pairs:
    """Find the tasks that two batches have in common.

    The same are those that are alike in all; then those of one text, and one expectation, that
    agree in their ids, and in the metadata that tell tasks of one text apart in either batch, if
    that holds of only one on each side; then those of one id, whatever their text.
    """
    sides = older, newer = _Side(old), _Side(new)
    name = _id_name(older, newer)
    telling = older.telling(name) & newer.known | newer.telling(name) & older.known
    theirs, ours = (_Index(side, name, sorted(telling)) for side in sides)
    olds = _alike_in_all(older, newer)
    olds |= _each_other(theirs, ours, _Index.of_text, olds)
    if theirs.has_own_ids and ours.has_own_ids:
        olds |= _each_other(theirs, ours, _Index.of_id, olds)
    left_old = {*older.about}.difference(olds.values())
    left_new = {*newer.about}.difference(olds)
    unsure_old = {i for i in left_old if not left_new.isdisjoint(ours.of_text(theirs, i))}
    unsure_new = {i for i in left_new if not left_old.isdisjoint(theirs.of_text(ours, i))}
    return Pairs(olds, (unsure_old, unsure_new))


def spaced_otherwise(old: Sequence[Task], new: Sequence[Task]) -> dict[int, int]:
    """Find tasks that would be the same but for white space: indices of the newer, of the older."""
    olds, news = ({task.index: _squeezed(task) for task in side} for side in (old, new))
    found = pairs_of([*olds.values()], [*news.values()]).olds
    return {n: o for n, o in found.items() if news[n].label == olds[o].label}


def _squeezed(task: Task) -> Task:
    """Return a task without the white space in which its text may differ from another."""
    others = [block for block in task.content if block.get("type") != "text"]
    text = [text_block(" ".join(task.text.split()))] if task.text else []
    title = " ".join(task.title.split()) if task.title else None
    return replace(task, content=[*text, *others], title=title)


class _Side:
    """One of the batches: what is known of its tasks, by their indices."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.about = {task.index: _about(task) for task in tasks}
        self.texts = {task.index: _text_of(task) for task in tasks}
        self.keys = {task.index: (task.key, self.texts[task.index]) for task in tasks}
        self.known = {key for about in self.about.values() for key in about}

    def ids(self, name: str | None) -> dict[int, str]:
        """The ids that tasks have under a name."""
        given = {i: about.get(name, "") for i, about in self.about.items()} if name else {}
        return {i: own for i, own in given.items() if own}

    def telling(self, name: str | None) -> set[str]:
        """Name the metadata that tell tasks of one text apart, where no ids do."""
        ids = self.ids(name)
        groups: dict[Hashable, list[Mapping[str, str]]] = defaultdict(list)
        for index, about in self.about.items():
            groups[self.texts[index], ids.get(index)].append(about)
        found = {
            key
            for first, *others in groups.values()
            for other in others
            for key, _ in first.items() ^ other.items()
        }
        return found.difference(_IDS)


class _Index:
    """Finds those tasks of a batch that one of another may be, by their indices."""

    def __init__(self, side: _Side, name: str | None, telling: Sequence[str]) -> None:
        self.texts = side.texts
        self._ids = side.ids(name)
        self._metadata = {i: tuple(map(about.get, telling)) for i, about in side.about.items()}
        self._places: dict[Hashable, list[int]] = defaultdict(list)
        for index, told in self._metadata.items():
            text, own = side.texts[index], self._ids.get(index)
            self._places[text, told].append(index)
            self._places[text, told, own].append(index)
            if own:
                self._places[told, own].append(index)

    @property
    def has_own_ids(self) -> bool:
        """Whether no id is that of two tasks."""
        return len({*self._ids.values()}) == len(self._ids)

    def of_text(self, other: _Index, index: int) -> list[int]:
        """Find those of the same text, which nothing that both have tells from that task."""
        place, own = (other.texts[index], other._metadata[index]), other._ids.get(index)
        if own is None:
            return self._places.get(place, [])
        return [i for name in (own, None) for i in self._places.get((*place, name), [])]

    def of_id(self, other: _Index, index: int) -> list[int]:
        """Find those of the same id, whatever their text."""
        own = other._ids.get(index)
        return self._places.get((other._metadata[index], own), []) if own else []


def _text_of(task: Task) -> str:
    """What a task says and expects; of its own where nobody knows what was sent."""
    is_known = task.content or task.title
    return digest(task.text or task.label, expected_of(task), None if is_known else task.key)


def _about(task: Task) -> dict[str, str]:
    blocks = [b for b in task.content if b.get("type") != "text" and "file_id" not in b]
    more = {_BLOCKS: digest(blocks) if blocks else "", _FILES: ",".join(task.files.values())}
    return {**task.metadata, **{name: value for name, value in more.items() if value}}


def _id_name(old: _Side, new: _Side) -> str | None:
    """Name the metadata that both batches have as ids of tasks."""
    for name in _IDS:
        olds, news = old.ids(name), new.ids(name)
        if not (olds and news) or _is_renumbered(old, new, olds, news):
            continue
        if not {*olds.values()}.isdisjoint(news.values()):
            return name
        if not (_is_of_run(old, olds) or _is_of_run(new, news)):
            return name
    return None


def _is_of_run(side: _Side, ids: Mapping[int, str]) -> bool:
    """Whether it is no id of tasks, since all have it."""
    return 1 < len(side.about) == len(ids) and len({*ids.values()}) == 1


def _is_renumbered(
    old: _Side, new: _Side, olds: Mapping[int, str], news: Mapping[int, str]
) -> bool:
    """Whether a text that is there once has another id, which was that of another text."""
    texts: dict[str, set[str]] = defaultdict(set)
    once: list[dict[str, str]] = []
    for side, ids in ((old, olds), (new, news)):
        counts = Counter(side.texts.values())
        once.append({side.texts[i]: own for i, own in ids.items() if counts[side.texts[i]] == 1})
        for index, own in ids.items():
            texts[own].add(side.texts[index])
    before, after = once
    pairs = [(before[text], after[text]) for text in before.keys() & after.keys()]
    return any(a != b and max(len(texts[a]), len(texts[b])) > 1 for a, b in pairs)


def _alike_in_all(old: _Side, new: _Side) -> dict[int, int]:
    """Pair those of one content, with the same metadata and files."""
    counts = Counter(old.keys.values()), Counter(new.keys.values())
    places = {key: index for index, key in old.keys.items()}
    return {
        index: places[key]
        for index, key in new.keys.items()
        if counts[0][key] == counts[1][key] == 1
    }


def _each_other(
    old: _Index,
    new: _Index,
    found: Callable[[_Index, _Index, int], list[int]],
    taken: Mapping[int, int],
) -> dict[int, int]:
    """Pair those that find each other and nothing else."""
    gone, pairs = {*taken.values()}, {}
    for index in new.texts:
        olds = found(old, new, index) if index not in taken else []
        if len(olds) == 1 and olds[0] not in gone and found(new, old, olds[0]) == [index]:
            pairs[index] = olds[0]
    return pairs
