"""What past runs of an agent tell of its scores, before more is asked of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from ....score_kinds import Kind, is_number, kind_of
from ..sending.finding import Found, found_in

if TYPE_CHECKING:
    from .... import models
    from ....scores import Score, ScoreBook
    from ....scores.book import Spot

_ByTask = dict[Hashable, list[float]]


class Counts(NamedTuple):
    """How many answers have a score, and how many have none, though one was to be given.

    Attributes:
        scored: Those that have it.
        lost: Those that could not be scored, and those that failed.
    """

    scored: int
    lost: int

    @property
    def share(self) -> float:
        """Which share has it; all of them where nothing is known."""
        return self.scored / self.all if self.all else 1.0

    @property
    def all(self) -> int:
        """How many there are."""
        return self.scored + self.lost


class PastScores(NamedTuple):
    """A score of a run.

    Attributes:
        run_id: The run.
        name: The score.
        kind: What its values are; ``None`` where there are none.
        columns: Its values by task, for each column.
        counts: How many have it, by LLM.
    """

    run_id: str
    name: str
    kind: Kind | None
    columns: Sequence[_ByTask]
    counts: Mapping[str | None, Counts]

    @property
    def total(self) -> Counts:
        """How many of all answers have it."""
        counts = self.counts.values()
        return Counts(sum(of.scored for of in counts), sum(of.lost for of in counts))

    def share(self, llm: str | None) -> float:
        """Return which share of an LLM's answers has it: of all where the run has none of it."""
        return self.counts.get(llm, self.total).share


class Past(NamedTuple):
    """What scores tell that are there already.

    Attributes:
        telling: The score that tells most of how values vary: of the run itself, or else of
            another one.
        counted: The score that tells how many answers get none: of the run itself if it has one.
        has_own: Whether the run itself has any scores.
        has_any: Whether any run has.
    """

    telling: PastScores | None = None
    counted: PastScores | None = None
    has_own: bool = False
    has_any: bool = False

    @property
    def untold(self) -> str:
        """Why values are not even taken to be 0 or 1; empty where they are, or where they vary."""
        if self.telling is not None or not self.has_any:
            return ""
        if self.counted is None:
            return "no score has a mean"
        is_number = self.counted.kind not in ("yes/no", None)
        return f"nothing tells yet how much {self.counted.name} varies" if is_number else ""


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
    counted = next(filter(None, (by_own, *mine, by_others, *others)), None)
    has_any = any(run_id in given for run_id in (own, *run_ids))
    return Past(telling, counted, own in given, has_any)


def _first_telling(found: Iterable[PastScores]) -> PastScores | None:
    from ....scores.power.variation import variation

    return next((past for past in found if variation(past.columns) is not None), None)


def _evidence(past: PastScores) -> tuple[int, int]:
    """How much a score tells: on how many tasks of how many columns, and by how many values."""
    values = [of for column in past.columns for of in column.values()]
    return len(values), sum(map(len, values))


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
    columns: dict[str, dict[Hashable, _ByTask]] = defaultdict(lambda: defaultdict(dict))
    scored: dict[str, set[Spot]] = defaultdict(set)
    values: dict[str, list[Any]] = defaultdict(list)
    tried: dict[str, set[Spot]] = defaultdict(set)
    for score in given:
        parts = score.value if isinstance(score.value, dict) else {"": score.value}
        for part, value in parts.items():
            name = f"{score.name}.{part}" if part else score.name
            values[name].append(value)
            if is_number(value):
                column = columns[name][score.llm_id, score.version_id]
                column.setdefault(score.task_index, []).append(float(value))
                scored[name].add(score.spot)
        if score.by == "function":
            tried[score.name].add(score.spot)
    found = []
    for name, of in values.items():
        if (kind := kind_of(of, name)) != "label":
            own = {*chain(*(t for n, t in tried.items() if f"{name}.".startswith(f"{n}.")))}
            counts = _counted(scored[name], (own | failed) - scored[name])
            found.append(PastScores(run_id, name, kind, [*columns[name].values()], counts))
    return found


def _counted(scored: Iterable[Spot], lost: Iterable[Spot]) -> dict[str | None, Counts]:
    """Count cells by their LLM."""
    found: dict[str | None, list[int]] = defaultdict(lambda: [0, 0])
    for place, spots in enumerate((scored, lost)):
        for _, llm, _, _ in spots:
            found[llm][place] += 1
    return {llm: Counts(*of) for llm, of in found.items()}
