"""One row a thing of a list: an agent, a version, a run, and whatever is told in texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ..models import Agent, AgentVersion
from .kinds import BOOLEAN, INTEGER, NAME, TEXT, TIME, texts
from .tables import Table, by_row


def text_frame(columns: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Make a frame of texts, each column a ``string``.

    Args:
        columns: Texts by the column's name, as many in each.

    >>> dari.frames.text_frame({"path": ["a.md"]})["path"].dtype.name
    'string'
    """
    return pd.DataFrame({name: texts(list(column)) for name, column in columns.items()})


def versions_frame(versions: Iterable[tuple[int | None, AgentVersion]]) -> pd.DataFrame:
    """Make a frame of versions with their numbers, as far as these are known.

    Args:
        versions: Numbers and versions.

    >>> from dari_nb.models import AgentVersion
    >>> dari.frames.versions_frame([(1, AgentVersion(id="ver_1"))])["number"].tolist()
    [1]
    """
    return VERSIONS.frame(versions)


def _agent_row(agent: Agent) -> tuple[Any, ...]:
    return (agent.id, agent.name, agent.active_version_id, agent.created_at)


def _version_row(numbered: tuple[int | None, AgentVersion]) -> tuple[Any, ...]:
    number, version = numbered
    is_active, created = version.is_active, version.created_at
    return (version.id, number, version.agent_id, is_active, version.size_bytes, created)


AGENTS: Table[Agent] = Table(
    {"agent_id": TEXT, "name": TEXT, "active_version_id": TEXT, "created_at": TIME},
    by_row(_agent_row),
)
"""The columns of a list of agents."""

VERSIONS: Table[tuple[int | None, AgentVersion]] = Table(
    {
        "version_id": TEXT,
        "number": INTEGER,
        "agent_id": TEXT,
        "is_active": BOOLEAN,
        "size_bytes": INTEGER,
        "created_at": TIME,
    },
    by_row(_version_row),
)
"""The columns of a list of versions."""

RUNS: Table[Any] = Table(
    {"run_id": TEXT, "agent_name": NAME, "sessions": INTEGER, "created_at": TIME},
    by_row(lambda run: (run.run_id, run.agent_name, run.sessions, run.created_at)),
)
"""The columns of a list of runs."""

ANSWERS: Table[Any] = Table(
    {
        "session": TEXT,
        "turn": TEXT,
        "mark": TEXT,
        "ask": TEXT,
        "answer": TEXT,
        "answered_at": TIME,
        "name": TEXT,
        "file": TEXT,
        "asked_as": TEXT,
    },
    by_row(lambda asked: _answer_row(*asked)),
)
"""The columns of what readers expected at the questions of a tape."""


def _answer_row(
    turn: Any, mark: Any, score: Any, asked_as: str | None, file: str | None
) -> tuple[Any, ...]:
    line, given = turn.line, (score.value, score.at) if score else (None, None)
    name = getattr(score, "reader", None)
    name_of_mark = mark.mark if score else None
    return (line.session, line.turn, name_of_mark, mark.ask, *given, name, file, asked_as)
