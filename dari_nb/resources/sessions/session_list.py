"""A list of sessions: found by words, shown by what was asked first, a run as one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import DariError
from ...models.batches import given_metadata, run_id_in
from ...models.events import CANCELLED
from ...models.times import Since, parse_time, since_time
from ..listing import SHOWN, Listing
from .summaries import LOOKED_THROUGH, SessionSummaries, SessionSummary

if TYPE_CHECKING:
    import pandas as pd

    from ...render.page.session_lines import SessionLine
    from .session import Session

IN_MEMORY = (
    "this local Dari keeps sessions in memory, until the kernel ends; in a file: "
    '%dari connect local --path FILE, or connect("local", path=…)'
)
"""What may be the cause where nothing is found."""

_DIGITS = 10
_MOST_COSTS = 200
"""Sessions of shown lines whose costs are asked for; what is beyond them stays unknown."""


class SessionList(Listing["Session"]):
    """Sessions, the newest first; shown, it tells what was asked first, and a run in one line.

    Attributes:
        notes: What is said below it.

    >>> sessions = d.sessions.list(agent="calculator")
    >>> sessions[0].agent_name
    'calculator'
    """

    def __init__(
        self,
        sessions: Sequence[Session],
        summaries: SessionSummaries,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(sessions, {}, names=lambda session: (session.id, session.name))
        self._summaries = summaries
        self.notes = list(notes)

    def to_frame(self) -> pd.DataFrame:
        """Return it as a DataFrame, one row a session.

        The columns are those of :func:`dari_nb.sessions_frame`, with ``agent``, ``first_message``,
        ``turns`` and ``cost_usd``. These are missing where they are not known, and behind the first
        1,000 sessions.

        >>> d.sessions.list(agent="calculator").to_frame()["agent"].iloc[0]
        'calculator'
        """
        from ...frames import listed_sessions_frame

        asked = self[:LOOKED_THROUGH]
        summaries = self._summaries.of([session.resource for session in asked])
        costs = self._summaries.costs([session.id for session in asked])
        beyond = [SessionSummary()] * (len(self) - len(asked))
        return listed_sessions_frame(
            [session.resource for session in self],
            agents=[session.agent_name for session in self],
            first_messages=[summary.words for summary in (*summaries, *beyond)],
            turns=[summary.turns for summary in (*summaries, *beyond)],
            costs=[costs.get(session.id) for session in self],
        )

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as HTML, Markdown and plain text."""
        from ...render import count_text
        from ...render.page.session_lines import session_lines

        groups = list(by_run(self).values())
        more = len(groups) - SHOWN
        left_out = [f"… {count_text(more, 'more line')} not shown"] if more > 0 else []
        return session_lines(self._lines(groups[:SHOWN]), [*left_out, *self.notes])

    @property
    def first_alone(self) -> Session | None:
        """The first session that is shown on a line of its own; those of runs are not."""
        shown = list(by_run(self).items())[:SHOWN]
        return next((group[0] for key, group in shown if key == group[0].id), None)

    def _lines(self, groups: Sequence[Sequence[Session]]) -> list[SessionLine]:
        firsts = [_first(group) for group in groups]
        try:
            summaries = self._summaries.of([session.resource for session in firsts])
        except DariError:
            summaries = [SessionSummary()] * len(firsts)
        costs = self._costs(groups)
        return [
            _line(group, summary, costs) for group, summary in zip(groups, summaries, strict=True)
        ]

    def _costs(self, groups: Sequence[Sequence[Session]]) -> dict[str, Decimal | None]:
        ids: list[str] = []
        for group in groups:
            if len(ids) + len(group) <= _MOST_COSTS:
                ids += [session.id for session in group]
        return self._summaries.costs(ids)

    def _like(self, rows: Sequence[Session]) -> SessionList:
        return SessionList(rows, self._summaries, self.notes)


def by_run(sessions: Iterable[Session]) -> dict[str, list[Session]]:
    """Put the sessions of a run together, where the first of them stands.

    The keys are ``run:NAME``, and the ids of sessions that belong to none.
    """
    groups: dict[str, list[Session]] = {}
    for session in sessions:
        run_id = run_id_in(session.resource.metadata)
        groups.setdefault(session.id if run_id is None else f"run:{run_id}", []).append(session)
    return groups


