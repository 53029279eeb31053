"""A matrix seen from one of its columns: on which tasks others got worse, better, or neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from ...errors import InvalidRequestError
from ...score_kinds import JUDGING
from ..plain.visible import visible_name
from ..plain.words import count_text
from .bases import bases_of, edition_of, possible_bases
from .better import interval_text, level_text, together_text, turned_text
from .lacking import failures, measured, unlike
from .matrix import Gap, Matrix
from .outcomes import PLAIN, Change, Outcome, change_of, is_worse_by_failing, outcomes_of
from .parts import Part, html_of, listed, score_part, text_of, without_buttons
from .wording import method_text

ORDER: tuple[Change, ...] = ("worse", "better", "alike", "none")
_SIGNS: Mapping[Change, str] = {
    "worse": "\N{BLACK DOWN-POINTING TRIANGLE}",
    "better": "\N{BLACK UP-POINTING TRIANGLE}",
}
_MOST_SAID = 100  # characters of a name that is not there


@dataclass(frozen=True)
class Against:
    """What came of each task in comparison with a baseline, by one score.

    Attributes:
        name: What the baseline is called.
        score: The score's name.
        bases: The column that each other one is compared with, by id.
        cells: What became of a task in a column, by their ids, as :func:`change_of` says; what
            is not compared is not there.
        rows: What a task is sorted by: ``worse`` if it got worse in any column.
        gaps: By how much columns are above theirs on the same tasks, by id; empty where nobody
            has estimated it.
        level: Coverage of each of these intervals, so that all of them hold together at 95 %.
        unclear: The columns that one might be compared with, of which none was chosen, by id.
        alone: Columns of runs that nothing is compared with.
        failing: The tasks that got worse in a column only by what failed, by their ids.
        knows_better: Whether more is better; else what got worse and better is lower and higher.
    """

    name: str
    score: str
    bases: Mapping[str, str]
    cells: Mapping[tuple[str, str], Change]
    rows: Mapping[str, Change]
    gaps: Mapping[str, Gap] = field(default_factory=dict)
    level: float = 0.95
    unclear: Mapping[str, Sequence[str]] = field(default_factory=dict)
    alone: Sequence[str] = ()
    failing: Collection[tuple[str, str]] = ()
    knows_better: bool = True

    @cached_property
    def counts(self) -> dict[Change, int]:
        """How often a task in a column got worse, better, neither, or cannot be compared.

        Seen from the other side, worse and better change places.
        """
        found = Counter(self.of(row, column) for row in self.rows for column in self.bases)
        return {change: found[change] for change in ORDER}

    def of(self, row: str, column: str) -> Change | None:
        """Say what became of a task in a column; ``None`` in one that others are compared with."""
        return self.cells.get((row, column), "none") if column in self.bases else None

    def word(self, change: Change) -> str:
        """Say what became of a task."""
        return change if self.knows_better else PLAIN.get(change, change)

    def mark(self, row: str, column: str) -> str:
        """Return the mark of a task that got worse or better in a column; empty where neither."""
        change = self.cells.get((row, column), "none")
        return f"{_SIGNS[change]} {self.word(change)}" if change in _SIGNS else ""


def scores_of(matrix: Matrix) -> list[str]:
    """Name the scores that columns can be compared by: those of all runs, and that judge, first."""
    kinds = {name: kind for name, kind in matrix.kinds.items() if kind != "label"}
    most = max(map(len, matrix.measures.values()), default=0)
    lacking = {name for name, by_run in matrix.measures.items() if len(by_run) < most}
    return sorted(kinds, key=lambda name: (name in lacking, kinds[name] not in JUDGING))


def checked_score(matrix: Matrix, wanted: str) -> str:
    """Return a score's name if columns can be compared by it.

    Raises:
        InvalidRequestError: They cannot; the text names those by which they can.
    """
    known = scores_of(matrix)
    if wanted not in known:
        there = f"there is: {visible_name(', '.join(known))}" if known else "no score is a number"
        if wanted in matrix.unlike:
            there = "".join(map(text_of, unlike(matrix, wanted))).removesuffix(".")
        raise InvalidRequestError(
            f"Nothing can be compared by {wanted[:_MOST_SAID]!r}; {there}.", code="score_not_found"
        )
    return wanted


def seen_against(matrix: Matrix, baseline: str, score: str = "") -> Against | None:
    """Compare each task with the baseline; ``None`` without a baseline, or a score to compare by.

    Args:
        matrix: The matrix.
        baseline: Id of a column, or the name of a run; see :func:`bases_of`.
        score: The score's name; the first that judges when left out, or else that is a number.
    """
    known = scores_of(matrix)
    by = score if score in known else next(iter(known), "")
    bases = bases_of(matrix.columns, baseline) if baseline else {}
    possible = {
        column: [base.id for base in olds]
        for column, olds in (possible_bases(matrix.columns, baseline) if baseline else {}).items()
    }
    if not by or not (bases or possible):
        return None
    labels = {column.id: column.label for column in matrix.columns}
    outcomes, nothing = outcomes_of(matrix, by), Outcome()
    pairs = {
        (row.id, column): (
            outcomes.get((row.id, column), nothing),
            outcomes.get((row.id, base), nothing),
        )
        for row in matrix.rows
        for column, base in bases.items()
    }
    changes = {place: change_of(*pair) for place, pair in pairs.items()}
    cells = {place: change for place, change in changes.items() if change != "none"}
    found: dict[str, set[Change]] = {}
    for (row_id, _), change in cells.items():
        found.setdefault(row_id, set()).add(change)
    rows = {
        row.id: next((c for c in ORDER if c in found.get(row.id, ())), ORDER[-1])
        for row in matrix.rows
    }
    failing = [place for place, pair in pairs.items() if is_worse_by_failing(*pair)]
    name, knows_better = labels.get(baseline, baseline), matrix.knows_better(by)
    seen = Against(name, by, bases, cells, rows, failing=failing, knows_better=knows_better)
    if not possible:
        return seen
    unclear = {column: olds for column, olds in possible.items() if len(olds) > 1}
    told = {*bases, *bases.values(), *unclear, *chain(*unclear.values())}
    alone = [column.id for column in matrix.columns if column.id not in told]
    return replace(seen, unclear=unclear, alone=alone)


def against_html(matrix: Matrix, seen: Against, *, live: bool = False) -> str:
    """Render what came of the tasks; live, each count is a button that chooses its tasks."""
    parts = "".join(html_of(part) for part in against_parts(matrix, seen))
    html = f'<p class="dari-finding dari-against">{parts}</p>'
    return html if live else without_buttons(html)


def against_text(matrix: Matrix, seen: Against) -> str:
    """Say what came of the tasks as plain text."""
    return "".join(text_of(part) for part in against_parts(matrix, seen))


def against_parts(matrix: Matrix, seen: Against) -> Iterator[Part]:
    """Say how often tasks got worse and better, and what the intervals support of all.

    Example: ``Of 20 tasks, 3 are worse, 5 better, 12 alike against small on “right”.``
    """
    yield from _changed(matrix, seen) if seen.bases else [Part("Nothing is compared with ")]
    yield Part(seen.name, "b")
    yield Part(" on ")
    yield score_part(seen.score)
    absent = len(_absent(matrix, seen))
    yield Part(f"; {absent} {'was' if absent == 1 else 'were'} not run" if absent else "")
    yield from _other_columns(matrix, seen)
    yield from failures(matrix, dict.fromkeys([*seen.bases.values(), *seen.bases]), seen.score)
    yield from _doubtful(matrix, seen)
    yield Part(".")
    yield from _left_out(matrix, seen)
    if seen.gaps:
        yield Part(" ")
        yield from _gaps(matrix, seen)


def _changed(matrix: Matrix, seen: Against) -> Iterator[Part]:
    """Say how often tasks got worse, better or neither."""
    columns = len(seen.bases)
    size = f" \N{MULTIPLICATION SIGN} {columns} columns" if columns > 1 else ""
    yield Part(f"Of {count_text(len(seen.rows), 'task')}{size}, ")
    counts = {**seen.counts, "none": seen.counts["none"] - len(_absent(matrix, seen))}
    words = {change: seen.word(change) for change in counts}
    words["none"] = f"not compared{_why_not(matrix, seen, counts['none'])}"
    told = [change for change, n in counts.items() if n or change != "none"]
    for place, change in enumerate(told):
        n = counts[change]
        verb = "" if place else " is" if n == 1 else " are"
        yield Part(", " if place else "")
        where = f"change = {seen.word(change)}" if n else ""
        yield Part(f"{n:,}{verb} {words[change]}", where=where)
    yield Part(" against ")


def _why_not(matrix: Matrix, seen: Against, left: int) -> str:
    """Say of how many tasks that are not compared the baseline has nothing."""
    there = {(cell.row, cell.column) for cell in matrix.cells}
    new = sum(
        (row, column) in there and (row, base) not in there
        for row in seen.rows
        for column, base in seen.bases.items()
    )
    if not new:
        return ""
    return f" ({'' if new == left else f'{new} of them '}not in {visible_name(seen.name)})"


def _absent(matrix: Matrix, seen: Against) -> list[tuple[str, str]]:
    """Find the tasks that a column does not have."""
    there = {(cell.row, cell.column) for cell in matrix.cells}
    places = [(row, column) for row in seen.rows for column in seen.bases]
    return [place for place in places if place not in there]


def _other_columns(matrix: Matrix, seen: Against) -> Iterator[Part]:
    """Name the columns of runs that are compared with another LLM or version."""
    columns = {column.id: column for column in matrix.columns}
    pairs = [(columns[column], columns[base]) for column, base in seen.bases.items()]
    unlike = [
        (one, other)
        for one, other in pairs
        if one.of and (one.llm, one.version_name) != (other.llm, other.version_name)
    ]
    for place, (one, other) in enumerate(unlike):
        yield Part("; " if place else ": ")
        yield from (Part(one.label, "b"), Part(" against "), Part(other.label, "b"))


def _doubtful(matrix: Matrix, seen: Against) -> Iterator[Part]:
    """Name the runs in which a score does not look as if it were on one scale."""
    runs, by_run = {c.id: c.of for c in matrix.columns}, matrix.measures.get(seen.score, {})
    for pair in dict.fromkeys((runs[base], runs[column]) for column, base in seen.bases.items()):
        told = {run: by_run[run] for run in pair if run in by_run}
        if len(told) == 2 and not told[pair[0]].may_be_like(told[pair[1]]):
            yield Part("; this says nothing unless both are on one scale: ")
            yield from measured(told)


def _left_out(matrix: Matrix, seen: Against) -> Iterator[Part]:
    """Name the columns that are not compared, and what there is to choose."""
    columns = {column.id: column for column in matrix.columns}
    left: dict[str, list[str]] = {}
    for column, olds in seen.unclear.items():
        editions = " or ".join(f"“{edition_of(columns[old])}”" for old in olds)
        why = f", since there is more than one version: choose {editions} as the baseline"
        left.setdefault(why, []).append(column)
    if seen.alone:
        left[""] = list(seen.alone)
    for why, ones in left.items():
        yield Part(" ")
        yield from listed([[Part(columns[one].label, "b")] for one in ones], most=len(ones))
        yield Part(f" {'is' if len(ones) == 1 else 'are'} not compared{why}.")


def mark_html(mark: str) -> str:
    """Render the mark of a cell, without a tint of what is only lower; empty without one."""
    look = {"worse": "dari-no", "better": "dari-yes"}.get(mark.rpartition(" ")[2], "")
    tint = f' class="{look}"' if look else ""
    return f" <small{tint}>{mark}</small>" if mark else ""


def _gaps(matrix: Matrix, seen: Against) -> Iterator[Part]:
    labels = {column.id: column.label for column in matrix.columns}
    is_count = matrix.kinds[seen.score] == "yes/no"
    less, more = ("did worse", "did better") if is_count else ("is lower", "is higher")
    which = f"which is {'better' if is_count else 'higher'}"
    sayings = {
        less: [one for one, gap in seen.gaps.items() if gap.high < 0 and not gap.turns],
        more: [one for one, gap in seen.gaps.items() if gap.is_settled],
    }
    settled = [one for ones in sayings.values() for one in ones]
    turning = {one: gap.turns for one, gap in seen.gaps.items() if gap.turns}
    unsure = [one for one in seen.gaps if one not in settled and one not in turning]
    clauses = [
        [Part(labels[one], "b"), Part(f" {saying}{_counted(seen, one)}")]
        for saying, found in sayings.items()
        for one in found
    ]
    if turning:
        names = [[Part(labels[one], "b")] for one in turning] if len(seen.gaps) > 1 else []
        those = [Part(" for "), *listed(names)] if names else []
        left = f"{turned_text({*chain(*turning.values())}, is_count=is_count)} {which}"
        clauses.append([Part(left if clauses else left.capitalize()), *those])
    for tasks, ones in _by_tasks(seen, unsure):
        does = "does" if tasks == 1 else "do"
        names = [[Part(labels[one], "b")] for one in ones] if len(seen.gaps) > 1 else []
        rest = [Part(" for "), *listed(names)] if names else []
        unsettled = f"{count_text(tasks, 'task')} {does} not settle {which}"
        clauses.append([Part(unsettled), *rest])
    for place, clause in enumerate(clauses):
        yield Part("; " if place else "")
        yield from clause
    several = len(seen.gaps) > 1
    judged = sum(gap.has_interval for gap in seen.gaps.values())
    level = "" if judged > 1 else f"{level_text(seen.level)} "
    told = [
        f"{labels[one] + ' ' if several else ''}{interval_text(gap, level)}"
        for one, gap in seen.gaps.items()
    ]
    if judged > 1:
        told.append(together_text(seen.level, judged))
    methods = dict.fromkeys(method_text(g.method) for g in seen.gaps.values() if g.method != "none")
    how = ", ".join(["paired by task", *methods])
    yield Part(f" (difference {'; '.join([*told, how])})", "small")
    yield Part(".")


def _by_tasks(seen: Against, columns: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Put columns together that are compared on as many tasks."""
    found: dict[int, list[str]] = {}
    for column in columns:
        found.setdefault(seen.gaps[column].tasks, []).append(column)
    return list(found.items())


def _counted(seen: Against, column: str) -> str:
    """Say on how many tasks a column is better and worse, unless that was said: of one, on all."""
    found = Counter(change for (_, of), change in seen.cells.items() if of == column)
    failing = sum(of == column for _, of in seen.failing)
    if len(seen.bases) == 1 and found.total() == len(seen.rows) and not failing:
        return ""
    tasks = count_text(found.total(), "task")
    only = f", {failing} of these only because cells failed" if failing else ""
    higher, lower = (f"{seen.word(change)} on {found[change]}" for change in ("better", "worse"))
    return f" ({higher} of {tasks}, {lower}{only})"
