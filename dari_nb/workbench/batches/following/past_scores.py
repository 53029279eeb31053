"""What past runs of an agent tell of its scores, before more is asked of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import chain, permutations
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from ....score_kinds import JUDGING, Kind, is_number, kind_of
from ..sending.finding import Found, found_in

if TYPE_CHECKING:
    from .... import models
    from ....scores import Score, ScoreBook
    from ....scores.book import Spot

_ByTask = dict[Hashable, list[float | None]]
_PARTS = 60


class Common(NamedTuple):
    """What a column and another one have of a score; nothing is lacking where nothing is known.

    Attributes:
        both: On how many tasks each of them has it.
        of: Of how many tasks.
        often: Which share of the answers to these has it: the mean that is right for variances.
        shares: Which share of its answers the first has it for, on how many tasks that the other
            one has it on, where the rest is 0 for it; ``often`` is of the other one then.
    """

    both: int = 1
    of: int = 1
    often: float = 1.0
    shares: tuple[tuple[float, int], ...] = ((1.0, 1),)

    @property
    def compared(self) -> int:
        """On how many tasks the other one has it."""
        return sum(tasks for _, tasks in self.shares)

    @property
    def kept(self) -> float:
        """Which share of its answers to these the first has it for."""
        return sum(share * tasks for share, tasks in self.shares) / max(1, self.compared)


class PastScores(NamedTuple):
    """A score of a run.

    Attributes:
        run_id: The run.
        name: The score.
        kind: What its values are; ``None`` where there are none.
        llms: The LLM of each column that has it, or was to have it.
        columns: Its values by task, for each of these; ``None`` of an answer that could not be
            scored, or that failed.
    """

    run_id: str
    name: str
    kind: Kind | None
    llms: Sequence[str | None]
    columns: Sequence[_ByTask]

    def tasks(self, llm: str | None) -> set[Hashable]:
        """Return the tasks that an LLM has it on: that any has, where the run has none of it."""
        of = [column for one, column in zip(self.llms, self.columns, strict=True) if one == llm]
        return {*chain(*map(_scored, of or self.columns))}

    def common(self, llm: str | None, other: str | None, *, zeros: bool) -> Common:
        """Return what the columns of two LLMs have in common, or else those that have the least.

        Args:
            llm: The one.
            other: The other.
            zeros: Whether what the one lost is 0 for it.
        """
        pairs = permutations(zip(self.llms, self.columns, strict=True), 2)
        asked = [(one, two) for (of, one), (to, two) in pairs if (of, to) == (llm, other)]
        able = list(filter(_scored, self.columns)) or self.columns
        found = asked or list(permutations(able, 2)) or [(of, of) for of in able]
        told = [_common(one, two, zeros=zeros) for one, two in found]
        return min(told, key=lambda past: (past.both / past.of, past.kept), default=Common())


def _scored(column: _ByTask) -> _ByTask:
    return {task: values for task, values in column.items() if {*values} != {None}}


def _common(one: _ByTask, other: _ByTask, *, zeros: bool) -> Common:
    both, of = _scored(one).keys() & _scored(other).keys(), len(one.keys() | other.keys())
    if not both:
        return Common(0, of, shares=())
    thinned = [other] if zeros else [one, other]
    often = 1 / fmean(1 / _share(column[task]) for task in both for column in thinned)
    if not zeros:
        return Common(len(both), of, often, ((1.0, len(both)),))
    shares = Counter(rounded(_share(one[task])) for task in _scored(other).keys() & one.keys())
    return Common(len(both), of, often, tuple(sorted(shares.items())))


def rounded(share: float) -> float:
    """Return a share as one of few: whole sixtieths, as all of up to six are."""
    return round(_PARTS * share) / _PARTS


def _share(values: Sequence[float | None]) -> float:
    return sum(value is not None for value in values) / len(values)


class Past(NamedTuple):
    """What scores tell that are there already.

    Attributes:
        telling: The score that tells most of how values vary: of the run itself, or else of
            another one.
        counted: The scores of the run that tells how many tasks get none, first the one that does;
            the run is the own one if it has any.
        has_own: Whether the run itself has any scores.
        has_any: Whether any run has.
    """

    telling: PastScores | None = None
    counted: Sequence[PastScores] = ()
    has_own: bool = False
    has_any: bool = False

    @property
    def has_zeros(self) -> bool:
        """Whether what the better column lost counts as 0: not of numbers."""
        return self.telling is None or self.telling.kind in JUDGING

    @property
    def untold(self) -> str:
        """Why values are not even taken to be 0 or 1; empty where they are, or where they vary."""
        if self.telling is not None or not self.has_any:
            return ""
        if not self.counted:
            return "no score has a mean"
        of = self.counted[0]
        if of.kind in ("yes/no", None):
            return ""
        from ....scores.power.variation import LEAST

        are_few = all(len(_scored(column)) < LEAST for column in of.columns)
        told = f"it takes {LEAST} tasks to tell" if are_few else "nothing tells yet"
        return f"{told} how much {of.name} varies"


def past_scores(book: ScoreBook, own: str, sessions: Iterable[models.Session]) -> Past:
    """Return what scores tell of a run, and else of the others of its agent.

    Args:
        book: Where scores are.
        own: The run itself.
        sessions: Those of the agent; the latest run counts where two tell as much.
    """
    latest = sorted(sessions, key=lambda session: session.created_at or "", reverse=True)
    run_ids = list(dict.fromkeys(filter(None, map(_run_of, latest))))
    given: dict[str, list[Score]] = defaultdict(list)
    for score in book.scores():
        if score.value is not None or score.by == "function":  # and no note alone
            given[score.run_id].append(score)
    failed = _failed(latest)

    def most(of: Iterable[str]) -> list[PastScores]:
        found = (_of_run(run, given[run], failed[run]) for run in of if run in given)
        return sorted(chain(*found), key=_evidence, reverse=True)

    mine, others = most([own]), most(run_id for run_id in run_ids if run_id != own)
    by_own, by_others = _first_telling(mine), _first_telling(others)
    telling = by_own or by_others
    first = next(filter(None, (by_own, *mine, by_others, *others)), None)
    counted = [of for of in (*mine, *others) if first and of.run_id == first.run_id]
    counted.sort(key=lambda of: of is not first)
    has_any = any(run_id in given for run_id in (own, *run_ids))
    return Past(telling, counted, own in given, has_any)


def _first_telling(found: Iterable[PastScores]) -> PastScores | None:
    from ....scores.power.variation import variation

    return next((past for past in found if variation(past.columns) is not None), None)


def _evidence(past: PastScores) -> tuple[int, int]:
    """How much a score tells: on how many tasks of how many columns, and by how many values."""
    values = [of for column in past.columns for of in _scored(column).values()]
    return len(values), sum(value is not None for value in chain(*values))


def _run_of(session: models.Session) -> str | None:
    run_id = (session.metadata or {}).get("managed_run_id")
    return run_id if isinstance(run_id, str) else None


def _failed(latest: Iterable[models.Session]) -> dict[str, set[Spot]]:
    """Return which cells of each run failed at their last attempt."""
    last: dict[tuple[str | None, Spot], Found] = {}
    for session in latest:
        if (entry := found_in(session)) is not None:
            spot = entry.task_index, entry.column.llm, entry.column.version, entry.repeat
            known = last.setdefault((_run_of(session), spot), entry)
            if entry.attempt.number > known.attempt.number:
                last[_run_of(session), spot] = entry
    found: dict[str, set[Spot]] = defaultdict(set)
    for (run_id, spot), entry in last.items():
        if run_id is not None and entry.attempt.state == "failed":
            found[run_id].add(spot)
    return found


def _of_run(run_id: str, given: Sequence[Score], failed: set[Spot]) -> list[PastScores]:
    """Return the scores of a run that have a mean, or no value at all."""
    values: dict[str, list[Any]] = defaultdict(list)
    scored: dict[str, list[tuple[Spot, float]]] = defaultdict(list)
    tried: dict[str, set[Spot]] = defaultdict(set)
    for score in given:
        parts = score.value if isinstance(score.value, dict) else {"": score.value}
        for part, value in parts.items():
            name = f"{score.name}.{part}" if part else score.name
            values[name].append(value)
            if is_number(value):
                scored[name].append((score.spot, float(value)))
        if score.by == "function":
            tried[score.name].add(score.spot)
    found = []
    for name, of in values.items():
        if (kind := kind_of(of, name)) != "label":
            own = chain(*(t for n, t in tried.items() if f"{name}.".startswith(f"{n}.")))
            lost = {*own, *failed} - {spot for spot, _ in scored[name]}
            columns: dict[tuple[str | None, str | None], _ByTask] = defaultdict(dict)
            for (task, llm, version, _), value in (*scored[name], *((spot, None) for spot in lost)):
                columns[llm, version].setdefault(task, []).append(value)
            llms = [llm for llm, _ in columns]
            found.append(PastScores(run_id, name, kind, llms, list(columns.values())))
    return found