def total_cost(costs: Iterable[Decimal | None]) -> Decimal | None:
    """Add costs up; unknown when one of them is, or when there is none."""
    told = list(costs)
    known = [cost for cost in told if cost is not None]
    return sum(known, Decimal()) if known and len(known) == len(told) else None


def newest_first(sessions: Sequence[models.Session]) -> list[models.Session]:
    """Sort sessions by when they were made; those without a time come last."""
    # Servers list the oldest first as far as is known, so of equal times the last is the newest.
    timed = [(parse_time(session.created_at), session) for session in reversed(sessions)]
    known = [(time, session) for time, session in timed if time is not None]
    known.sort(key=lambda pair: pair[0], reverse=True)
    return [s for _, s in known] + [s for time, s in timed if time is None]


def made_since(sessions: Sequence[models.Session], since: Since) -> list[models.Session]:
    """Keep the sessions that were made at a time or later."""
    if since is None:
        return list(sessions)
    start = since_time(since)
    times = ((parse_time(session.created_at), session) for session in sessions)
    return [session for time, session in times if time is not None and time >= start]


def with_words(
    sessions: Sequence[models.Session], text: str, summaries: SessionSummaries
) -> tuple[list[models.Session], str]:
    """Keep the sessions in which all words of a text stand; tells how far was looked.

    Their first message counts, their name, their id and the metadata that they were given. Only
    the newest are looked through.
    """
    from ...render import count_text

    asked = sessions[:LOOKED_THROUGH]
    found = [
        session
        for session, summary in zip(asked, summaries.of(asked), strict=True)
        if has_words(session, summary, text)
    ]
    unread = sum(summaries.known(session).words is None for session in asked)
    far = f"the newest {len(asked):,} of " if len(asked) < len(sessions) else ""
    note = f"looked through the first messages of {far}{count_text(len(sessions), 'session')}"
    note += f"; {unread:,} could not be read" if unread else ""
    later = ", not the later ones: session.view() finds in all of one" if sessions else ""
    return found, f"{note}{later}"


def has_words(session: models.Session, summary: SessionSummary, text: str) -> bool:
    """Whether all words of a text stand in what a session is known by."""
    metadata = given_metadata(session.metadata)
    told = (summary.words, session.name, session.id, *(f"{k}={v}" for k, v in metadata.items()))
    known = "\n".join(part for part in told if part).casefold()
    return all(word in known for word in text.casefold().split())


def _line(
    group: Sequence[Session], summary: SessionSummary, costs: Mapping[str, Decimal | None]
) -> SessionLine:
    from ...render import count_text
    from ...render.page.session_lines import SessionLine
    from ...render.plain.words import cost_text

    newest = group[0]
    run_id = run_id_in(newest.resource.metadata)
    size = f"run “{run_id}”, {count_text(len(group), 'session')}" if run_id else ""
    llms = dict.fromkeys(session.llm_id or "" for session in reversed(group))
    total = total_cost(costs.get(session.id) for session in group)
    return SessionLine(
        words=summary.words,
        about=size or " · ".join(filter(None, (newest.name, _origin(newest)))),
        id="" if run_id else newest.id,
        agent=newest.agent_name,
        llms=", ".join(llm for llm in llms if llm),
        state=CANCELLED if summary.is_cancelled and not run_id else _state(group),
        turns=summary.turns,
        created_at=newest.resource.created_at or "",
        cost=cost_text(total),
    )


def _origin(session: Session) -> str:
    """Say what a session is a fork of, if it is one."""
    return f"fork of {session.forked_from}" if session.forked_from else ""


def _first(group: Sequence[Session]) -> Session:
    """The session whose first message stands for a line: of a run one of its first task."""
    return min(group, key=lambda session: _place(session.resource.metadata))


def _place(metadata: Mapping[str, Any] | None) -> int:
    place = str((metadata or {}).get("task_index", "")).strip()
    return int(place) if place.isdecimal() and len(place) < _DIGITS else 0


def _state(group: Sequence[Session]) -> str:
    """The status of a session; of a run the one that says most."""
    states = [s.resource.last_message_status or s.resource.status or "" for s in group]
    order = ("running", "waiting_for_tool", "queued", "failed")
    return next((state for state in order if state in states), states[0])
