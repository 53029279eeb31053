"""What past runs of an agent tell of its scores, before more is asked of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ....score_kinds import is_number, kind_of

if TYPE_CHECKING:
    from .... import models
    from ....scores import Score, ScoreBook

_ByTask = dict[Hashable, list[float]]


class PastScores(NamedTuple):
    """A score of a run that tells how its values vary.

    Attributes:
        run_id: The run.
        name: The score.
        columns: Its values by task, for each column.
    """

    run_id: str
    name: str
    columns: list[_ByTask]


def past_runs(sessions: Iterable[models.Session]) -> list[str]:
    """Return the runs that sessions belong to, the latest first."""
    latest = sorted(sessions, key=lambda session: session.created_at or "", reverse=True)
    return list(dict.fromkeys(run_id for session in latest if (run_id := _run_of(session))))


def past_scores(book: ScoreBook, own: str, run_ids: Iterable[str]) -> PastScores | None:
    """Return the score that tells most of how values vary: of a run itself, or else of another.

    Args:
        book: Where scores are.
        own: The run itself.
        run_ids: The others, the latest first, which counts where two tell as much.
    """
    by_run: dict[str, list[Score]] = defaultdict(list)
    for score in book.scores():
        by_run[score.run_id].append(score)
    others = (run_id for run_id in run_ids if run_id != own)
    return _most(by_run, [own]) or _most(by_run, others)


def _most(by_run: Mapping[str, Sequence[Score]], run_ids: Iterable[str]) -> PastScores | None:
    from ....scores.power.variation import variation

    found = [
        PastScores(run_id, name, columns)
        for run_id in run_ids
        for name, columns in _by_name(by_run.get(run_id, ())).items()
    ]
    found.sort(key=_evidence, reverse=True)
    return next((past for past in found if variation(past.columns) is not None), None)


def _evidence(past: PastScores) -> tuple[int, int]:
    """How much a score tells: on how many tasks of how many columns, and by how many values."""
    values = [of for column in past.columns for of in column.values()]
    return len(values), sum(map(len, values))


def _run_of(session: models.Session) -> str | None:
    run_id = (session.metadata or {}).get("managed_run_id")
    return run_id if isinstance(run_id, str) else None


def _by_name(scores: Iterable[Score]) -> dict[str, list[_ByTask]]:
    """Return the values of each score that has a mean, by task of each column."""
    found: dict[str, dict[Hashable, _ByTask]] = defaultdict(lambda: defaultdict(dict))
    given: dict[str, list[Any]] = defaultdict(list)
    for score in scores:
        parts = score.value if isinstance(score.value, dict) else {"": score.value}
        for part, value in parts.items():
            name = f"{score.name}.{part}" if part else score.name
            given[name].append(value)
            if is_number(value):
                column = found[name][score.llm_id, score.version_id]
                column.setdefault(score.task_index, []).append(float(value))
    return {
        name: list(columns.values())
        for name, columns in found.items()
        if kind_of(given[name], name) != "label"
    }
