"""What past runs of an agent tell of its scores, before more is asked of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from ....score_kinds import is_number

if TYPE_CHECKING:
    from .... import models
    from ....client import AsyncClient
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


async def past_runs(client: AsyncClient, agent_id: str) -> list[str]:
    """Return the runs of an agent, the latest first."""
    sessions = await client.sessions.list(agent_id=agent_id)
    latest = sorted(sessions, key=lambda session: session.created_at or "", reverse=True)
    return list(dict.fromkeys(run_id for session in latest if (run_id := _run_of(session))))


def past_scores(book: ScoreBook, run_ids: Iterable[str]) -> PastScores | None:
    """Return the first score that tells how values vary, of the first run that has one."""
    from ....scores.power.variation import variation

    for run_id in run_ids:
        for name, columns in _by_name(book.scores(run_id)).items():
            if variation(columns) is not None:
                return PastScores(run_id, name, columns)
    return None


def _run_of(session: models.Session) -> str | None:
    run_id = (session.metadata or {}).get("managed_run_id")
    return run_id if isinstance(run_id, str) else None


def _by_name(scores: Iterable[Score]) -> dict[str, list[_ByTask]]:
    found: dict[str, dict[Hashable, _ByTask]] = defaultdict(lambda: defaultdict(dict))
    for score in scores:
        parts = score.value if isinstance(score.value, dict) else {"": score.value}
        for part, value in parts.items():
            if is_number(value):
                name = f"{score.name}.{part}" if part else score.name
                column = found[name][score.llm_id, score.version_id]
                column.setdefault(score.task_index, []).append(float(value))
    return {name: list(columns.values()) for name, columns in found.items()}
