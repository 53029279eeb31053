"""Batches of different days beside each other: the same tasks, a column for each of theirs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ...errors import InvalidRequestError
from ...models import TimelineItem
from .cells import DEFAULT, Cell, Column
from .matching import agents_of, distinguished, matched, names_of, sizes_text, spaced_rows
from .pairing import id_of
from .results import Place, Results
from .tasks import Task

if TYPE_CHECKING:
    import pandas as pd

    from ...render.matrix.against import Against
    from ...render.matrix.matrix import Matrix, MatrixColumn
    from ...widgets.view import AnyLayout
    from ..sessions.session import Session
    from ..sessions.turn import Turn
    from .matrix.marks import Marks
    from .matrix.scored import ScoreTable
    from .matrix_view import BatchMatrix

_MOST_NAMED = 5


@dataclass(frozen=True)
class _Run:
    """One of the batches: what it is called, and where its tasks and columns stand."""

    name: str
    batch: Results
    rows: Mapping[int, int]
    columns: Mapping[Column, Column]


class ComparedBatches(Results):
    """Several batches as one matrix, the oldest as its baseline; :func:`compare_batches` makes it.

    It is looked at as a batch is, and sends nothing. Ratings go to the batch that a cell is of.

    Attributes:
        baseline: What the others are compared with: the oldest of them, such as ``"Nov 20"``, or
            a version of it, such as ``"Nov 20 @ v2"``, or a column.
        only: Tasks that not all of them have, by what each is called.

    >>> old = d.batches.run("echo", ["Hi", "Ho"], run_id="monday").wait(60)
    >>> new = d.batches.run("echo", ["Hi", "Hu"], run_id="tuesday").wait(60)
    >>> compared = dari.compare_batches(old, new)
    >>> [task.label for task in compared.only["monday"]]
    ['Ho']
    """

    _asks_instead = "Judge each batch by itself, as batch.judge(…) does, then compare them again."

    def __init__(self, batches: Sequence[Results], baseline: str | int | None = None) -> None:
        first = batches[0]
        names = names_of(batches)
        tasks, places, self._unsure = matched(batches)
        self._spaced = spaced_rows(batches, places)
        runs = [
            _Run(name, batch, rows, _columns(name, batch, batches))
            for name, batch, rows in zip(names, batches, places, strict=True)
        ]
        columns = [column for run in runs for column in run.columns.values()]
        repeats = max(batch.repeats for batch in batches)
        run_id = "+".join(batch.run_id for batch in batches)
        super().__init__(first._link, first.agent, run_id, tasks, columns, repeats)
        self.grid.runs = {column: run.name for run in runs for column in run.columns.values()}
        self._runs = runs
        self._own: dict[str, tuple[Results, Cell]] = {}
        for run in runs:
            self._take(run)
        self.only = {
            run.name: [t for t in run.batch.tasks if not self._is_shared(run.rows[t.index])]
            for run in runs
        }
        if not any(self._is_shared(task.index) for task in tasks):
            near = " Some differ by white space alone: give these one text, or an id in metadata."
            raise InvalidRequestError(
                f"{' and '.join(batch.run_id for batch in batches)} have no task in common: tasks "
                "are the same when their text and what is expected are, or their id in metadata; "
                "of one text those with another id are not, nor those that nothing tells apart."
                f"{near if self._spaced else ''}",
                code="no_common_tasks",
            )
        self.baseline = names[0]
        self.baseline = self._baseline(names[0] if baseline is None else baseline)

    def _take(self, run: _Run) -> None:
        for cell in run.batch.cells:
            place = run.rows[cell.task_index], run.columns[cell.column], cell.repeat
            ours = self.grid.at(*place)
            ours.history, ours.unsent, ours.carried = cell.history, cell.unsent, cell.metadata
            ours.doubles, ours.held = cell.doubles, cell.held
            self._own[ours.id] = run.batch, cell

    def _baseline(self, wanted: str | int) -> str:
        """Return the baseline called so; an LLM or a version alone is that of the oldest."""
        from ...render.matrix.bases import baselines, checked_baseline

        if not isinstance(wanted, str | int):
            raise InvalidRequestError(
                f"baseline is a version or a column, not {wanted!r:.80}.", code="invalid_baseline"
            )
        columns, first = self._snapshot().columns, self._runs[0]
        olds = [column for column in columns if column.of == first.name]
        versions = {
            column.version: first.batch.grid.version_name(column.version) for column in olds
        }
        version = f"v{wanted}" if isinstance(wanted, int) else versions.get(wanted, wanted)
        known = {*baselines(columns), *(column.label for column in columns)}
        names = [str(wanted), f"{first.name} @ {version}", f"{first.name} · {version}"]
        of_llm = [column.label for column in olds if column.llm == wanted]
        names += of_llm if len(of_llm) == 1 else []
        # A version that is the only one is the whole of it.
        names += [first.name] if {version} == set(versions.values()) else []
        return checked_baseline(columns, next((n for n in names if n in known), str(wanted)))

    def _is_shared(self, row: int) -> bool:
        return all(row in run.rows.values() for run in self._runs)

    @property
    def cells(self) -> list[Cell]:
        """The cells that one of the batches has: task by task, column by column."""
        return [cell for cell in self.grid if cell.id in self._own]

    @property
    def sessions(self) -> list[Session]:
        """The sessions of all cells' last attempts, each once, also where batches share it."""
        there = [session for run in self._runs for session in run.batch.sessions]
        return list({session.id: session for session in there}.values())

    def __len__(self) -> int:
        return len(self._own)

    def rate(self, cell: Place, name: str, value: Any, note: str | None = None) -> None:
        """Keep a rating with the batch that a cell is of; see :meth:`Results.rate`.

        >>> compared = dari.compare_batches(batch, batch)
        >>> compared.rate(compared.cells[0], "rating", 4)
        """
        super().rate(cell, name, value, note)

    def _keep_rating(
        self, cell: Cell, name: str, value: Any, note: str | None, **how: bool
    ) -> None:
        batch, own = self._own[cell.id]
        batch._keep_rating(own, name, value, note, **how)
        self._changed()

    def score(self, name: str, function: Callable[[Turn], Any] | None) -> ScoreTable:
        """Score all answers, and keep the values with the batch that each is of.

        Args:
            name: The score's name.
            function: As for :meth:`Results.score`.

        Returns:
            The scores of the newest of them.

        >>> scores = dari.compare_batches(batch, batch).score("long", lambda t: len(t.text) > 99)
        >>> taken_back = batch.score("long", None)
        """
        made = super().score(name, function)
        self._changed()
        return made

    @property
    def _parts(self) -> list[Results]:
        parts = (part for run in self._runs for part in run.batch._parts)
        return list({id(part): part for part in parts}.values())

    def view(
        self,
        where: str = "",
        *,
        baseline: str | int | None = None,
        score: str = "",
        layout: AnyLayout = None,
    ) -> BatchMatrix:
        """Return the interactive matrix, what got worse since the oldest first.

        Args:
            where: As for :meth:`Results.view`.
            baseline: As for :func:`compare_batches`; ``""`` is none.
            score: As for :meth:`Results.view`.
            layout: As for :meth:`Results.view`.

        >>> "0 are worse, 0 better" in dari.compare_batches(batch, batch).view().against
        True
        """
        wanted = self.baseline if baseline is None else baseline
        wanted = self._baseline(wanted) if wanted else ""
        return super().view(where, baseline=wanted, score=score, layout=layout)

    def differences(self, score: str = "") -> pd.DataFrame:
        """Return what became of each column since the oldest, one row each.

        Args:
            score: What they are compared by, as for :meth:`view`.

        Returns:
            ``column`` and ``baseline``; how many tasks are ``regressions``, ``improvements``,
            ``alike`` and ``not_compared``, as :meth:`changes` says of each; how many cells of the
            column ``failed`` or are ``not_scored``, and of the baseline's, as ``baseline_failed``
            and ``baseline_not_scored``; ``tasks`` on which both have a score, and ``difference``,
            its mean over these alone, without what failed, with ``low`` and ``high``, NaN where
            there is no interval, its ``level`` and ``method``. With several rows each interval is
            wider, so that all of them hold together at 95 %.

        Raises:
            InvalidRequestError: There is no such score, or it is not on one scale in all runs.

        >>> compared = dari.compare_batches(batch, batch)
        >>> compared.differences("exact")[["tasks", "difference"]].values.tolist()
        [[2.0, 0.0], [2.0, 0.0]]
        """
        from .matrix.differences import differences_frame

        return differences_frame(*self._seen(score))

    def changes(self, score: str = "") -> pd.DataFrame:
        """Return what became of each task, one row for each column that is compared.

        Args:
            score: What is compared, as for :meth:`view`.

        Returns:
            ``task_index``, ``task``, ``column``, ``baseline``, ``change`` (``worse``, ``better``,
            ``alike``, ``not compared``), the means ``before`` and ``after`` of the scores there
            are, NaN without any, and ``lacking``, what these are without, such as ``"1 of 3
            failed, counted as 0"``; what got worse comes first. Of numbers of which nobody can say
            whether more is better, ``worse`` is no more than lower. By yes and no, and by shares,
            what failed counts as 0 and can only make a task worse: one that it does not make
            worse, or that failed in the baseline, is not compared. By other numbers it counts for
            nothing.

        Raises:
            InvalidRequestError: There is no such score, or it is not on one scale in all runs.

        >>> dari.compare_batches(batch, batch).changes("exact")["change"].unique().tolist()
        ['alike']
        """
        from .matrix.differences import changes_frame

        return changes_frame(*self._seen(score))

    def _seen(self, score: str) -> tuple[Matrix, Against]:
        from ...render.matrix.against import against_text, checked_score, scores_of
        from .matrix.means import compared_with

        matrix = self._snapshot()
        scores = [*scores_of(matrix), *matrix.unlike, "score"]
        by = checked_score(matrix, score or scores[0])
        seen = compared_with(matrix, self.baseline, by)
        if seen is None or not seen.bases:
            told = against_text(matrix, seen) if seen else "Nothing can be compared."
            bases = [old for olds in (seen.unclear.values() if seen else ()) for old in olds]
            known = [column.version_name for column in matrix.columns if column.id in bases]
            known = known or [self._alone(matrix.columns)[1]]
            how = f' In code: compare_batches(…, baseline="{known[0]}").' if any(known) else ""
            raise InvalidRequestError(f"{told}{how}", code="not_comparable")
        return matrix, seen

    def to_frame(self) -> pd.DataFrame:
        """Return one row a cell as :meth:`Results.to_frame`, each with the run that it is of.

        ``task`` is what was asked there, also where tasks have only their id in common.

        >>> dari.compare_batches(batch, batch).to_frame().shape[0]
        8
        """
        frame = super().to_frame()
        own = [self._own[cell.id] for cell in self.cells]
        asked = frame["task"].astype("object")
        asked[:] = [cell.task.label for _, cell in own]
        return frame.assign(
            run_id=[batch.run_id for batch, _ in own], task=asked.astype(frame["task"].dtype)
        )

    @contextlib.contextmanager
    def _listening(self, changed: Callable[[], object]) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for run in self._runs:
                stack.enter_context(run.batch._listening(changed))
            yield

    def _snapshot(self) -> Matrix:
        for run in self._runs:
            self._take(run)
        matrix = super()._snapshot()
        told = {
            self.grid.column_id(ours): partial(_with_run, run, own)
            for run in self._runs
            for own, ours in run.columns.items()
        }
        columns = [told[column.id](column) for column in matrix.columns]
        batches = [run.batch for run in self._runs]
        size = sizes_text({run.name: run.batch for run in self._runs})
        title = " and ".join(agents_of(batches))
        alone, other = self._alone(columns)
        notes = list(self.notes)
        if alone:
            is_it = ("is", "it") if len(alone) == 1 else ("are", "them")
            notes.append(
                f"{' and '.join(alone)} {is_it[0]} like no column of {self.baseline}: "
                f'compare_batches(…, baseline="{other}") compares {is_it[1]}'
            )
        return replace(matrix, title=title, columns=columns, notes=notes, size=size)

    def _alone(self, columns: Sequence[MatrixColumn]) -> tuple[list[str], str]:
        """Name the columns that the baseline has none for, and one that they can be compared with.

        Their names are empty where each has one.
        """
        from ...render.matrix.bases import edition_of, possible_bases

        possible = possible_bases(columns, self.baseline)
        alone = [column.label for column in columns if not possible.get(column.id, [column])]
        olds = [
            column.label for column in columns if self.baseline in (column.of, edition_of(column))
        ]
        return alone, olds[0].removeprefix(f"{self._runs[0].name} · ") if alone else ""

    @property
    def notes(self) -> list[str]:
        """What not all batches have or two share, and what was asked in other words, as texts."""
        from ...render import count_text

        words: dict[int, set[str]] = {}
        ids: dict[int, set[str]] = {}
        for run in self._runs:
            for task in run.batch.tasks:
                words.setdefault(run.rows[task.index], set()).add(task.label)
                ids.setdefault(run.rows[task.index], set()).add(id_of(task))
        told = self._only_in_some()
        if others := [task for task in self.tasks if len(words[task.index]) > 1]:
            told[f"{count_text(len(others), 'task')} with another text under the same id"] = others
        if others := [task for task in self.tasks if len(ids[task.index] - {""}) > 1]:
            told[f"{count_text(len(others), 'task')} with another id under the same text"] = others
        if unsure := [task for task in self.tasks if task.index in self._unsure]:
            one = len(unsure) == 1
            told[
                f"{count_text(len(unsure), 'task')} {'is' if one else 'are'} compared with none, "
                f"since others have the same text and nothing tells which is the same"
            ] = unsure
        named = distinguished([t for tasks in told.values() for t in tasks[:_MOST_NAMED]])
        tasks_told = [f"{said}: {_listed(tasks, named)}" for said, tasks in told.items()]
        return [*self._in_common(), *tasks_told]

    def _only_in_some(self) -> dict[str, list[Task]]:
        """Return the tasks that not all batches have, by what there is to say of them."""
        from ...render import count_text

        holders: dict[tuple[bool, tuple[str, ...]], list[Task]] = {}
        for task in self.tasks:
            names = tuple(run.name for run in self._runs if task.index in run.rows.values())
            if len(names) < len(self._runs) and task.index not in self._unsure:
                holders.setdefault((task.index in self._spaced, names), []).append(task)
        told = {}
        for (is_spaced, names), tasks in holders.items():
            differ = "differs from one" if len(tasks) == 1 else "differ from those"
            near = f", which {differ} elsewhere by white space alone" if is_spaced else ""
            told[f"{count_text(len(tasks), 'task')} only in {' and '.join(names)}{near}"] = tasks
        return told

    def _in_common(self) -> Iterator[str]:
        """Say which of them have answers in common, where no difference says anything."""
        from ...render import count_text

        for older, newer in combinations(self._runs, 2):
            olds, news = (
                {cell.session_id for cell in run.batch.cells if cell.session_id}
                for run in (older, newer)
            )
            if not (shared := olds & news):
                continue
            common = f"has {count_text(len(shared), 'answer')} in common with"
            what = "is the same run as" if olds == news else common
            yield (
                f"{newer.name} {what} {older.name}: where an answer is compared with itself "
                "nothing can differ, whatever the interval; compare another run"
            )

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as HTML, Markdown and plain text, what got worse since the oldest first."""
        from ...render.matrix.sifting.sifting import Wish
        from ...render.matrix.static import static_matrix
        from .matrix.means import compared_with

        matrix = self._snapshot()
        seen = compared_with(matrix, self.baseline)
        return static_matrix(matrix, Wish(baseline=self.baseline), seen)

    def _marks(self, cells: Sequence[Cell] | None = None) -> dict[str, Marks]:
        from .matrix.marks import Marks

        wanted = [cell.id for cell in (self.cells if cells is None else cells)]
        found = {name: Marks() for name in wanted}
        for run in self._runs:
            told = {name: self._own[name] for name in wanted if name in self._own}
            own = {name: cell for name, (batch, cell) in told.items() if batch is run.batch}
            marks = run.batch._marks(list(own.values()))
            found |= {name: marks[cell.id] for name, cell in own.items()}
        return found

    def _items(self, cell: Cell) -> list[TimelineItem]:
        batch, own = self._own[cell.id]
        return batch._items(own)

    def _session_of(self, session_id: str) -> Session:
        batch, _ = next(o for o in self._own.values() if o[1].session_id == session_id)
        return batch._session_of(session_id)

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def __repr__(self) -> str:
        return f"<ComparedBatches {', '.join(run.name for run in self._runs)}: {len(self)} cells>"


def compare_batches(
    old: Results, new: Results, *more: Results, baseline: str | int | None = None
) -> ComparedBatches:
    """Put batches of different days beside each other, the same tasks in one row.

    Tasks are the same when their text and what is expected of them are (the first there is of
    ``expected``, ``expectation``, ``answer`` and ``target`` in their metadata), or else the ``id``
    or ``task_id`` there. Those with different ids are not, nor those that differ in metadata which
    tell tasks of one text apart in either batch; metadata that all tasks share tell nothing. Where
    several may be the same, none is paired, and a line says so. Ids that were given anew, so that
    one stands at another text that is there under another id, do not count.

    The oldest is the baseline: what got worse since comes first, and the differences of each
    column to that of the same LLM and version are paired by task, with their interval. Where the
    oldest has other versions, several of one LLM, ``baseline`` says which of them counts. One LLM
    is not compared with another by itself, however few there are: a column whose LLM the oldest
    does not have is compared with none, and a line says so. ``baseline="small"`` compares all
    others with that column, and what is said names both.

    A score is compared where it is on one scale in all of them. Judges keep theirs; where it is not
    known, yes or no, numbers and words are told apart, and a line says so where shares of 1 may
    stand beside numbers of another scale.

    Args:
        old: The baseline.
        new: What is compared with it.
        *more: Further ones.
        baseline: What is compared with instead of the whole of the oldest: one of its versions, as
            ``"v2"`` or 2, one of its LLMs, as ``"small"``, or a column, as it is called.

    Raises:
        InvalidRequestError: These are no batches, or have no task in common; or there is no such
            baseline.

    >>> compared = dari.compare_batches(batch, batch)
    >>> compared.to_frame()["llm_id"].nunique()
    4
    """
    batches = (old, new, *more)
    for batch in batches:
        if not isinstance(batch, Results):
            raise InvalidRequestError(
                f"Batches are compared, not {type(batch).__name__}.", code="invalid_batch"
            )
    return ComparedBatches(batches, baseline)


def _columns(name: str, batch: Results, batches: Sequence[Results]) -> dict[Column, Column]:
    """Name the columns of a batch beside others: with versions, if the agent has several there.

    The agent's default alone needs no name where nobody has chosen an LLM.
    """
    agents = [other for other in batches if other.agent.id == batch.agent.id]
    if len({column.version for other in agents for column in other.columns}) < 2:
        told = batch.grid.names
    else:
        told = {column: _with_version(batch, column) for column in batch.columns}
    if len({*told.values()}) < len(told):
        told = {column: batch.grid.column_id(column) for column in batch.columns}
    has_llms = any(column.llm for other in batches for column in other.columns)
    if len(told) == 1 and set(told.values()) == {DEFAULT} and not has_llms:
        return {column: Column(name) for column in told}
    return {column: Column(f"{name} · {called}") for column, called in told.items()}


def _with_run(run: _Run, own: Column, column: MatrixColumn) -> MatrixColumn:
    """Say of a column of the whole which one it is in its run."""
    called = run.batch.grid.version_name(own.version)
    version_name = called if column.label.endswith(called) else ""
    return replace(column, llm=own.llm, version=own.version, version_name=version_name)


def _with_version(batch: Results, column: Column) -> str:
    llm = column.label if any(other.llm for other in batch.columns) else ""
    return " @ ".join(filter(None, [llm, batch.grid.version_name(column.version)])) or DEFAULT


def _listed(tasks: Sequence[Task], named: Mapping[int, str]) -> str:
    told = [named[task.index] for task in tasks[:_MOST_NAMED]]
    left = len(tasks) - len(told)
    return ", ".join(told) + (f" and {left} more" if left else "")
