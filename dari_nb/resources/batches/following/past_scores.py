"""The scores of past runs of an agent, read before more is asked of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from ....score_kinds import is_number, measure_of
from ..cells import Column
from ..sending.finding import Found, found_in
from .common import ANSWERED, FAILED, ByTask, scored_tasks
from .precedents import Past, PastScores, are_versions, standing_for

if TYPE_CHECKING:
    from .... import models
    from ....scores import Score, ScoreBook
    from ....scores.book import Spot


def past_scores(
    book: ScoreBook, own: str, columns: Collection[Column], sessions: Iterable[models.Session]
) -> Past:
    """Return what scores tell of a run, and else of the others of its agent.

    Of another run those columns tell that are compared here, if it has scores of two or more, and
    such runs come first, those of the most of these LLMs before others; else all of them stand in.
    So does all of the run itself as long as none of its columns has a score.

    Args:
        book: Where scores are.
        own: The run itself.
        columns: What is compared.
        sessions: Those of the agent; the latest run counts where two tell as much.
    """
    latest = sorted(sessions, key=lambda session: session.created_at or "", reverse=True)
    run_ids = list(dict.fromkeys(filter(None, map(run_of, latest))))
    given: dict[str, list[Score]] = defaultdict(list)
    for score in book.scores():
        if score.value is not None or score.by == "function":  # and no note alone
            given[score.run_id].append(score)
    ended = _ended(latest)
    found = _of_run(own, given[own], ended[own], columns, columns)
    measures = {past.name: past.measure for past in found}
    others = (
        past
        for run in run_ids
        if run != own or not found
        for past in _of_other(run, given[run], ended[run], columns)
        if not are_versions(columns) or past.same == len(columns)
    )
    mine = _by_evidence(found)
    theirs = [of for of in _by_evidence(others) if of.may_be_like(measures.get(of.name))]
    by_own, by_others = _first_telling(mine), _first_telling(theirs)
    first = next(filter(None, (by_own, *mine, by_others, *theirs)), None)
    counted = [of for of in (*mine, *theirs) if first and of.run_id == first.run_id]
    counted.sort(key=lambda of: of is not first)
    has_any = any(given[run_id] for run_id in (own, *run_ids))
    latest_first = {run_id: ended[run_id] for run_id in run_ids if run_id != own}
    tried = _on_one_scale(first, (*mine, *theirs)) if first else []
    failed = _failed(columns, latest_first)
    past = Past((), counted, tried, bool(found), has_any, (), (), failed, are_versions(columns))
    if (best := by_own or by_others) is None:
        return past
    same = [of for of in (*mine, *theirs) if of.name == best.name and of is not best]
    apart = [of for of in same if not of.may_be_like(best.measure)]
    far = [of for of in same if of.measure.is_far_from(best.measure)]
    telling = _on_one_scale(best, same)
    untold = {column.llm for column in columns}.difference(of.llm for of in best.enough)

    def unused(found: Iterable[PastScores]) -> list[str]:
        return [
            of.run_id for of in found if untold.intersection(of.llms) or not (by_own or of.stand_in)
        ]

    return past._replace(telling=telling, apart=unused(apart), far=unused(far))


def _on_one_scale(best: PastScores, found: Iterable[PastScores]) -> list[PastScores]:
    """Return a score, and what others of its name may be on its scale."""
    same = (of for of in found if of.name == best.name and of is not best)
    near = (of for of in same if of.may_be_like(best.measure))
    return [best, *(of for of in near if not of.measure.is_far_from(best.measure))]


def _failed(
    columns: Collection[Column], ended: Mapping[str, Mapping[Spot, str]]
) -> Mapping[Column, tuple[int, int, str]]:
    """Return how many cells of which columns failed in the first run that has any, and of how many.

    Cells of other versions count where no run has any of the column itself.
    """
    found = {}
    for column in columns:
        there = [
            (own, run_id, [state for spot, state in of.items() if _column_of(spot) == own])
            for run_id, of in ended.items()
            for own in standing_for(column, {*map(_column_of, of)})
        ]
        _, run_id, states = min(there, key=lambda of: of[0] != column, default=(column, "", []))
        if failed := states.count("failed"):
            found[column] = failed, len(states), run_id
    return found


def _of_other(
    run_id: str, given: Sequence[Score], ended: Mapping[Spot, str], compared: Collection[Column]
) -> list[PastScores]:
    """Return the scores of another run: of the columns that are compared, or all in their place."""
    scored = {_column_of(score.spot) for score in given}
    there = scored.union(map(_column_of, ended))
    same = {one for column in compared for one in standing_for(column, there)}
    is_of_two = len(same & scored) > 1
    llms = {column.llm for column in same}
    others = {column for column in there if column.llm not in llms}
    found = _of_run(run_id, given, ended, compared, same if is_of_two else same | others)
    return found if is_of_two else [replace(past, stand_in=True) for past in found]


def _column_of(spot: Spot) -> Column:
    _, llm, version, _ = spot
    return Column(llm, version)


def _by_evidence(found: Iterable[PastScores]) -> list[PastScores]:
    """Return those that have a mean, or no value at all, first what tells most."""
    return sorted((of for of in found if of.kind != "label"), key=_evidence, reverse=True)


def _first_telling(found: Iterable[PastScores]) -> PastScores | None:
    from ....scores.power.variation import variation

    return next((past for past in found if variation([*past.values.values()]) is not None), None)


def _evidence(past: PastScores) -> tuple[int, int, int, int]:
    """How much a score tells.

    That is of how many LLMs, and of these in the same version, on how many tasks, and by how many
    values.
    """
    values = [of for column in past.columns.values() for of in scored_tasks(column).values()]
    same = past.same if past.tells_of else 0
    return past.tells_of, same, len(values), sum(map(is_number, chain(*values)))


def run_of(session: models.Session) -> str | None:
    """Return the run that a session belongs to."""
    run_id = (session.metadata or {}).get("managed_run_id")
    return run_id if isinstance(run_id, str) else None


def _ended(latest: Iterable[models.Session]) -> dict[str, dict[Spot, str]]:
    """Return which cells of each run have ended with their last attempt, and how."""
    last: dict[tuple[str | None, Spot], Found] = {}
    for session in latest:
        if (entry := found_in(session)) is not None:
            spot = entry.task_index, entry.column.llm, entry.column.version, entry.repeat
            known = last.setdefault((run_of(session), spot), entry)
            if entry.attempt.number > known.attempt.number:
                last[run_of(session), spot] = entry
    found: dict[str, dict[Spot, str]] = defaultdict(dict)
    for (run_id, spot), entry in last.items():
        if run_id is not None and entry.attempt.has_ended:
            found[run_id][spot] = entry.attempt.state
    return found


def _of_run(
    run_id: str,
    given: Sequence[Score],
    ended: Mapping[Spot, str],
    compared: Collection[Column],
    telling: Collection[Column],
) -> list[PastScores]:
    """Return the scores of a run, as far as some of its columns tell of those that are compared."""
    there = {spot: state for spot, state in ended.items() if _column_of(spot) in telling}
    failed = {spot for spot, state in there.items() if state == "failed"}
    values: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
    scored: dict[str, list[tuple[Spot, float]]] = defaultdict(list)
    tried: dict[str, set[Spot]] = defaultdict(set)
    for score in given:
        if _column_of(score.spot) not in telling:
            continue
        parts = score.value if isinstance(score.value, dict) else {"": score.value}
        for part, value in parts.items():
            name = f"{score.name}.{part}" if part else score.name
            values[name].append((value, None if part else score.scale))
            if is_number(value):
                scored[name].append((score.spot, float(value)))
        if score.by == "function":
            tried[score.name].add(score.spot)
    found = []
    for name, of in values.items():
        own = {*chain(*(t for n, t in tried.items() if f"{name}.".startswith(f"{n}.")))}
        told = {spot for spot, _ in scored[name]}
        answered = {spot for spot, state in there.items() if state == "completed"} - own - told
        to_score = {*map(_column_of, answered)} - {*map(_column_of, own | told)}
        lost = failed.union(own) - told
        # Where none failed they tell nothing, and where some could not be scored they may not be.
        open_ = answered if failed and not lost - failed else set()
        columns: dict[Column, ByTask] = defaultdict(dict)
        without = (
            *((spot, FAILED if spot in failed else None) for spot in lost),
            *((spot, ANSWERED) for spot in open_),
        )
        for spot, value in (*scored[name], *without):
            if (column := _column_of(spot)) not in to_score:
                columns[column].setdefault(spot[0], []).append(value)
        same = sum(
            column in compared and bool(scored_tasks(of_it)) for column, of_it in columns.items()
        )
        found.append(PastScores(run_id, name, measure_of(name, of), dict(columns), same=same))
    return found
